#!/usr/bin/env python3
"""The experiments of corelane-bench: sweep, find-max, compare, repeat, on servers that they start
themselves. Where a verdict is expected, the difference is so big that no noise hides it. Prints TAP.

usage: experiments_test.py CORELANE_BENCH
"""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE)]
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import tap  # noqa: E402

TIMEOUT_S = 100
TARGET = "resp://127.0.0.1:{port}"
SMALL = ["--connections=2", "--warmup=20ms", "--keys=100", "--timeout=1s"]
# So many operations and not so much time: a busy machine takes longer and finds the same.
COUNTED = SMALL + ["--operations=20"]
TIMED = SMALL + ["--duration=150ms"]
SLOW_MS = 20
BURN_MS = 1


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Experiments(unittest.TestCase):
    """Each case with a directory of its own, and with temporary files below it."""

    program = None

    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="corelane-experiments-")
        self.addCleanup(holder.cleanup)
        self.directory = holder.name
        self.temporary = os.path.join(holder.name, "tmp")
        os.mkdir(self.temporary)
        self.diary_path = os.path.join(holder.name, "diary")

    def server(self, *flags):
        """The command that starts a scripted server."""
        words = [sys.executable, os.path.join(HERE, "scripted_server.py")]
        return f"{shlex.join(words)} {{port}} {shlex.quote(self.diary_path)} {shlex.join(flags)} --note={{dir}}"

    def start(self, *flags):
        return subprocess.Popen(  # pylint: disable=consider-using-with
            [self.program, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "TMPDIR": self.temporary})

    def bench(self, *flags):
        """Runs it to its end: exit code, output, errors, and the document it wrote, if it did."""
        path = os.path.join(self.directory, "out.json")
        with self.start(*flags, f"--json={path}") as process:
            out, err = process.communicate(timeout=TIMEOUT_S)
        document = None
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                document = json.load(file)
        self.nothing_is_left()
        return process.returncode, out, err, document

    def diary(self):
        """Of each server that was started: process, cores, directory."""
        with open(self.diary_path, encoding="utf-8") as file:
            return [(int(pid), cores, note) for pid, cores, note in (line.split() for line in file)]

    def nothing_is_left(self):
        self.assertEqual(os.listdir(self.temporary), [])
        if os.path.exists(self.diary_path):
            self.assertEqual([pid for pid, _, _ in self.diary() if alive(pid)], [])

    def fifo(self):
        """Words to put into a command: each opens it, and whoever does waits for the other."""
        path = os.path.join(self.directory, "fifo")
        os.mkfifo(path)
        return path

    def repeat(self, command, *flags):
        return self.bench("repeat", "--rounds=2", "--target", TARGET, "--start", command, *COUNTED,
                          *flags)

    def compare(self, a_flags, b_flags, *flags):
        return self.bench("compare", TARGET, TARGET, "--start-a", self.server(*a_flags), "--start-b",
                          self.server(*b_flags), *COUNTED, *flags)

    # ---- compare ----

    def test_compare_finds_the_slower_one(self):
        code, out, err, document = self.compare([], [f"--delay-ms={SLOW_MS}"], "--rounds=8",
                                              "--figures=throughput,mean")
        self.assertEqual(code, 3, err)
        self.assertIn("slower: B is worse in throughput", out)
        self.assertEqual(document["format"], "corelane-bench compare 1")
        self.assertEqual(document["verdict"]["is"], "slower")
        self.assertEqual([r["order"] for r in document["rounds"]], ["AB", "BA"] * 4)
        figures = {figure["name"]: figure for figure in document["figures"]}
        throughput = figures["throughput"]
        self.assertLess(throughput["high"], 1)
        self.assertLess(throughput["b_median"], 1.2 * 1000 / SLOW_MS)
        self.assertGreater(figures["mean"]["low"], 1)
        self.assertEqual(len(self.diary()), 2)

    def test_compare_finds_the_faster_one(self):
        code, out, err, document = self.compare([f"--delay-ms={SLOW_MS}"], [], "--rounds=8",
                                              "--figures=mean,throughput", "--label-b=the new one")
        self.assertEqual(code, 0, err)
        self.assertIn("faster: B is better in mean", out)
        self.assertIn("B: the new one", out)
        self.assertEqual([f["name"] for f in document["figures"]], ["mean", "throughput"])

    def test_compare_says_what_it_looks_at_by_default(self):
        code, out, err, document = self.compare([f"--burn-ms={BURN_MS}"], [f"--burn-ms={BURN_MS}"],
                                                "--rounds=8")
        self.assertIn(code, (0, 3), err)
        self.assertEqual([f["name"] for f in document["figures"]], ["server-cpu", "throughput"])
        self.assertIn("p99 is not compared", out)  # which 20 answers do not carry

    def test_compare_restarts_its_servers(self):
        code, _, err, _ = self.compare([], [], "--rounds=2", "--restart", "--prefill",
                                       "--figures=throughput", "--confidence=0.5")
        self.assertIn(code, (0, 3), err)
        diary = self.diary()
        self.assertEqual(len({pid for pid, _, _ in diary}), 4)
        self.assertEqual(len({directory for _, _, directory in diary}), 4)

    def test_compare_says_when_runs_fail(self):
        code, _, err, document = self.compare([], ["--error"], "--rounds=8")
        self.assertEqual(code, 1)
        self.assertIn("no comparison: 8 of 16 runs were FAILING", err)
        self.assertEqual(document["verdict"]["is"], "not comparable")
        self.assertEqual(document["rounds"][0]["b"]["verdict"]["is"], "FAILING")

    def test_compare_says_who_stood_still(self):
        # In the third of its runs, of 20 commands each.
        command = self.server("--stall-at=50", "--stall-ms=800")
        code, out, _, document = self.bench(
            "compare", TARGET, TARGET, "--start-a", self.server(), "--start-b", command,
            "--connections=2", "--warmup=0", "--keys=100", "--timeout=500ms", "--operations=20",
            "--rounds=8")
        self.assertEqual(code, 1)
        self.assertIn("not comparable: Left out of 8 rounds, since answers did not come in time: "
                      "1 in which B stood still, 0 in which A did.", out)
        self.assertEqual([r.get("left_out", False) for r in document["rounds"]],
                         [i == 2 for i in range(8)])

    def test_compare_can_be_stopped(self):
        path = os.path.join(self.directory, "stopped.json")
        with self.start("compare", TARGET, TARGET, "--start-a", self.server(), "--start-b",
                        self.server(), *COUNTED, "--rounds=1000", f"--json={path}") as process:
            for line in process.stderr:
                if line.startswith("round 2 of 1000, A"):
                    break
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 1)
        self.assertIn("stopped before the end", err)
        with open(path, encoding="utf-8") as file:
            rounds = json.load(file)["rounds"]
        self.assertGreaterEqual(len(rounds), 1)
        self.assertIn(f"{len(rounds)} rounds, intervals of 95 %", out)
        self.nothing_is_left()

    def test_a_server_that_dies_takes_nothing_along(self):
        code, out, err, document = self.compare([], ["--commands=300"], "--rounds=1000")
        self.assertEqual(code, 1)
        self.assertTrue(document["rounds"])
        self.assertLess(len(document["rounds"]), 1000)
        self.assertIn("median of A", out)

    def test_a_file_that_cannot_be_written_is_said_before(self):
        with self.start("repeat", "--target", TARGET, "--start", self.server(), *COUNTED,
                        "--json=/nowhere/at/all.json") as process:
            _, err = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 2)
        self.assertIn("cannot write /nowhere/at/all.json", err)
        self.assertFalse(os.path.exists(self.diary_path))

    def test_wrong_answers_are_an_error_of_the_experiment(self):
        # It says OK to every write and then knows no key.
        code, _, err, document = self.bench(
            "repeat", "--rounds=2", "--target", TARGET, "--start", self.server(), "--verify",
            "--mix=read=1,update=1", *COUNTED)
        self.assertEqual(code, 1)
        self.assertIn("--verify: the server's answers are wrong", err)
        self.assertEqual(document["rounds"][0]["verdict"]["is"], "FAILING")

    # ---- sweep ----

    def test_sweep_measures_all_rates_in_a_shuffled_order(self):
        page = os.path.join(self.directory, "page.html")
        code, out, err, document = self.bench(
            "sweep", "--rates=500-2k:5", "--target", TARGET, "--start", self.server(), "--seed=1",
            f"--html={page}", *TIMED)
        self.assertEqual(code, 0, err)
        points = document["points"]
        self.assertEqual([point["rate"] for point in points], [500, 707, 1000, 1414, 2000])
        orders = [point["order"] for point in points]
        self.assertEqual(sorted(orders), [1, 2, 3, 4, 5])
        self.assertNotEqual(orders, [1, 2, 3, 4, 5])
        self.assertEqual(points[0]["run"]["load"]["loop"], "open")
        self.assertEqual(len(self.diary()), 1)
        self.assertIn("500/s asked", out)
        self.assertIn("--rates=500-2k:5", document["command"])
        self.assertIn("kernel", document["environment"])
        with open(page, encoding="utf-8") as file:
            self.assertIn("corelane-bench sweep 1", file.read())

    def test_sweep_takes_high_rates(self):
        code, _, err, document = self.bench(
            "sweep", "--rates=1234567,2m", "--target", TARGET, "--start", self.server(), *SMALL,
            "--operations=50")
        self.assertEqual(code, 0, err)
        self.assertEqual([point["rate"] for point in document["points"]], [1234567, 2000000])

    # ---- find-max ----

    def find_max(self, goal):
        return self.bench("find-max", f"--slo={goal}", "--from=500", "--to=1k", "--target", TARGET,
                          "--start", self.server(), *TIMED)

    def test_find_max_finds_what_holds(self):
        # On a machine that stands still for a while no rate may do, which is not p50's fault.
        code, out, _, document = self.find_max("p50<10s")
        if code == 0:
            self.assertIn("p50<10s holds up to", out)
            self.assertLessEqual(document["found_per_second"], 1000)
        else:
            self.assertFalse(any("not below" in step["because"] for step in document["steps"]))
        self.assertEqual(document["steps"][0]["rate"], 500)

    def test_find_max_says_when_nothing_holds(self):
        code, out, err, document = self.find_max("p50<1us")
        self.assertEqual(code, 1)
        self.assertIn("No rate was found at which p50<1us holds", out)
        self.assertIn("no rate keeps to the goal", err)
        self.assertIsNone(document["found_per_second"])
        self.assertFalse(any(step["holds"] for step in document["steps"]))

    # ---- repeat ----

    def test_repeat_starts_the_server_anew(self):
        core = min(os.sched_getaffinity(0))
        code, out, err, document = self.bench(
            "repeat", "--rounds=3", "--target", TARGET, "--start", self.server(),
            f"--server-cpus={core}", *TIMED)
        self.assertEqual(code, 0, err)
        self.assertEqual(len(document["rounds"]), 3)
        self.assertIn("throughput", out)
        self.assertIn("server-cpu", [figure["name"] for figure in document["figures"]])
        for figure in document["figures"]:
            self.assertLessEqual(figure["least"], figure["median"])
            self.assertLessEqual(figure["median"], figure["most"])
        diary = self.diary()
        self.assertEqual(len({pid for pid, _, _ in diary}), 3)
        self.assertEqual({cores for _, cores, _ in diary}, {str(core)})

    # ---- Servers that are started ----

    def test_what_is_measured_is_the_server_and_not_a_shell(self):
        server = self.server(f"--burn-ms={BURN_MS}")
        for command in [server, f"FOO=1 {server}", f"cd {{dir}} && {server}", f"{server} | cat",
                        f"true; timeout 999 {server}; true"]:
            with self.subTest(command=command):
                code, _, err, document = self.repeat(command)
                self.assertEqual(code, 0, err)
                figures = {figure["name"]: figure for figure in document["figures"]}
                # Not all of the counted commands need lie between the two moments when it is read.
                self.assertGreater(figures["server-cpu"]["median"], BURN_MS * 1000 / 5)
                for run in document["rounds"]:
                    self.assertGreaterEqual(run["server"]["user_s"], 0)
                    self.assertGreaterEqual(run["server"]["system_s"], 0)

    def test_the_directory_is_empty(self):
        code, _, err, _ = self.repeat(f'test -z "$(ls -A {{dir}})" && {self.server()}')
        self.assertEqual(code, 0, err)

    def test_a_server_that_goes_to_the_background_is_refused_and_ended(self):
        fifo = shlex.quote(self.fifo())
        daemon = f"echo $$ 0 daemon >>{shlex.quote(self.diary_path)}; echo >{fifo}; exec sleep 100"
        code, _, err, _ = self.repeat(f"setsid sh -c {shlex.quote(daemon)} & "
                                      f": {{port}}; read word <{fifo}")
        self.assertEqual(code, 1)
        self.assertIn("the server ended (it must stay in the foreground)", err)
        self.assertEqual(len(self.diary()), 1)

    def test_a_server_that_will_not_go_is_killed_by_a_second_stop(self):
        with self.start("compare", TARGET, TARGET, "--start-a", f"trap '' TERM; {self.server()} | cat",
                        "--start-b", self.server(), *COUNTED, "--rounds=1000") as process:
            for line in process.stderr:
                if line.startswith("round 2 of 1000, A"):
                    break
            # Two that come at the same time are one.
            while process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(timeout=0.1)
                except subprocess.TimeoutExpired:
                    pass
            process.communicate(timeout=TIMEOUT_S)
        self.nothing_is_left()

    def test_a_stop_while_the_server_starts(self):
        fifo = self.fifo()
        with self.start("repeat", "--target", TARGET, "--start",
                        f": {{port}}; echo >{shlex.quote(fifo)}; sleep 100", *COUNTED) as process:
            with open(fifo, encoding="utf-8") as file:
                file.read()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=TIMEOUT_S / 5)
        self.assertEqual(process.returncode, 1)
        self.assertIn("stopped while the server was starting", err)
        self.nothing_is_left()

    def test_a_hang_up_is_a_stop(self):
        with self.start("repeat", "--target", TARGET, "--start", self.server(), *COUNTED,
                        "--rounds=1000") as process:
            for line in process.stderr:
                if line.startswith("2 of 1000"):
                    break
            process.send_signal(signal.SIGHUP)
            process.communicate(timeout=TIMEOUT_S)
        self.assertGreaterEqual(process.returncode, 0)
        self.nothing_is_left()

    def test_it_clears_away_when_nobody_reads_what_it_says(self):
        with self.start("repeat", "--target", TARGET, "--start", self.server(), *COUNTED,
                        "--rounds=2") as process:
            process.stderr.close()
            process.stdout.close()
            self.assertGreaterEqual(process.wait(timeout=TIMEOUT_S), 0)
        self.nothing_is_left()

    # ---- What goes wrong ----

    def test_a_server_that_is_there_already_is_not_measured_instead(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            code, _, err, document = self.bench(
                "repeat", "--target", f"resp://127.0.0.1:{port}", "--start", "sleep 100", *COUNTED)
        self.assertEqual(code, 1)
        self.assertIn(f"something already listens at resp://127.0.0.1:{port}", err)
        self.assertIsNone(document)

    def test_what_a_server_says_on_its_way_out_is_told(self):
        code, _, err, _ = self.repeat("echo on the one {port}; echo on the other >&2; exit 7")
        self.assertEqual(code, 1)
        self.assertRegex(err, r"the server ended: (?s:.)*: on the one \d+\non the other\n")

    def test_a_server_that_does_not_start_says_why(self):
        code, _, err, document = self.bench(
            "repeat", "--target", TARGET, "--start", "echo no luck at {port} >&2; exit 7")
        self.assertEqual(code, 1)
        self.assertIn("the server ended", err)
        self.assertIn("no luck at ", err)
        self.assertIsNone(document)

    def test_a_report_that_cannot_be_printed_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full, subprocess.Popen(
                [self.program, "repeat", "--rounds=2", "--target", TARGET, "--start", self.server(),
                 *COUNTED], stdout=full, stderr=subprocess.PIPE, text=True) as process:
            _, err = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 1)
        self.assertIn("cannot write to standard output", err)

    def test_flags_that_make_no_sense(self):
        for flags, complaint in [
                (["sweep", "--rates=0"], "has a rate of 0"),
                (["sweep"], "--rates is required"),
                (["find-max", "--slo=p99"], "is no goal such as p99<1ms"),
                (["find-max", "--slo=p99<1ms", "--from=0"], "--from: a rate above 0"),
                (["compare", "resp://a"], "B is required"),
                (["compare", "resp://127.0.0.1:1", "resp://127.0.0.1:1", "--restart"],
                 "--restart: it takes --start-a"),
                (["compare", "x", "y", "--figures=p98"], "p98 not in"),
                (["repeat", "--rounds=1"], "--rounds"),
                (["find-max", "--slo=p99<1ms", "--operations=100"], "takes 368 answers"),
                (["repeat", "--operations=-1"], "--operations"),
                (["compare", "resp://a", "resp://b", "--confidence=nan"], "is no number"),
                (["repeat", "--verify", "--keys=1000000000"], "a verified run remembers each"),
                (["find-max", "--slo=p99.9<1ms", "--duration=100ms"], "begin there, or run longer"),
                (["find-max", "--slo=p50<1ms", "--from=2k", "--to=1k"], "--from is above --to"),
                (["compare", "x", "y", "--figures=server-cpu"], "takes --pid-a and --pid-b"),
                (["compare", "x", "y", "--figures=throughput", "--rate=1k"], "what was asked for"),
                (["compare", "x", "y", "--figures=p99,mean,p99"], "one of them is there twice"),
                (["compare", "x", "y", "--rounds=6"], "it takes 7 (figures: 2, confidence: 95 %)"),
                (["compare", "x", "y", "--rounds=14", "--confidence=0.9999", "--figures=mean"],
                 "it takes 15 (figures: 1, confidence: 99.99 %)"),
                (["repeat", "--start=sleep {port}"], "it is not measured there"),
                (["repeat", "--target", TARGET, "--start=sleep 9"], "no command starts a server"),
                (["repeat", "--target", TARGET], "no command starts a server"),
                (["compare", "resp://127.0.0.1:1", TARGET], "B: {port} in resp://"),
                (["repeat", "--start=x", "--server-cpus=0,9999"],
                 "--server-cpus: this process may not use core 9999"),
                (["compare", "resp://127.0.0.1:1", "resp://127.0.0.1:1", "--server-cpus=9999"],
                 "--server-cpus: this process may not use core 9999"),
                (["compare", "resp://127.0.0.1:1", "resp://127.0.0.1:1",
                  f"--server-cpus={min(os.sched_getaffinity(0))}"],
                 "--server-cpus: it takes --start-a or --start-b"),
                (["repeat", "--server-pid=999999999"],
                 "--server-pid: there is no process 999999999"),
                (["sweep", "--rates=1k", "--server-pid", "-5"],
                 "--server-pid: there is no process -5"),
                (["run", "--server-pid", "-5"], "--server-pid: there is no process -5"),
                (["compare", "x", "y", "--pid-a=0"], "--pid-a: there is no process 0"),
                (["compare", "x", "y", "--pid-b=-5"], "--pid-b: there is no process -5"),
        ]:
            with self.subTest(flags=flags):
                code, _, err, _ = self.bench(*flags)
                self.assertEqual(code, 2, err)
                self.assertIn(complaint, err)


if __name__ == "__main__":
    Experiments.program = os.path.abspath(sys.argv[1])
    tap.main()
