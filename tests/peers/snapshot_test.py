#!/usr/bin/env python3
"""What `corelane-cli export --format=resp` writes, sent to a real redis by `redis-cli --pipe`, leaves
there what was here: every byte and every millisecond. Prints TAP.

usage: snapshot_test.py CORELANE_SERVER CORELANE_CLI
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
MANY_KEYS = 1000
ALL_BYTES = bytes(range(256))


class Snapshot(unittest.TestCase):
    """A corelane with something in it, and an empty redis."""

    @classmethod
    def setUpClass(cls):
        redis_server = servers.program("redis-server")
        cls.redis_cli = servers.program("redis-cli")
        if redis_server is None or cls.redis_cli is None:
            raise unittest.SkipTest("there is no redis-server or redis-cli (packages redis-server, redis-tools)")
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.server = stack.enter_context(
            servers.corelane(SERVER, ["--shards=2", "--fsync=os"], ["auto://127.0.0.1:0"]))
        cls.redis_address = stack.enter_context(servers.redis(redis_server))
        cls.directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="corelane-peers-"))
        cls.ours = stack.enter_context(
            contextlib.closing(resp.Connection(cls.server.addresses[0])))
        cls.redis = stack.enter_context(contextlib.closing(resp.Connection(cls.redis_address)))

    def setUp(self):
        for connection in (self.ours, self.redis):
            self.assertEqual(connection.ask(b"FLUSHALL"), b"+OK\r\n")

    def fill(self):
        """Writes samples of all kinds; returns their keys."""
        self.ours.ask(b"SET", b"text", b"value")
        self.ours.ask(b"SET", b"empty", b"")
        self.ours.ask(b"SET", b"", b"the empty key")
        self.ours.ask(b"SET", ALL_BYTES, ALL_BYTES * 1000, b"PX", b"5000123")
        self.ours.ask(b"INCRBY", b"integer", b"-42")
        self.ours.ask(b"INCRBYFLOAT", b"float", b"1.5")
        self.ours.ask(b"SET", b"\r\n", b"$3\r\n", b"EX", b"1000")
        keys = [b"text", b"empty", b"", ALL_BYTES, b"integer", b"float", b"\r\n"]
        for number in range(MANY_KEYS):
            keys.append(b"key:%d" % number)
            self.ours.ask(b"SET", keys[-1], b"value %d" % number)
        return keys

    def cli(self, *words):
        done = subprocess.run([CLI, "--port", str(self.server.port), *words], capture_output=True,
                              timeout=TOOL_TIMEOUT_S, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""), done.stdout)
        return done.stdout

    def expect_same(self, keys):
        self.assertEqual(self.redis.ask(b"DBSIZE"), b":%d\r\n" % len(keys))
        self.assertEqual(self.ours.ask(b"DBSIZE"), b":%d\r\n" % len(keys))
        for key in keys:
            for command in (b"GET", b"PEXPIRETIME"):
                self.assertEqual(self.redis.ask(command, key), self.ours.ask(command, key), key)

    def test_into_redis_by_pipe(self):
        keys = self.fill()
        path = os.path.join(self.directory, "snapshot.resp")
        self.assertEqual(self.cli("export", path, "--format=resp"), b"exported %d\n" % len(keys))
        with open(path, "rb") as snapshot:
            done = subprocess.run([self.redis_cli, "-s", self.redis_address, "--pipe"],
                                  stdin=snapshot, capture_output=True, timeout=TOOL_TIMEOUT_S,
                                  check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn(b"errors: 0, replies: %d\n" % len(keys), done.stdout)
        self.expect_same(keys)

    def test_and_back_again(self):
        keys = self.fill()
        path = os.path.join(self.directory, "back.resp")
        self.cli("export", path, "--format=resp")
        expiries = {key: self.ours.ask(b"PTTL", key) for key in keys}
        self.assertEqual(self.ours.ask(b"FLUSHALL"), b"+OK\r\n")
        self.assertEqual(self.cli("import", path, "--format=resp"),
                         b"imported %d, skipped 0 expired, failed 0\n" % len(keys))
        for key in keys:
            self.assertEqual(self.ours.ask(b"PTTL", key) == b":-1\r\n", expiries[key] == b":-1\r\n")
        self.assertEqual(self.ours.ask(b"GET", ALL_BYTES), b"$256000\r\n" + ALL_BYTES * 1000 + b"\r\n")


if __name__ == "__main__":
    SERVER, CLI = (os.path.abspath(path) for path in sys.argv[1:3])
    tap.main()
