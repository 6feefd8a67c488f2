"""What all side-by-side runs share: how much of everything, cores, the time that is left, notes on what
could not be run, and corelane-bench, which does the measuring.
"""

import dataclasses
import json
import os
import subprocess
import sys
import time

from .servers import ROOT, Server, ServerError, check_program, command_line

MIXES = {"GET": "read=1", "SET": "update=1", "GET and SET": "read=50,update=50"}
# corelane-bench compare: B is worse in some figure, which is a finding like any other.
FOUND_WORSE = 3
RUN_TIMEOUT_S = 300


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


@dataclasses.dataclass
class Sizes:
    """How much of everything."""

    rounds: int = 12
    seconds: float = 0.5
    warmup_seconds: float = 0.1
    keys: int = 1_000_000
    memory_keys: int = 2_000_000
    growth_keys: int = 10_000_000
    key_bytes: int = 20
    value_bytes: int = 64
    connections: int = 50
    time_limit_s: int = 1180

    def cell_s(self):
        """About how long a cell takes: its runs, and starting and filling two servers."""
        runs = 2 * self.rounds * (self.seconds + self.warmup_seconds)
        return runs + 2 + 2 * self.keys / 500_000

    def growth_s(self):
        """The same for growing once."""
        return 1 + self.growth_keys / 150_000


@dataclasses.dataclass(frozen=True)
class Load:
    """One load of a comparison."""

    mix: str  # of MIXES
    pipeline: int

    @property
    def name(self):
        return f"{self.mix} pipeline {self.pipeline}"


class BenchError(Exception):
    """corelane-bench could not do its work; the message is for people."""


class Bench:
    """One for a run. `directory`: on a disk; servers and temporary files live below it."""

    def __init__(self, sizes, build_dir, directory):
        self.sizes = sizes
        self.build_dir = build_dir
        self.directory = directory
        cpus = sorted(os.sched_getaffinity(0))
        self.server_cpus = cpus[:1]
        self.two_cpus = cpus[:2]
        self.generator_cpu = cpus[-1]
        self.deadline = time.monotonic() + sizes.time_limit_s
        self.notes = []
        self.documents = []  # of comparisons, with the name of each
        self.count = 0
        if len(cpus) < 2:
            self.note("one core only: the server shares it with the generator")

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)
            say(text)

    def late(self, what, seconds):
        """Whether there is no time left for what takes so long; what is left out is noted."""
        if time.monotonic() + seconds < self.deadline:
            return False
        self.note(f"left out for want of time: {what}")
        return True

    def path(self, name):
        """A new one below the directory."""
        self.count += 1
        return os.path.join(self.directory, f"{name}-{self.count}")

    def start(self, contestant):
        """Its server, alone on its core. ServerError: it does not start."""
        return Server(contestant, self.path("server"), self.server_cpus)

    # ---- corelane-bench ----

    def corelane_bench(self, *words):
        """Runs it and returns the document it wrote. The words have paths from the root, so that
        documents, which keep them, say nothing of where this machine has it.
        """
        path = self.path("document")
        program = os.path.relpath(os.path.join(self.build_dir, "corelane-bench"), ROOT)
        argv = [program, *words, f"--json={os.path.relpath(path, ROOT)}"]
        try:
            done = subprocess.run(
                argv, cwd=ROOT, capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=False,
                env={**os.environ, "TMPDIR": self.directory})
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BenchError(f"{error} ({' '.join(argv)})") from error
        if done.returncode not in (0, FOUND_WORSE) or not os.path.exists(path):
            raise BenchError(f"{done.stderr.strip()[-400:]} ({' '.join(argv)})")
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        os.remove(path)
        return document

    def work_flags(self, keys):
        return [f"--cpus={self.generator_cpu}", f"--keys={keys}", "--seed=1",
                f"--key-bytes={self.sizes.key_bytes}", f"--value-bytes={self.sizes.value_bytes}"]

    def load_once(self, server, keys, *flags):
        """One run on a server that is there; its document."""
        return self.corelane_bench(
            "run", "--target", server.target, f"--server-pid={server.pid}", "--warmup=0",
            "--no-calibrate", *self.work_flags(keys), *flags)

    def fill(self, server, keys):
        """Stores all keys."""
        self.load_once(server, keys, "--prefill", "--operations=1", "--connections=4")

    def compare(self, load, a, b, server_cpus=None):
        """One cell: contestants `a` and `b` under a load, each started anew and filled. A summary of
        the document, or None with a note.
        """
        name = f"{load.name}, {b.label} against {a.label}"
        if self.late(name, self.sizes.cell_s()):
            return None
        say(name)
        try:
            try:
                return self._compare_once(name, load, a, b, server_cpus)
            except BenchError as error:
                # A machine that stands still for a moment is no reason to be without a cell.
                say(f"once again, after: {error}")
                return self._compare_once(name, load, a, b, server_cpus)
        except (BenchError, ServerError) as error:
            self.note(f"{name}: {error}")
            return None

    def _compare_once(self, name, load, a, b, server_cpus):
        for side in (a, b):
            check_program(side)
        if a.answers == "GET":
            return self._compare_unfilled(name, load, a, b)
        sides = self._side_words("a", a) + self._side_words("b", b)
        return self._compare(name, load, [a.target, b.target, *sides, "--prefill"], server_cpus)

    def _compare_unfilled(self, name, load, a, b):
        """A floor that knows GETs only cannot be filled, and there is no filling B alone: B is
        started and filled here.
        """
        server = self.start(b)
        try:
            self.fill(server, self.sizes.keys)
            return self._compare(
                name, load, [a.target, server.target, *self._side_words("a", a),
                             f"--pid-b={server.pid}", f"--label-b={b.label}"], None)
        finally:
            server.stop()

    def _side_words(self, letter, contestant):
        return [f"--start-{letter}={command_line(contestant)}",
                f"--label-{letter}={contestant.label}"]

    def _compare(self, name, load, words, server_cpus):
        cpus = ",".join(str(cpu) for cpu in server_cpus or self.server_cpus)
        sizes = self.sizes
        document = self.corelane_bench(
            "compare", *words, f"--server-cpus={cpus}", f"--rounds={sizes.rounds}",
            f"--duration={sizes.seconds * 1000:.0f}ms",
            f"--warmup={sizes.warmup_seconds * 1000:.0f}ms", "--calibrate",
            f"--connections={sizes.connections}", f"--pipeline={load.pipeline}",
            "--figures=server-cpu,throughput,p99,p99.9",
            f"--mix={MIXES[load.mix]}", *self.work_flags(sizes.keys))
        self.documents.append((name, document))
        return summary(load, document)


def summary(load, document):
    """A cell as the results keep it: without the histograms of its runs."""
    runs = {}
    for one in document["rounds"]:
        for side in ("a", "b"):
            verdict = one[side]["verdict"]["is"]
            runs[verdict] = runs.get(verdict, 0) + 1
    return {"load": load.name, "a": document["a"]["label"], "b": document["b"]["label"],
            "figures": document["figures"], "verdict": document["verdict"], "runs": runs}
