#!/usr/bin/env python3
"""redis-cli and redis-benchmark at work on corelane-server. Prints TAP.

A tool must not only succeed: what it says on standard error is part of the result, because that is
where it complains about a server that is not what it expects.

usage: redis_tools_test.py CORELANE_SERVER
"""

import contextlib
import csv
import io
import json
import os
import select
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import resp  # noqa: E402
import servers  # noqa: E402
import tap  # noqa: E402

TOOL_TIMEOUT_S = 60
KEYS = 1000
REQUESTS = 2000
STRING_TESTS = "ping_inline,ping_mbulk,set,get,incr,mset"
STRING_TITLES = {"PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"}


class ToolTest(unittest.TestCase):
    """A server with a log, and ways to run a tool on it."""

    program = None
    flags = ["--shards=2", "--fsync=os"]

    @classmethod
    def setUpClass(cls):
        cls.tool = servers.program(cls.program)
        if cls.tool is None:
            raise unittest.SkipTest(f"there is no {cls.program} (package redis-tools)")
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.server = stack.enter_context(servers.corelane(SERVER, cls.flags))

    def setUp(self):
        with contextlib.closing(resp.Connection(self.server.addresses[0])) as connection:
            self.assertEqual(connection.ask(b"FLUSHALL"), b"+OK\r\n")

    def command(self, *arguments):
        return [self.tool, "-p", str(self.server.port), *arguments]

    def run_tool(self, *arguments, stdin=b"", expect_code=0, expect_errors=b""):
        done = subprocess.run(self.command(*arguments), input=stdin, capture_output=True,
                              timeout=TOOL_TIMEOUT_S, check=False)
        self.assertEqual(done.stderr, expect_errors, done.stdout)
        self.assertEqual(done.returncode, expect_code, done.stdout)
        return done.stdout


