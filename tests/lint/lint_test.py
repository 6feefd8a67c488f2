"""Each rule of tools/lint.py and the main checks of .clang-tidy, shown a source that breaks it and
one that does not."""

import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]

import lint
import lint_clang
import lint_tables
import tap


def problems(rule, path, text):
    return [problem for _, problem in lint.RULES[rule](lint.Source(path, text))]


class LintCase(unittest.TestCase):
    def bad(self, rule, path, text):
        self.assertTrue(problems(rule, path, text), f"{rule} let {text!r} in {path} pass")

    def good(self, rule, path, text):
        self.assertEqual(problems(rule, path, text), [])


class Layers(LintCase):
    def test_upward_include(self):
        self.bad("layers", "src/kv/value.cc", '#include "storage/engine.h"\n')

    def test_siblings(self):
        self.bad("layers", "src/proto/codec.cc", '#include "storage/engine.h"\n')
        self.bad("layers", "src/storage/engine.cc", '#include "proto/codec.h"\n')

    def test_system_style_include_is_no_way_round(self):
        self.bad("layers", "src/kv/value.cc", "#include <storage/engine.h>\n")

    def test_transitive_include(self):
        self.good("layers", "src/server/server.cc", '#include "base/bytes.h"\n')

    def test_tests_may_include_all(self):
        self.good("layers", "tests/wal/reader_test.cc", '#include "server/server.h"\n')

    def test_commented_include(self):
        self.good("layers", "src/kv/value.cc", '// #include "storage/engine.h"\n')

    def test_unknown_folder(self):
        self.bad("layers", "src/misc/thing.cc", "\n")

    def test_public_headers(self):
        self.good("layers", "src/kv/value.cc", "#include <corelane/status.h>\n")
        self.bad("layers", "src/kv/value.cc", "#include <corelane/client.h>\n")
        self.good("layers", "src/client/client.cc", "#include <corelane/client.h>\n")

    def test_public_header_includes_the_inside(self):
        self.bad("layers", "include/corelane/store.h", '#include "storage/engine.h"\n')

    def test_meson_dependency(self):
        text = "x = static_library('p', dependencies: [kv_dep, storage_dep])\n"
        self.bad("meson-layers", "src/proto/meson.build", text)
        self.good("meson-layers", "src/shard/meson.build", text)

    def test_header_homes(self):
        self.bad("header-homes", "src/wal/writer.cc", "#include <liburing.h>\n")
        self.good("header-homes", "src/io/uring_reactor.cc", "#include <liburing.h>\n")
        self.bad("header-homes", "src/kv/value.cc", "#include <format>\n")
        self.bad("header-homes", "src/kv/value.cc", '#include "absl/log/log.h"\n')

    def test_table_has_no_cycle_and_no_sibling(self):
        for folder, row in lint_tables.LAYERS.items():
            for lower in row:
                self.assertNotIn(folder, lint.reach(lower))
        self.assertNotIn("proto", lint.reach("storage"))
        self.assertNotIn("storage", lint.reach("proto"))


# For each rule of BANNED: a line that breaks it, and one that only looks as if.
BANNED_EXAMPLES = {
    "strcpy": ("std::strcpy(to, from);", "my_strcpy(to);"),
    "sprintf": ('sprintf(out, "%d", 1);', 'Say("sprintf(out)");'),
    "atoi": ("int n = atoi(text);", "int n = reader.atoi(text);"),
    "rand": ("int n = rand() % 6;", "Random random(7);"),
    "random-device": ("std::random_device device;", "int random_device = 1;"),
    "clock": ("auto t = std::chrono::steady_clock::now();", "auto t = clock.MonotonicNanos();"),
    "file": ("int fd = ::open(path, O_RDONLY);", "bool is_open = file.open();"),
    "filesystem": ("std::filesystem::remove(path);", "file_system.Remove(path);"),
    "sleep": ("std::this_thread::sleep_for(1ms);", "bool sleep_flag = true;"),
    "new": ("auto* thing = new Thing();", "auto* thing = ::new (place) Thing();"),
    "delete": ("delete thing;", "Thing(const Thing&) = delete;"),
    "malloc": ("void* p = malloc(10);", "pool.malloc(10);"),
    "exit": ("exit(1);", "OnExit(1);"),
    "std-function": ("std::function<void()> done;", "std::functional done;"),
    "absl-view": ("absl::string_view text;", "std::string_view text;"),
    "friend": ("friend class Server;", "friend class ServerTest;"),
    "locks": ("std::atomic<int> count;", "int atomic_count;"),
}


