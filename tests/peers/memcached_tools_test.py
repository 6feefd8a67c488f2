#!/usr/bin/env python3
"""The tools of libmemcached at work on a memcache listener of corelane-server. Prints TAP.

usage: memcached_tools_test.py CORELANE_SERVER
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import resp  # noqa: E402
import servers  # noqa: E402
import tap  # noqa: E402

TOOL_TIMEOUT_S = 60
FLAGS = ["--shards=2", "--fsync=os"]
LISTEN = ["memcache://127.0.0.1:0", "resp://127.0.0.1:0"]


class MemcachedTools(unittest.TestCase):
    """One server, emptied before each test."""

    @classmethod
    def setUpClass(cls):
        if servers.program("memccapable") is None:
            raise unittest.SkipTest("there is no memccapable (package libmemcached-tools)")
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.server = stack.enter_context(servers.corelane(SERVER, FLAGS, LISTEN))
        cls.directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="corelane-peers-"))

    def setUp(self):
        self.run_tool("memcflush")

    def run_tool(self, tool, *arguments, expect_code=0):
        server = f"--servers=127.0.0.1:{self.server.port}"
        return self.run_command(tool, server, *arguments, expect_code=expect_code)

    def run_command(self, tool, *arguments, expect_code=0):
        done = subprocess.run([servers.program(tool), *arguments], capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=TOOL_TIMEOUT_S, check=False)
        self.assertEqual((done.returncode, done.stderr), (expect_code, b""), done.stdout)
        return done.stdout

    def store(self, key, value, *flags):
        path = os.path.join(self.directory, key)
        with open(path, "wb") as file:
            file.write(value)
        self.run_tool("memccp", *flags, path)

    def ask_in_resp(self, *words):
        with contextlib.closing(resp.Connection(self.server.addresses[1])) as connection:
            return connection.ask(*words)

    def test_values_go_in_and_come_out(self):
        value = bytes(range(256)) * 100
        self.store("binary", value)
        self.store("text", b"hello")
        self.assertEqual(self.run_tool("memccat", "binary"), value + b"\n")
        self.assertEqual(self.run_tool("memccat", "text", "binary"), b"hello\n" + value + b"\n")
        self.assertEqual(self.ask_in_resp(b"GET", b"text"), b"$5\r\nhello\r\n")
        self.run_tool("memccat", "none", expect_code=1)

    def test_presence_and_removal(self):
        self.store("key", b"v")
        self.run_tool("memcexist", "key")
        self.run_tool("memcrm", "key")
        self.run_tool("memcexist", "key", expect_code=1)
        self.run_tool("memcrm", "key", expect_code=1)

    def test_expiry(self):
        self.store("key", b"v", "--expire=1000")
        self.assertIn(self.ask_in_resp(b"TTL", b"key"), [b":1000\r\n", b":999\r\n"])
        self.run_tool("memctouch", "--expire=100", "key")
        self.assertIn(self.ask_in_resp(b"TTL", b"key"), [b":100\r\n", b":99\r\n"])
        self.run_tool("memctouch", "--expire=100", "none", expect_code=1)

    def test_ping_version_and_figures(self):
        self.run_tool("memcping")
        figures = self.run_tool("memcstat").decode()
        for name in ("pid", "uptime", "curr_items", "cmd_get", "get_hits", "threads"):
            self.assertRegex(figures, rf"\t{name}: \d+\n")

    def test_load_of_several_threads(self):
        for load in ("set", "get", "mget"):
            said = self.run_tool("memcslap", "--concurrency=4", "--execute-number=500",
                                 "--initial-load=500", f"--test={load}")
            self.assertIn(f"Time to {load}", said.decode())
        said = self.run_command("memcaslap", "-s", f"127.0.0.1:{self.server.port}", "-x", "5000",
                                "-T", "2", "-c", "8", "-d", "4")
        self.assertIn(b"Ops: 5000", said)
        self.assertRegex(said, rb"get_misses: 0\n")

    def test_conformance_of_the_text_and_the_binary_protocol(self):
        said = self.run_command("memccapable", "-h", "127.0.0.1", "-p", str(self.server.port))
        self.assertIn(b"All tests passed", said)

    def test_a_restart_keeps_what_was_stored(self):
        self.store("kept", b"value")
        self.server.restart()
        self.assertEqual(self.run_tool("memccat", "kept"), b"value\n")


if __name__ == "__main__":
    SERVER = sys.argv[1]
    tap.main()
