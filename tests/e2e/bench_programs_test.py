#!/usr/bin/env python3
"""The benchmark programs, run for a moment: load generator against floor server, the side-by-side
run's own code, and corelane-bench on a server of its own. Prints TAP.

usage: bench_programs_test.py BUILD_DIR
"""

import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from side_by_side import judge, report  # noqa: E402
from side_by_side.load import Generator, LoadError  # noqa: E402
from side_by_side.servers import Launcher, Server, ServerError, free_port  # noqa: E402

TIMEOUT_S = 100
CPUS = os.sched_getaffinity(0)


class Context:
    """Where the programs are and where they may write."""

    def __init__(self, build_dir, directory):
        self.build_dir = build_dir
        self.directory = directory
        self.launcher = Launcher(build_dir, os.path.join(directory, "servers"))
        self.generator = Generator(build_dir, min(CPUS))

    def on_floor(self, operation, *loads, protocol="resp"):
        """Runs the loads, one after the other, against a floor server for `operation`."""
        server = self.launcher.floor(CPUS, "epoll", operation)
        try:
            return [self.generator.run(server, protocol, **load) for load in loads]
        finally:
            server.stop()

    def corelane_bench(self, *flags):
        return subprocess.run(
            [self.bench_program(), *flags],
            capture_output=True, text=True, timeout=TIMEOUT_S, check=False)

    def bench_program(self):
        return os.path.join(self.build_dir, "corelane-bench")

    def start_verified_run(self, port, *flags):
        """Starts one and waits until it is past the load phase."""
        process = subprocess.Popen(
            [self.bench_program(), "run", "--verify", "--keys=1000",
             "--target", f"resp://127.0.0.1:{port}", "--connections=5", "--warmup=0",
             "--mix", "read=10,update=5,insert=1,delete=1,read-modify-write=1", *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + TIMEOUT_S
        while ask(port, "DBSIZE") <= 1000:
            assert time.monotonic() < deadline and process.poll() is None, process.communicate()
        return process


def every_request_is_counted_once(context):
    small = {"keys": 1000, "connections": 3, "pipeline": 7}
    got, odd = context.on_floor("get", {"op": "get", "requests": 5000, **small},
                                  {"op": "get", "requests": 11, **small})
    assert got["operations"] == got["hits"] == 5000, got
    assert odd["operations"] == 11, odd
    assert got["server"]["resident_bytes"] > 0, got
    latency = got["latency_us"]
    assert 0 < latency["p50"] <= latency["p99"] <= latency["max"], latency


def a_fill_stores_every_key(context):
    (result,) = context.on_floor(
        "set", {"op": "fill", "keys": 3000, "connections": 1, "pipeline": 16})
    assert result["operations"] == result["stored"] == 3000, result
    waits = [wait["us"] for wait in result["longest_waits"]]
    assert waits and waits == sorted(waits, reverse=True), waits


def a_timed_run_ends(context):
    (result,) = context.on_floor(
        "get", {"op": "get", "keys": 10, "seconds": 0.1, "warmup_seconds": 0.01})
    assert result["operations"] > 0 and result["seconds"] > 0, result


def a_wrong_reply_ends_the_run(context):
    try:
        # The floor answers GETs with 64-byte values whatever it is asked.
        context.on_floor("get", {"op": "get", "requests": 100, "value_bytes": 65})
    except LoadError as error:
        assert "unexpected reply" in str(error), error
    else:
        raise AssertionError("a reply of the wrong length was counted")


def a_missing_server_is_named(context):
    launcher = Launcher(context.directory, context.directory)
    try:
        launcher.corelane(CPUS, "epoll")
    except ServerError as error:
        assert str(error) == "corelane-server is not there", error
    else:
        raise AssertionError("a server that is not there has started")


def rounds(*costs):
    return [{"server": {"cpu_us_per_operation": cost},
             "operations_per_s": 1e6, "operations": 10, "seconds": 1,
             "latency_us": {"p50": 1, "p99": 2, "p99.9": 3, "max": 4000 * cost}} for cost in costs]


def ratios_are_medians_of_rounds(_):
    assert judge.cpu_ratio(rounds(2, 9, 4), rounds(1, 3, 1)) == 3
    assert judge.cpu_ratio(rounds(1), []) is None
    assert judge.cpu_ratio(rounds(1), rounds(0)) is None


def targets_are_judged_from_the_right_side(_):
    experiments = {
        "closed_loop": {
            "GET pipeline 16": {"redis": rounds(1.8), "corelane, epoll": rounds(1.0)},
            "GET pipeline 1": {"floor, epoll": rounds(1.0), "corelane, epoll": rounds(1.2)}},
        "memory": {"corelane": {"keys": 1, "before_bytes": 0, "bytes_per_key": 115}},
        "growth": {"corelane, epoll": rounds(0.1, 0.1, 9)},
    }
    verdicts = {check.what: (check.meets(check.first), check.meets(check.final))
                for check in judge.checks(experiments)}
    assert verdicts["GET, pipeline 16, epoll: operations per CPU-second / redis's"] == (True, False)
    assert verdicts["GET, no pipeline, epoll: CPU per operation / floor's"] == (False, False)
    assert verdicts["GET, no pipeline, io_uring: CPU per operation / floor's"] == (None, None)
    assert verdicts["resident memory per key (20-byte keys, 64-byte values)"] == (True, False)
    assert verdicts["longest stall while growing, epoll"] == (True, True)
    run = {"command": "bench/run", "started": "today", "seconds": 1, "machine": {"cores": 2},
           "sizes": {"value_bytes": 64, "connections": 50, "rounds": 1}, "notes": ["a note"],
           "experiments": experiments}
    text = report.markdown(run, judge.checks(experiments))
    assert "a note" in text and "| 115.0" in text and "**no**" in text, text


def the_classic_suite_runs_on_a_server_of_its_own(context):
    path = os.path.join(context.directory, "report.json")
    done = context.corelane_bench("--ops=200", "--batch=50", "--memory-keys=2000", "--json", path)
    assert done.returncode == 0, done.stderr
    with open(path, encoding="utf-8") as file:
        result = json.load(file)
    for name in ("put", "get", "batched_put"):
        assert result[name]["operations"] == 200, result
    assert sum(bucket["count"] for bucket in result["put"]["histogram"]) == 200, result
    assert sum(bucket["count"] for bucket in result["batched_put"]["histogram"]) == 4, result
    assert result["memory"]["keys"] == 2000, result
    assert "published" in done.stdout, done.stdout


def ask(port, *words):
    """What the server answers in one line: a number, or a text."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
        connection.sendall(b"".join([b"*%d\r\n" % len(words)] + [
            b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words]))
        line = connection.makefile("rb").readline().decode().strip()
        return int(line[1:]) if line.startswith(":") else line


def keys_of(server):
    return ask(server.port, "DBSIZE")


def the_classic_suite_cleans_up_after_itself(context):
    server = context.launcher.corelane(CPUS, "epoll")
    try:
        flags = ("--port", str(server.port), "--ops=100", "--memory-keys=1000")
        done = context.corelane_bench(*flags)
        assert done.returncode == 0, done.stderr
        assert keys_of(server) == 0, keys_of(server)
        kept = context.corelane_bench(*flags, "--keep-keys")
        assert kept.returncode == 0, kept.stderr
        assert keys_of(server) == 1100, keys_of(server)
    finally:
        server.stop()


def a_run_of_load_is_reported(context):
    server = context.launcher.corelane(CPUS, "epoll")
    path = os.path.join(context.directory, "run")
    try:
        done = context.corelane_bench(
            "run", "--target", f"resp://127.0.0.1:{server.port}", "--prefill", "--keys=1000",
            "--rate=1k", "--duration=500ms", "--warmup=100ms", "--ycsb=b", "--seed=7",
            "--json", path + ".json", "--hgrm", path + ".hgrm", "--hlog", path + ".hlog",
            "--csv", path + ".csv", "--calibrate")
        assert done.returncode == 0, done.stderr
        assert not done.stderr, done.stderr
        assert "seed: 7" in done.stdout and "open loop, 1000/s" in done.stdout, done.stdout
        with open(path + ".json", encoding="utf-8") as file:
            result = json.load(file)
        assert result["all"]["errors"] == result["all"]["misses"] == 0, result["all"]
        assert 400 < result["all"]["answered"] < 600, result["all"]
        assert result["environment"]["cores_usable"] > 0, result["environment"]
        assert result["calibration"]["requests_per_second_per_thread"] > 0, result["calibration"]
        with open(path + ".csv", encoding="utf-8") as file:
            assert file.readline().startswith("second,answered,"), path
        with open(path + ".hgrm", encoding="utf-8") as file:
            assert "1/(1-Percentile)" in file.readline()
        with open(path + ".hlog", encoding="utf-8") as file:
            assert "HISTFAAAA" in file.read()
    finally:
        server.stop()


def a_server_that_is_killed_keeps_what_it_acknowledged(context):
    port = free_port()
    path = os.path.join(context.directory, "killed")

    def start(name):
        argv = [os.path.join(context.build_dir, "corelane-server"), "--shards=2", "--io=epoll",
                f"--listen=auto://127.0.0.1:{port}", "--fsync=everysec", f"--data-dir={path}-data"]
        return Server(argv, f"{path}-{name}", CPUS, port)

    server = start("first")
    try:
        run = context.start_verified_run(port, "--duration=3s", "--json", path + ".json")
        server.process.kill()
        server.process.wait()
        server = start("second")
        output = run.communicate(timeout=TIMEOUT_S)
        assert run.returncode == 0, output
        with open(path + ".json", encoding="utf-8") as file:
            result = json.load(file)
        assert result["all"]["lost"] > 0, result["all"]
        assert result["verify"]["verified"] > 1000, result["verify"]
        assert result["verify"]["first_finding"] == "", result["verify"]
    finally:
        server.stop()


def a_server_that_forgets_is_found_out(context):
    server = context.launcher.corelane(CPUS, "epoll")
    try:
        run = context.start_verified_run(server.port, "--duration=1s")
        assert ask(server.port, "FLUSHALL") == "+OK"
        stdout, stderr = run.communicate(timeout=TIMEOUT_S)
        assert run.returncode == 1 and "--verify" in stderr, (run.returncode, stderr)
        assert "FAILING: The server's answers are wrong" in stdout, stdout
        assert " 0 stale" in stdout and " 0 corrupt" in stdout, stdout
        assert re.search(r"first finding: key key:\d+ is lost", stdout), stdout
    finally:
        server.stop()


def recorded_commands_are_sent_again(context):
    server = context.launcher.corelane(CPUS, "epoll")
    path = os.path.join(context.directory, "recorded")
    with open(path, "w", encoding="utf-8") as file:
        file.write('OK\n1339518083.107412 [0 127.0.0.1:60866] "set" "x" "1"\n')
        file.write("# by hand\nincrby x 5\nset 'a b' \"\\x00\"\n")
    replay = ("run", "--target", f"resp3://127.0.0.1:{server.port}", "--replay", path,
              "--connections=1")
    try:
        once = context.corelane_bench(*replay)
        assert once.returncode == 0, once.stderr
        assert re.search(r"^replay +3 ", once.stdout, re.MULTILINE), once.stdout
        assert keys_of(server) == 2, keys_of(server)
        # 1, then 5 more, and not once again.
        assert ask(server.port, "INCRBY", "x", "1") == 7
        several = context.corelane_bench(*replay, "--operations=300", "--rate=5k", "--warmup=0")
        assert re.search(r"^replay +300 ", several.stdout, re.MULTILINE), several
    finally:
        server.stop()


def what_cannot_be_replayed_or_verified_is_named(context):
    path = os.path.join(context.directory, "not-to-be-replayed")
    with open(path, "w", encoding="utf-8") as file:
        file.write("get a\n\nmonitor\n")
    good = os.path.join(context.directory, "to-be-replayed")
    with open(good, "w", encoding="utf-8") as file:
        file.write("get a\n")
    resp = ("--target", "resp://127.0.0.1:1")
    for flags, named in (
            ([*resp, "--replay", path], "line 3"), ([*resp, "--replay", path + "x"], path + "x"),
            (["--replay", good], "native"), ([*resp, "--replay", good, "--warmup=1s"], "--warmup"),
            ([*resp, "--replay", good, "--mix", "read=1"], "--mix"),
            ([*resp, "--replay", good, "--verify"], "--verify"),
            (["--verify", "--ttl=1s"], "--ttl"), (["--verify", "--hit-rate=0.5"], "--hit-rate"),
            (["--verify", "--value-bytes=10-100"], "--value-bytes"),
            (["--verify", "--ycsb=e"], "multi-read"), (["--verify", "--mix=update=1"], "nothing"),
            (["--verify", "--keys=10"], "--keys")):
        done = context.corelane_bench("run", *flags)
        assert done.returncode == 2 and named in done.stderr, (flags, done)


def an_interrupt_ends_a_run_with_a_report(context):
    server = context.launcher.corelane(CPUS, "epoll")
    path = os.path.join(context.directory, "interrupted.json")
    try:
        with subprocess.Popen(
                [context.bench_program(), "run", "--target", f"resp://127.0.0.1:{server.port}",
                 "--keys=1000", "--mix=update=1", "--duration=60s", "--warmup=0", "--json", path],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            # More keys than connections: some of them have been answered.
            while run.poll() is None and keys_of(server) < 100:
                pass
            run.send_signal(signal.SIGINT)
            stdout, stderr = run.communicate(timeout=TIMEOUT_S)
        assert run.returncode == 0 and not stderr, (run.returncode, stderr)
        assert "update" in stdout and "95 % confidence" in stdout, stdout
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
        assert result["all"]["answered"] > 0 and result["measured_s"] < 60, result["all"]
    finally:
        server.stop()


class Screen:
    """As much of a terminal as the live view uses, after it has received these bytes."""

    def __init__(self, received):
        self.rows = [""]
        self.row = self.column = self.widest = 0
        # A piece may end within a character or a sequence.
        self.write(re.sub(r"\x1b(\[\d*)?$", "", received.decode(errors="ignore")))

    def write(self, text):
        for part in re.findall(r"\x1b\[\d*[A-Za-z]|.|[\r\n]", text):
            if part == "\r":
                self.column = 0
            elif part == "\n":
                self.row += 1
                if self.row == len(self.rows):
                    self.rows.append("")
            elif part.endswith("A") and len(part) > 1:
                self.row -= int(part[2:-1])
                assert self.row >= 0, "the cursor left the screen"
            elif part == "\x1b[K":
                self.rows[self.row] = self.rows[self.row][:self.column]
            elif part == "\x1b[J":
                self.rows[self.row:] = [self.rows[self.row][:self.column]]
            else:
                assert not part.startswith("\x1b"), repr(part)
                row = self.rows[self.row]
                self.rows[self.row] = row[:self.column] + part + row[self.column + 1:]
                self.column += 1
                self.widest = max(self.widest, self.column)

    def text(self):
        return "\n".join(self.rows)


def run_on_a_terminal(context, columns, *flags):
    """Starts corelane-bench with a terminal of its own as its standard error. Returns the process
    and the terminal's other end."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    attributes = termios.tcgetattr(slave)
    attributes[3] &= ~termios.ECHO  # a ^C would show
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    run = subprocess.Popen(  # pylint: disable=consider-using-with
        [context.bench_program(), "run", *flags], stdin=slave, stdout=subprocess.PIPE, stderr=slave,
        text=True, start_new_session=True, env={**os.environ, "LC_ALL": "C.UTF-8"},
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(slave)
    return run, master


def read_terminal(master):
    """What has come; nothing when the program has ended."""
    try:
        return os.read(master, 1 << 16)
    except OSError:
        return b""


def a_terminal_shows_how_a_run_goes_on(context):
    server = context.launcher.corelane(CPUS, "epoll")
    run, master = run_on_a_terminal(
        context, 40, "--target", f"resp://127.0.0.1:{server.port}", "--rate=1k", "--keys=100",
        "--duration=60s", "--warmup=0", "--no-calibrate")
    try:
        seen, received = "", b""
        # Ctrl-C on the terminal, once a second has been told of.
        while piece := read_terminal(master):
            received += piece
            screen = Screen(received)
            if "p99.9" in screen.text() and not seen:
                seen = screen.text()
                os.write(master, b"\x03")
        stdout, _ = run.communicate(timeout=TIMEOUT_S)
    finally:
        run.kill()
        os.close(master)
        server.stop()
    assert run.returncode == 0 and "open loop, 1000/s" in stdout, (run.returncode, stdout)
    for part in ("of 60.0 s", "asked 1000/s", "answered", "last second", "worst second", "\u2588"):
        assert part in seen, (part, seen)
    assert screen.widest < 40, (screen.widest, seen)
    assert screen.text() == "", screen.rows


def wrong_flags_of_a_run_are_named(context):
    for flags, named in (
            (["--target", "http://127.0.0.1:1"], "--target"), (["--rate", "fast"], "--rate"),
            (["--mix", "reads=1"], "--mix"), (["--ycsb", "x"], "--ycsb"),
            (["--value-bytes", "-1"], "--value-bytes"), (["--duration", "10"], "--duration"),
            (["--threads", "9", "--connections", "8"], "--connections"),
            (["--target", "json://127.0.0.1:1", "--mix", "multi-read=1"], "json"),
            (["--rate", "1k", "--think", "1ms"], "--think"), (["--connections", "0"], "--conn"),
            (["--cpus", "999"], "999"), (["--server-pid", "999999999"], "--server-pid"),
            (["--hit-rate", "2"], "--hit-rate"), (["--key-bytes", "3"], "--key-bytes")):
        done = context.corelane_bench("run", *flags)
        assert done.returncode == 2 and named in done.stderr, (flags, done)
        assert not done.stdout, done.stdout


def nobody_there_is_an_error_with_its_own_exit_code(context):
    for host in ("127.0.0.1", "localhost"):
        done = context.corelane_bench("run", "--target", f"resp://{host}:1")
        assert done.returncode == 1 and f"{host}:1" in done.stderr, (done.returncode, done.stderr)
    done = context.corelane_bench("--port", "1")
    assert done.returncode == 1 and "127.0.0.1:1" in done.stderr, (done.returncode, done.stderr)
    done = context.corelane_bench("--no-such-flag")
    assert done.returncode == 2, (done.returncode, done.stderr)


CASES = [
    every_request_is_counted_once,
    a_fill_stores_every_key,
    a_timed_run_ends,
    a_wrong_reply_ends_the_run,
    a_missing_server_is_named,
    ratios_are_medians_of_rounds,
    targets_are_judged_from_the_right_side,
    wrong_flags_of_a_run_are_named,
    what_cannot_be_replayed_or_verified_is_named,
    nobody_there_is_an_error_with_its_own_exit_code,
]
CASES_WITH_SERVER = [
    the_classic_suite_runs_on_a_server_of_its_own,
    the_classic_suite_cleans_up_after_itself,
    a_run_of_load_is_reported,
    an_interrupt_ends_a_run_with_a_report,
    a_terminal_shows_how_a_run_goes_on,
    a_server_that_is_killed_keeps_what_it_acknowledged,
    a_server_that_forgets_is_found_out,
    recorded_commands_are_sent_again,
]


def main():
    build_dir = os.path.abspath(sys.argv[1])
    cases = CASES + (CASES_WITH_SERVER if "corelane-server" in sys.argv[2:] else [])
    print(f"1..{len(cases)}")
    failed = 0
    with tempfile.TemporaryDirectory(prefix="corelane-bench-test-") as directory:
        context = Context(build_dir, directory)
        for number, case in enumerate(cases, 1):
            name = case.__name__.replace("_", " ")
            try:
                case(context)
                print(f"ok {number} - {name}", flush=True)
            except Exception as error:  # pylint: disable=broad-except
                failed += 1
                print(f"not ok {number} - {name}", flush=True)
                for line in f"{type(error).__name__}: {error}".splitlines():
                    print(f"# {line}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