class Banned(LintCase):
    def test_every_rule_has_an_example(self):
        self.assertEqual({row[0] for row in lint_tables.BANNED}, set(BANNED_EXAMPLES))

    def test_examples(self):
        for rule, (bad, good) in BANNED_EXAMPLES.items():
            with self.subTest(rule=rule):
                found = problems("banned", "src/io/thing.cc", f"{bad}\n")
                self.assertTrue(any(f"[{rule}]" in problem for problem in found), bad)
                self.good("banned", "src/io/thing.cc", f"{good}\n")

    def test_allowed_files(self):
        self.good("banned", "src/env/clock.cc", "clock_gettime(CLOCK_MONOTONIC, &now);\n")
        self.good("banned", "src/base/spsc_queue.h", "std::atomic<size_t> head_;\n")

    def test_new_for_a_private_constructor(self):
        self.good("banned", "src/io/a.cc", "std::unique_ptr<Ring> ring(new Ring(1));\n")
        self.good("banned", "src/io/a.cc", "return std::unique_ptr<Ring>(new Ring(1));\n")
        self.bad("banned", "src/io/a.cc", "std::unique_ptr<Ring> ring(Take(new Ring(1)));\n")

    def test_no_sleep_in_tests(self):
        self.bad("banned", "tests/io/loop_test.cc", "usleep(1000);\n")

    def test_comments_and_strings_do_not_count(self):
        self.good("banned", "src/io/a.cc", '// rand()\n/* new\n delete x; */ f("rand()", \'"\');\n')
        self.good("banned", "src/io/a.cc", 'auto text = R"(rand() " new Thing)";\n')

    def test_code_after_a_string_counts(self):
        self.bad("banned", "src/io/a.cc", 'f("\\"", 1\'000); rand();\n')

    def test_allow_needs_its_own_rule_and_a_reason(self):
        call = "auto* t = new T();"
        self.good("banned", "src/io/a.cc", f"{call}  // lint:allow(new) freed by the kernel\n")
        self.good("banned", "src/io/a.cc", f"// lint:allow(new) freed by the kernel\n{call}\n")
        self.bad("banned", "src/io/a.cc", f"{call}  // lint:allow(new)\n")
        self.bad("banned", "src/io/a.cc", f"{call}  // lint:allow(delete) wrong rule\n")


class Text(LintCase):
    def test_preprocessor(self):
        self.bad("preprocessor", "src/io/a.cc", "#ifdef __linux__\n#endif\n")
        self.bad("preprocessor", "src/io/a.cc", "#define TWICE(x) ((x) * 2)\n")
        self.good("preprocessor", "src/base/check.h", "#define CHECK(x) x\n")

    def test_headers(self):
        self.bad("headers", "src/io/a.h", "// A thing.\nint a;\n")
        self.bad("headers", "src/io/a.h", "#pragma once\n\n#include <vector>\n")
        self.good("headers", "src/io/a.h", "#pragma once\n\n// A thing.\n#include <vector>\n")

    def test_lengths(self):
        self.bad("lengths", "src/io/a.cc", "\n" * 601)
        self.good("lengths", "src/io/a.cc", "\n" * 600)
        self.bad("lengths", "src/io/a.cc", "x" * 101 + "\n")
        self.good("lengths", "src/io/a.cc", "x" * 100 + "\n")

    def test_leftovers(self):
        self.bad("leftovers", "src/io/a.cc", "// TO" + "DO: finish\n")
        self.bad("leftovers", "tools/x.py", "# FIX" + "ME\n")
        self.bad("leftovers", "README.md", "see /ho" + "me/somebody/notes\n")
        self.bad("leftovers", "src/io/a.cc", "int a; \n")
        self.bad("leftovers", "src/io/a.cc", "int a;")
        self.good("leftovers", "src/io/a.cc", "int a;\n")


