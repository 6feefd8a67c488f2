"""What tools/lint.py holds the sources to: the layers, the limits, and where the exceptions are.
Data only.

To allow something in one more place, add the path (or a pattern with *) to the row, with the reason
beside it. To allow a single line, end it, or the line before, with `// lint:allow(RULE) why`.
"""

# What each folder of src/ may include, beside itself, the standard library and abseil. A folder may
# also include whatever the folders in its row may. Siblings never meet: proto and storage share kv
# and nothing else.
LAYERS = {
    "base": [],
    "env": ["base"],
    "kv": ["base"],
    "io": ["env"],
    "proto": ["kv"],
    "storage": ["kv"],
    "wal": ["env", "io", "kv"],  # kv: a frame carries a typed value
    "shard": ["storage", "wal"],
    "server": ["shard", "proto"],
    "client": ["proto"],
    "loadgen": ["client", "proto", "io"],
}

# Top-level folders that may include any folder of src/.
ABOVE_ALL_LAYERS = ["tools", "bench", "tests"]

# Public headers that any folder may include, and those that are for the folder that implements them
# and for what is above it.
PUBLIC_HEADERS_FOR_ALL = ["status.h", "limits.h"]
PUBLIC_HEADERS = {
    "client.h": ["client"],
    "pipeline.h": ["client"],
    "pool.h": ["client"],
    "store.h": ["shard"],
    "value.h": ["kv", "client", "shard"],
}

# System and library headers that belong to one place: {pattern of the header: where it may be
# included}.
HEADERS_WITH_A_HOME = {
    "lz4*": ["src/wal/*"],  # blocks of checkpoints
    "liburing*": ["src/io/*", "bench/*"],
    "rocksdb/*": ["src/storage/rocksdb*", "tests/storage/rocksdb*"],
    "gtest/*": ["tests/*"],
    "gmock/*": ["tests/*"],
    "benchmark/*": ["bench/*"],
    "histedit.h": ["tools/*"],
    "editline/*": ["tools/*"],
    "absl/log/*": [],  # Debian's abseil does not have it
    "absl/crc/*": [],  # nor this
    "format": [],  # GCC 12 does not have it
    "expected": [],  # nor this in C++20
    "iostream": ["tools/*", "bench/*", "tests/*"],  # static constructors; base/log.h instead
}

FILE_LINES_MAX = 600
LINE_COLUMNS_MAX = 100

# Files that the build picks, and that may therefore use #if.
PREPROCESSOR_FILES = []

# The macros of the house, and the only files that define any.
MACRO_FILES = [
    "src/base/check.h",
    "src/base/hash.h",  # xxhash wants to be told to be inline
    "src/base/status_macros.h",
]

# The only files with locks, atomics and memory orders; whoever uses these types elsewhere shares
# what should have an owner.
LOCK_FILES = [
    "src/base/spsc_queue.h",  # the queue between two lanes
    "src/env/clock.h",  # the driven clock of tests, read by lanes while the test moves it
    "src/io/loop.h",  # the stop flag of a loop
    "src/io/loop.cc",
    "src/io/*wake*",  # ringing a sleeping loop
    "src/io/uring_ring.cc",  # the flags of the ring, which the kernel writes
    "src/shard/transaction_clock.h",  # numbers what touches several lanes; read and drawn by all
    "src/storage/*lock*",  # the stripe lock
    "src/storage/directory.*",  # the pointers that readers of the embedded store follow to it
    "src/wal/*helper*",  # handing file work to the helper thread and back
    "src/wal/checkpoint_writer.*",  # handing blocks to the thread that writes them, and back
    "src/wal/doorbell.*",
    "src/wal/lane_log*",
    "src/wal/log_segment.*",
    "src/client/pool*",  # a pool is used from many threads
    "src/client/*_pool*",
    "src/shard/*mailbox*",  # the sleeping flag
    "src/shard/lane_signal.*",
    "src/shard/store_*",  # the embedded store, used from many threads at once
    "src/server/*control*",  # the control thread's hand-overs
    "src/server/lane.*",  # what the control thread may know of a lane while it runs
    "src/server/*stop*",  # the stop flag
]

# Calls that have a better replacement: (rule, pattern, what to use instead, where it is allowed all
# the same). The patterns see the code without comments and without the contents of strings.
_CALL = r"(?:(?<![\w.>:])|(?<=std::)|(?<![\w>])::)"  # a free function, not somebody's member