class RedisCli(ToolTest):
    program = "redis-cli"

    def fill(self):
        lines = "".join(f"set key:{n} {'x' * (1 + n % 50)}\n" for n in range(KEYS))
        self.assertEqual(self.run_tool(stdin=lines.encode()), b"OK\n" * KEYS)

    def test_a_command(self):
        self.assertEqual(self.run_tool("set", "k", "hello world"), b"OK\n")
        self.assertEqual(self.run_tool("get", "k"), b"hello world\n")
        self.assertEqual(self.run_tool("--no-raw", "get", "k"), b'"hello world"\n')
        self.assertEqual(self.run_tool("--no-raw", "get", "none"), b"(nil)\n")
        self.assertEqual(self.run_tool("--no-raw", "incr", "n"), b"(integer) 1\n")

    def test_an_error_with_its_exit_code(self):
        self.run_tool("set", "k", "v")
        self.assertEqual(self.run_tool("-e", "incr", "k", expect_code=1,
                                       expect_errors=b"ERR value is not an integer or out of range\n"),
                         b"")
        self.assertIn(b"ERR unknown command 'lpush'", self.run_tool("lpush", "l", "a"))

    def test_resp3(self):
        self.run_tool("-3", "mset", "a", "1", "b", "2")
        self.assertEqual(self.run_tool("-3", "--no-raw", "mget", "a", "b", "c"),
                         b'1) "1"\n2) "2"\n3) (nil)\n')
        self.assertTrue(self.run_tool("-3", "--no-raw", "config", "get", "save").startswith(b"1# "))
        self.assertEqual(json.loads(self.run_tool("--json", "config", "get", "appendonly")),
                         {"appendonly": "yes"})
        self.assertIn("redis_version", self.run_tool("-3", "info").decode())

    def test_binary_arguments(self):
        value = bytes(range(256)) * 40
        self.assertEqual(self.run_tool("-x", "set", "k\udcff", stdin=value), b"OK\n")
        self.assertEqual(self.run_tool("get", "k\udcff"), value + b"\n")
        self.assertEqual(self.run_tool("strlen", "k\udcff"), b"10240\n")

    def test_mass_insertion(self):
        requests = b"".join(
            resp.encode([b"SET", b"mass:%d" % n, b"\x00\r\n%d" % n]) for n in range(50 * KEYS))
        said = self.run_tool("--pipe", stdin=requests)
        self.assertIn(b"errors: 0, replies: 50000", said)
        self.assertEqual(self.run_tool("dbsize"), b"50000\n")

    def test_scan_walks_over_all_keys(self):
        self.fill()
        self.assertEqual(len(set(self.run_tool("--scan").split())), KEYS)
        some = self.run_tool("--scan", "--pattern", "key:1*")
        self.assertEqual(len(set(some.split())), 111)

    def test_the_biggest_keys(self):
        self.fill()
        said = self.run_tool("--bigkeys").decode()
        self.assertIn("Sampled 1000 keys in the keyspace", said)
        self.assertIn("1000 strings with 25500 bytes", said)
        said = self.run_tool("--memkeys").decode()
        self.assertIn("Sampled 1000 keys in the keyspace", said)

    def test_a_transaction(self):
        said = self.run_tool("--no-raw", stdin=b"watch k\nmulti\nset k 1\nincr k\nexec\nget k\n")
        self.assertEqual(said, b'OK\nOK\nQUEUED\nQUEUED\n1) OK\n2) (integer) 2\n"2"\n')

    def test_repetition_and_csv(self):
        self.assertEqual(self.run_tool("-r", "5", "incr", "n"), b"1\n2\n3\n4\n5\n")
        self.run_tool("mset", "a", "1", "b", "two words")
        self.assertEqual(self.run_tool("--csv", "mget", "a", "b", "c"), b'"1","two words",NULL\n')

    def test_database_and_password(self):
        self.assertIn(b"DB index is out of range", self.run_tool("select", "1"))
        self.assertEqual(self.run_tool("-n", "0", "ping"), b"PONG\n")

    def test_it_reconnects_to_a_restarted_server(self):
        with subprocess.Popen(self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as tool:
            def ask(line):
                tool.stdin.write(line + b"\n")
                tool.stdin.flush()
                return tool.stdout.readline()
            self.assertEqual(ask(b"set kept value"), b"OK\n")
            self.server.restart()
            # It finds out with the next command, and connects anew for the one after.
            self.assertEqual(ask(b"ping"), b"Error: Server closed the connection\n")
            self.assertEqual(ask(b"get kept"), b"value\n")
            tool.stdin.close()
            self.assertEqual(tool.wait(TOOL_TIMEOUT_S), 0)

    def test_expiry(self):
        said = self.run_tool(stdin=b"set k v px 5\ndebug sleep 0.02\nget k\nttl k\ndbsize\n")
        self.assertEqual(said, b"OK\nOK\n\n-2\n0\n")

    def test_its_prompt_knows_the_commands(self):
        terminal, other_end = os.openpty()
        environment = {**os.environ, "TERM": "dumb", "HOME": self.server.directory}
        with subprocess.Popen(self.command(), stdin=other_end, stdout=other_end, stderr=other_end,
                              env=environment) as tool, open(terminal, "r+b", buffering=0) as prompt:
            os.close(other_end)
            def read_to_the_prompt():
                said = b""
                while not said.endswith(b"> ") and select.select([prompt], [], [], TOOL_TIMEOUT_S)[0]:
                    said += prompt.read(1 << 16)
                return said
            def ask(line):
                prompt.write(line + b"\n")
                return read_to_the_prompt()
            read_to_the_prompt()
            self.assertIn(b'"v"', ask(b"set k v") + ask(b"get k"))
            self.assertIn(b"Returns the string value of a key.", ask(b"help get"))
            self.assertIn(b'1# "server" => "redis"', ask(b"hello 3"))
            self.assertTrue(ask(b"multi").endswith(b"(TX)> "))
            prompt.write(b"exit\n")
            self.assertEqual(tool.wait(TOOL_TIMEOUT_S), 0)


class RedisBenchmark(ToolTest):
    program = "redis-benchmark"

    def measure(self, *flags, tests=STRING_TESTS, titles=frozenset(STRING_TITLES)):
        said = self.run_tool("--csv", "-n", str(REQUESTS), "-t", tests, *flags)
        rows = list(csv.DictReader(io.StringIO(said.decode())))
        self.assertEqual({row["test"] for row in rows}, set(titles), said)
        for row in rows:
            self.assertGreater(float(row["rps"]), 0, row)

    def asked(self, command, *arguments):
        with contextlib.closing(resp.Connection(self.server.addresses[0])) as connection:
            return connection.ask(command, *arguments)

    def test_all_string_tests(self):
        self.measure()
        self.assertEqual(self.asked(b"GET", b"counter:__rand_int__"), b"$4\r\n2000\r\n")

    def test_pipelined(self):
        self.measure("-P", "16")
        self.assertEqual(self.asked(b"GET", b"counter:__rand_int__"), b"$4\r\n2000\r\n")

    def test_pipelined_in_resp3(self):
        self.measure("-3", "-P", "16")

    def test_threads(self):
        self.measure("--threads", "2", "-P", "4", "-c", "10")

    def test_random_keys_and_big_values(self):
        self.measure("-r", "100", "-d", "5000", "-P", "16", tests="set,get", titles={"SET", "GET"})
        self.assertEqual(self.asked(b"DBSIZE"), b":100\r\n")

    def test_a_connection_for_each_request(self):
        done = subprocess.run(
            self.command("--csv", "-n", "500", "-t", "set,get", "-k", "0", "-c", "5"),
            capture_output=True, timeout=TOOL_TIMEOUT_S, check=False)
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (0, 3), done.stderr)

    def test_a_command_of_ones_own(self):
        said = self.run_tool("-q", "-n", "200", "-r", "10", "setex", "k:__rand_int__", "100", "v")
        self.assertIn(b"requests per second", said)
        self.assertEqual(self.asked(b"TTL", b"k:000000000003")[:1], b":")

    def test_an_error_reply_is_reported(self):
        done = subprocess.run(self.command("-q", "-n", "10", "-e", "lpush", "l", "a"),
                              capture_output=True, timeout=TOOL_TIMEOUT_S, check=False)
        self.assertIn(b"unknown command", done.stdout + done.stderr)


if __name__ == "__main__":
    SERVER = sys.argv[1]
    tap.main()