class WholeRun(unittest.TestCase):
    def run_lint(self, root, *options):
        return subprocess.run([sys.executable, ROOT / "tools/lint.py", "--root", root, *options],
                              capture_output=True, text=True, check=False)

    def test_a_bad_file_fails_the_run(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "src" / "io" / "a.cc"
            path.parent.mkdir(parents=True)
            path.write_text("int a;\n", encoding="utf-8")
            self.assertEqual(self.run_lint(folder).returncode, 0)
            path.write_text("int a;\nint b = rand();\n", encoding="utf-8")
            done = self.run_lint(folder)
            self.assertEqual(done.returncode, 1)
            self.assertIn("src/io/a.cc:2: banned: [rand]", done.stdout)
            self.assertIn("not ok", self.run_lint(folder, "--tap").stdout)

    def test_nothing_to_check_is_a_failure(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertNotEqual(self.run_lint(folder).returncode, 0)


LONG_BODY = "  count += count;\n" * 71

# For each check that the house rules lean on: a source that clang-tidy must object to.
TIDY_EXAMPLES = {
    "readability-function-size": f"int F(int count) {{\n{LONG_BODY}  return count;\n}}\n",
    "readability-identifier-naming": "int badName(int a) { int BadLocal = a; return BadLocal; }\n",
    "cppcoreguidelines-avoid-non-const-global-variables": "int counter = 0;\n",
    "google-explicit-constructor": "struct S { S(int a) : b(a) {} int b; };\n",
    "bugprone-use-after-move":
        "#include <string>\n#include <utility>\n"
        "size_t F(std::string a) { const std::string b = std::move(a); return a.size(); }\n",
}
SIX_PARAMETERS = "int F(int a, int b, int c, int d, int e, int f) { return a+b+c+d+e+f; }\n"


class Tidy(unittest.TestCase):
    def tidy(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.cc"
            path.write_text(text, encoding="utf-8")
            return subprocess.run(
                [lint_clang.find_tool("clang-tidy"), "--quiet",
                 f"--config-file={ROOT / '.clang-tidy'}", path, "--", "-std=c++20"],
                capture_output=True, text=True, check=False)

    def test_examples(self):
        for check, text in TIDY_EXAMPLES.items():
            with self.subTest(check=check):
                done = self.tidy(text)
                self.assertIn(check, done.stdout)
                self.assertNotEqual(done.returncode, 0)

    def test_six_parameters(self):
        self.assertIn("readability-function-size", self.tidy(SIX_PARAMETERS).stdout)

    def test_clean_source(self):
        done = self.tidy("int Twice(int number) { return 2 * number; }\n")
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_what_clang_14_does_not_know_is_let_pass_and_nothing_else(self):
        unknown = ("a.cc:1:2: error: reference to local binding 'near' declared in enclosing "
                   "function 'F' [clang-diagnostic-error]\n  near;\n  ^\n"
                   "a.cc:1:1: note: 'near' declared here\n")
        real = "a.cc:3:4: error: C-style casts [cppcoreguidelines-pro-type-cstyle-cast]\n  (int)\n"
        self.assertEqual(lint_clang.without_tolerated(unknown), ("", True))
        self.assertEqual(lint_clang.without_tolerated(unknown + real + unknown), (real, True))
        self.assertEqual(lint_clang.without_tolerated(real), (real, False))

    def test_key_sees_an_included_header_change(self):
        keys = set()
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder).resolve()
            (root / ".clang-tidy").write_text("", encoding="utf-8")
            (root / "a.cc").write_text('#include "b.h"\n', encoding="utf-8")
            (root / "b.h").write_text('#include "c.h"\n', encoding="utf-8")
            with mock.patch.object(lint_clang, "ROOT", root):
                for text in ("int a;\n", "int b;\n", "int b;\n"):
                    (root / "c.h").write_text(text, encoding="utf-8")
                    includes = lint_clang.HouseIncludes()
                    keys.add(lint_clang.cache_key(["x"], root / "a.cc", includes, "14"))
        self.assertEqual(len(keys), 2)


class Format(unittest.TestCase):
    def test_unformatted_source(self):
        done = subprocess.run(
            [lint_clang.find_tool("clang-format"), "--style=file", "--dry-run", "-Werror",
             f"--assume-filename={ROOT / 'src/a.cc'}"],
            input="int   a;\n", capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)


if __name__ == "__main__":
    tap.main()
