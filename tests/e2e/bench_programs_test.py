#!/usr/bin/env python3
"""The benchmark programs, run for a moment: the floor server, the side-by-side run's own code, and
corelane-bench on servers that are started for it. Prints TAP.

usage: bench_programs_test.py BUILD_DIR
"""

import dataclasses
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
from side_by_side import experiments, judge, report  # noqa: E402
from side_by_side.bench import Bench, Load, Sizes  # noqa: E402
from side_by_side.servers import (  # noqa: E402
    Contestant, Server, ServerError, command_line, corelane, floor, free_port)

TIMEOUT_S = 100
CPUS = os.sched_getaffinity(0)


class Context:
    """Where the programs are and where they may write."""

    def __init__(self, build_dir, directory):
        self.build_dir = build_dir
        self.directory = directory
        self.count = 0

    def path(self, name):
        """A new one to write to."""
        self.count += 1
        return os.path.join(self.directory, f"{name}-{self.count}")

    def start(self, contestant, port=0):
        return Server(contestant, self.path("server"), CPUS, port)

    def corelane(self):
        return self.start(corelane(self.build_dir, "epoll"))

    def floor(self, operation, *flags, scheme="resp"):
        """A floor server that can be started."""
        usual = floor(self.build_dir, "epoll", operation)
        return dataclasses.replace(
            usual, argv=(*usual.argv, f"--protocol={scheme}", *flags), scheme=scheme)

    def bench(self):
        """That of a side-by-side run, for a moment."""
        directory = self.path("bench")
        os.mkdir(directory)
        sizes = Sizes(rounds=8, seconds=0.03, warmup_seconds=0.01, keys=1000, memory_keys=20_000,
                      growth_keys=20_000, connections=4)
        return Bench(sizes, self.build_dir, directory)

    def corelane_bench(self, *flags):
        return subprocess.run(
            [self.bench_program(), *flags], cwd=ROOT,  # where the command lines begin
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


def the_floor_answers_in_every_scheme(context):
    for scheme in ("native", "resp", "memcache", "memcache-meta", "json"):
        for operation, mix, counted in (("GET", "read=1", "hits"), ("SET", "update=1", "answered")):
            server = context.start(
                context.floor(operation, "--key-bytes=30", "--value-bytes=100", scheme=scheme))
            path = context.path("floor.json")
            try:
                done = context.corelane_bench(
                    "run", "--target", server.target, f"--mix={mix}", "--operations=500",
                    "--connections=3", "--pipeline=7", "--warmup=0", "--keys=100",
                    "--key-bytes=30", "--value-bytes=100", "--json", path)
            finally:
                server.stop()
            assert done.returncode == 0, done.stderr
            with open(path, encoding="utf-8") as file:
                total = json.load(file)["all"]
            assert total[counted] == total["answered"] >= 500, (scheme, operation, total)
            assert total["errors"] == total["lost"] == 0, (scheme, operation, total)


def a_floor_that_burns_is_found_slower(context):
    path = context.path("burning.json")
    plain = context.floor("GET")
    burning = context.floor("GET", "--burn-ns=100000")
    done = context.corelane_bench(
        "compare", plain.target, burning.target, "--start-a", command_line(plain), "--start-b",
        command_line(burning), "--rounds=8", "--operations=2000", "--connections=2", "--no-calibrate",
        "--warmup=0", "--keys=100", "--json", path)
    assert done.returncode == 3, (done.returncode, done.stderr)
    with open(path, encoding="utf-8") as file:
        figures = {figure["name"]: figure for figure in json.load(file)["figures"]}
    assert figures["server-cpu"]["verdict"] == "slower", figures["server-cpu"]
    # Two connections, which wait for one server that takes 100 us for each.
    assert figures["throughput"]["b_median"] < 10_000, figures["throughput"]


def a_missing_server_is_named(context):
    try:
        context.start(corelane(context.directory))
    except ServerError as error:
        assert str(error) == "corelane-server is not there", error
    else:
        raise AssertionError("a server that is not there has started")
    try:
        context.start(Contestant("peer", ("no-such-peer",), package="peers"))
    except ServerError as error:
        assert str(error) == "no-such-peer is not there (Debian package peers)", error
    else:
        raise AssertionError("a server that is not there has started")


def what_there_is_no_time_for_is_left_out_and_said(context):
    bench = context.bench()
    bench.deadline = time.monotonic()
    mine = corelane(context.directory)
    assert bench.compare(Load("SET", 16), mine, mine) is None
    assert bench.notes == ["left out for want of time: SET pipeline 16, corelane against corelane"]


def a_cell(load, a, b, cpu_ratio):
    figure = {"name": "server-cpu", "a_median": 1.0, "b_median": cpu_ratio, "ratio": cpu_ratio,
              "low": 0.9 * cpu_ratio, "high": 1.1 * cpu_ratio, "verdict": "faster"}
    return {"load": load, "a": a, "b": b, "figures": [figure],
            "runs": {"VALID": 10, "GENERATOR-LIMITED": 2}}


def targets_are_judged_from_the_right_side(_):
    measured = {
        "redis": [a_cell("GET pipeline 64", "redis", "corelane, epoll", 0.1),
                  a_cell("GET pipeline 16", "redis", "corelane, epoll", 1 / 1.8),
                  a_cell("GET pipeline 16", "redis", "corelane, io_uring", 1 / 1.4)],
        "floor": [a_cell("GET pipeline 1", "floor, epoll", "corelane, epoll", 1.2)],
        "memory": {"corelane": {"keys": 1, "before_bytes": 0, "bytes_per_key": 115}},
        "growth": {"corelane, epoll": {"keys": 10, "seconds": 1, "longest_wait_us": 900,
                                       "p99.9_us": 100, "server_cpu_us": 1}},
    }
    verdicts = {check.what: (check.meets(check.first), check.meets(check.final))
                for check in judge.checks(measured)}
    per_cpu = "operations per CPU-second / redis's"
    assert verdicts[f"GET, pipeline 16, epoll: {per_cpu}"] == (True, False)
    assert verdicts[f"GET, pipeline 16, io_uring: {per_cpu}"] == (False, False)
    assert verdicts[f"GET, pipeline 64, epoll: {per_cpu}"] == (True, True)
    assert verdicts["GET, no pipeline, epoll: CPU per operation / floor's"] == (False, False)
    assert verdicts["GET, no pipeline, io_uring: CPU per operation / floor's"] == (None, None)
    assert verdicts["resident memory per key (20-byte keys, 64-byte values)"] == (True, False)
    assert verdicts["longest stall while growing, epoll"] == (True, True)
    run = {"command": "bench/run", "started": "today", "seconds": 1, "machine": {"cores": 2},
           "sizes": dataclasses.asdict(Sizes()), "notes": ["a note"], "experiments": measured}
    text = report.markdown(run, judge.checks(measured))
    for part in ("a note", "| 115.0", "**no**", "1.200 (1.080–1.320)", "2 GENERATOR-LIMITED",
                 "A: redis; B: corelane, io_uring"):
        assert part in text, (part, text)


def a_page_keeps_all_answers_of_a_distribution(_):
    buckets = [[0.5, 1], [100.0, 2], [101.0, 3], [200.0, 4]]
    run = {"latency": {"service_us": buckets}, "windows": [{}], "verdict": {"is": "VALID"}}
    (thin,) = report.thin({"format": "f", "rounds": [{"order": "AB", "a": run, "b": run}]})["rounds"]
    assert thin["a"] == {"latency": {"service_us": [[0.5, 1], [100.0, 2], [101.0, 3], [200.0, 4]]},
                         "verdict": {"is": "VALID"}}, thin
    dense = [[float(latency), 1] for latency in range(100, 1000)]
    coarse = report.thin({"rounds": [{"order": "AB", "a": {"latency": {"service_us": dense}},
                                      "b": {"latency": {}}}]})["rounds"][0]["a"]["latency"]
    counts = [count for _, count in coarse["service_us"]]
    assert sum(counts) == 900 and len(counts) <= 50, coarse
    assert coarse["service_us"][-1][0] == 999, coarse


def cells_are_measured_and_kept(context):
    bench = context.bench()
    for operation in ("GET", "SET"):
        cell = bench.compare(Load(operation, 1), floor(context.build_dir, "epoll", operation),
                             corelane(context.build_dir, "epoll"))
        assert cell, bench.notes
        assert cell["load"] == f"{operation} pipeline 1" and cell["a"] == "floor", cell
        assert sum(cell["runs"].values()) == 16 and "FAILING" not in cell["runs"], cell
        assert judge.cpu_ratio(cell) > 0, cell
        for side in ("a", "b"):
            misses = [one[side]["all"]["misses"] for one in bench.documents[-1][1]["rounds"]]
            assert misses == [0] * 8, misses
    assert not bench.notes, bench.notes
    left = {name.rsplit("-", 1)[0] for name in os.listdir(bench.directory)}
    assert left == {"server"}, left


def memory_and_growth_are_measured(context):
    bench = context.bench()
    mine = experiments.memory(bench)["corelane"]
    assert mine["keys"] == 20_000 and 84 < mine["bytes_per_key"] < 1000, mine
    grown = experiments.growth(bench)
    for name in ("corelane, epoll", "floor, epoll"):
        assert grown[name]["keys"] >= 20_000, (name, grown, bench.notes)
        assert grown[name]["longest_wait_us"] >= grown[name]["p99.9_us"] > 0, grown


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
    server = context.corelane()
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
    server = context.corelane()
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
    usual = corelane(context.build_dir, "epoll", shards=2, fsync="everysec")
    with_data = dataclasses.replace(usual, argv=(*usual.argv[:-1], f"--data-dir={path}-data"))
    server = context.start(with_data, port)
    try:
        run = context.start_verified_run(port, "--duration=3s", "--json", path + ".json")
        server.process.kill()
        server.process.wait()
        server = context.start(with_data, port)
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
    server = context.corelane()
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


def a_server_that_does_not_come_back_is_no_valid_run(context):
    server = context.corelane()
    try:
        run = context.start_verified_run(server.port, "--duration=1s", "--timeout=300ms")
        server.process.kill()
        stdout, stderr = run.communicate(timeout=TIMEOUT_S)
        assert run.returncode == 1, (run.returncode, stdout, stderr)
        assert re.search(r"--verify: \d+ of \d+ keys could not be read back", stderr), stderr
        assert "FAILING: " in stdout, stdout
    finally:
        server.stop()


def recorded_commands_are_sent_again(context):
    server = context.corelane()
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
    server = context.corelane()
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
    server = context.corelane()
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


def ways_to_the_disk_are_compared(context):
    path = context.path("ways")
    os.mkdir(path)

    def run(*flags):
        return subprocess.run(
            [os.path.join(context.build_dir, "bench", "log-ways-bench"), f"--dir={path}",
             "--seconds=0.2", "--rounds=1", "--rate=10000", *flags],
            capture_output=True, text=True, timeout=TIMEOUT_S, check=False)

    done = run("--ways=mapping,write,helper")
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    assert [row[:2] for row in rows[1:]] == [
        [f"| {way}", mode] for mode in ("always", "everysec", "os")
        for way in ("mapping", "write", "helper")], done.stdout
    assert {len(row) for row in rows} == {17}, done.stdout
    assert done.stdout.splitlines()[-1].startswith("Machine: Linux "), done.stdout
    assert "unwritten extents" in done.stdout and "write-back" in done.stdout, done.stdout
    # Neither io_uring nor O_DIRECT is allowed everywhere.
    done = run("--ways=direct", "--modes=always,os")
    assert done.stdout.count("| direct |") == 2 or re.search("io_uring|O_DIRECT", done.stderr), done
    assert not os.listdir(path), os.listdir(path)
    for flag in ("--ways=tape", "--modes=never", "--rate=0", "--dir=/no/such/directory"):
        done = run(flag)
        name = flag.partition("=")[0]
        assert done.returncode == 2 and name in done.stdout + done.stderr, (flag, done)


CASES = [
    the_floor_answers_in_every_scheme,
    a_floor_that_burns_is_found_slower,
    a_missing_server_is_named,
    what_there_is_no_time_for_is_left_out_and_said,
    targets_are_judged_from_the_right_side,
    a_page_keeps_all_answers_of_a_distribution,
    wrong_flags_of_a_run_are_named,
    what_cannot_be_replayed_or_verified_is_named,
    nobody_there_is_an_error_with_its_own_exit_code,
]
CASES_WITH_SERVER = [
    cells_are_measured_and_kept,
    memory_and_growth_are_measured,
    the_classic_suite_runs_on_a_server_of_its_own,
    the_classic_suite_cleans_up_after_itself,
    a_run_of_load_is_reported,
    an_interrupt_ends_a_run_with_a_report,
    a_terminal_shows_how_a_run_goes_on,
    a_server_that_is_killed_keeps_what_it_acknowledged,
    a_server_that_forgets_is_found_out,
    a_server_that_does_not_come_back_is_no_valid_run,
    recorded_commands_are_sent_again,
]


CASES_WITH_LOG_WAYS = [ways_to_the_disk_are_compared]


def main():
    build_dir = os.path.abspath(sys.argv[1])
    cases = CASES + (CASES_WITH_SERVER if "corelane-server" in sys.argv[2:] else [])
    cases += CASES_WITH_LOG_WAYS if "log-ways-bench" in sys.argv[2:] else []
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