BANNED = [
    ("strcpy", _CALL + r"(?:strcpy|strcat|strncpy|strncat|stpcpy)\s*\(",
     "use std::string_view and memcpy with a checked length", []),
    ("sprintf", _CALL + r"v?sprintf\s*\(", "use absl::StrFormat or std::to_chars", []),
    ("atoi", _CALL + r"(?:ato[ifl]|atoll)\s*\(", "use std::from_chars", ["bench/*"]),
    # Not random(): that is what a generator of the house is called.
    ("rand",
     _CALL + r"(?:(?:rand|drand48)\s*\(\s*\)|(?:srand|srandom|rand_r)\s*\()",
     "use the seeded generator of base/, so that a run can be repeated",
     []),
    ("random-device", r"\bstd::random_device\b",
     "take the seed as an argument; mains and tests draw it, and say which it was",
     ["src/env/*", "tools/*", "bench/*", "tests/*"]),
    ("clock",
     r"\b(?:gettimeofday|clock_gettime|timespec_get|__rdtsc|_rdtsc)\b"
     r"|\b\w+_clock::now\b|" + _CALL + r"time\s*\(\s*(?:nullptr|NULL|0|&)",
     "take the time from env::Clock, so that tests can drive it",
     ["src/env/*",
      "src/base/log.cc",  # below env; stamps its lines
      "src/client/*",  # lives in other people's programs, which have no Clock of ours
      "include/corelane/client.h",
      "tools/*", "bench/*", "tests/*"]),
    ("file",
     _CALL + r"(?:open|openat|openat2|creat|fopen|freopen|opendir|mkstemp|rename|unlink|fsync"
     r"|fdatasync)\s*\(\s*[^)\s]|\bstd::[io]?fstream\b",
     "go through env::FileSystem, so that tests can put a faulty disk behind it",
     ["src/env/*", "tools/*", "bench/*", "tests/*"]),
    ("filesystem", r"\bstd::filesystem\b", "go through env::FileSystem",
     ["src/env/*", "tools/*", "bench/*", "tests/*"]),
    ("sleep",
     _CALL + r"(?:sleep|usleep|nanosleep|clock_nanosleep)\s*\(|\bsleep_(?:for|until)\b",
     "wait for the event itself: a sleep is either too short or too long",
     ["src/env/*"]),
    # A unique_ptr that takes the new object in the same breath is how a class with a private
    # constructor is made.
    ("new", r"^(?!.*\bunique_ptr<.*>\s*\w*\(\s*new\b).*?(?<!operator )\bnew\s+(?!\()[\w:]",
     "use std::make_unique; placement new is fine", []),
    ("delete", r"(?<!operator )(?<!= )(?<!=)\bdelete\b\s*(?:\[\s*\])?\s*[\w(*:]",
     "let a smart pointer own it", []),
    ("malloc", _CALL + r"(?:malloc|calloc|realloc|strdup|strndup)\s*\(",
     "use std::make_unique, a container, or operator new for packed entries",
     ["src/storage/entry.*",  # the allocator's own size classes are part of the accounting
      "bench/*", "tests/*"]),
    ("exit", _CALL + r"(?:exit|_exit|quick_exit|abort)\s*\(",
     "return a Status to main; CHECK for bugs",
     ["src/base/check.cc",
      "src/server/server.cc",  # a second signal ends at once
      "tools/*", "bench/*", "tests/*"]),
    ("std-function", r"\bstd::function\b",
     "completions are intrusive objects that the caller owns", None),
    ("absl-view", r"\babsl::string_view\b",
     "use std::string_view, and base::ToAbsl() where abseil wants its own",
     ["src/base/absl_view.h"]),
    ("friend", r"^\s*friend\b(?!.*(?:Test|Peer|operator|AbslHashValue))",
     "give the class an interface; only tests may be friends",
     ["src/base/intrusive_list.h"]),  # link and list are one structure in two classes
    ("locks",
     r"\bstd::(?:atomic\w*|memory_order\w*|\w*mutex|condition_variable\w*|lock_guard|unique_lock"
     r"|scoped_lock|shared_lock|call_once|once_flag|counting_semaphore|binary_semaphore|latch"
     r"|barrier)\b|\babsl::(?:Mutex\w*|CondVar|Notification|BlockingCounter)\b"
     r"|\b__(?:atomic|sync)_\w+|\bpthread_(?:mutex|cond|spin|rwlock)_\w+|\bvolatile\b"
     r"|\bthread_local\b",
     "give the data one owner and send messages; if it truly is a new hand-off, add the file to "
     "LOCK_FILES with the reason",
     LOCK_FILES + ["tools/*", "bench/*", "tests/*"]),
]

# Banned only in these folders; everywhere else the call is allowed.
BANNED_ONLY_IN = {
    "std-function": ["src/io/*"],
}

# Words that must not be left behind, put together here so that this file may be checked as well.
UNFINISHED_WORDS = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]

# Paths of one developer's machine.
MACHINE_PATHS = ["/wo" + "rk/", "/ho" + "me/"]

# What is checked, and what is not.
CHECKED_FOLDERS = ["include", "src", "tools", "tests", "bench", ".ci"]
CHECKED_SUFFIXES = [".h", ".cc", ".py", ".sh", ".build", ".txt", ".md"]
UNCHECKED = ["tests/*/corpus/*", "bench/results/*"]
