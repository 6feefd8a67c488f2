#!/usr/bin/env python3
"""Sends the same bytes to Debian's memcached and to corelane-server and compares the answers, byte
for byte. The cases, and what may differ and why, are in memcache_cases.txt. Prints TAP.

usage: memcache_diff_test.py SERVER_BINARY [NAME_PART]
"""

import contextlib
import functools
import os
import re
import socket
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import servers  # noqa: E402
import tap  # noqa: E402

MEMCACHED = servers.program("memcached")

TIMEOUT_S = 20
# Both servers count the seconds that a value has left from their own second on, so a case that a
# second's end falls into is asked again.
ATTEMPTS = 3
SENTINEL = b"mg _ Osentinel\r\n"
SENTINEL_REPLY = b"EN Osentinel\r\n"
CLOSED = b"<closed>\r\n"
CAS = re.compile(rb"(^VALUE \S+ \d+ \d+ | c|cas=)(\d{1,20})\b", re.MULTILINE)
ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|.)")
REPEAT = re.compile(r"\{(.+?)\*(\d+)\}")


class Case:
    """One case of the data file."""

    def __init__(self, name):
        self.name = name
        self.lines = []
        self.reason = None
        self.expected = []

    def add(self, line):
        if not self.lines and self.reason is None and line.startswith("~ "):
            self.reason = line[2:]
        elif self.reason is not None and re.match("=( |$)", line):
            self.expected.append(line[2:])
        else:
            self.lines.append(line)

    def expected_reply(self):
        return "".join(line + "\r\n" for line in self.expected).encode()


def read_cases(path):
    cases, rules = [], []
    with open(path, encoding="ascii") as file:
        for line in file.read().split("\n")[:-1]:
            rule = re.fullmatch(r"normalise: (.*) -> (.*)", line)
            if line.startswith("== "):
                cases.append(Case(line[3:]))
            elif cases:
                cases[-1].add(line)
            elif rule:
                rules.append((re.compile(rule[1].encode()), rule[2].encode()))
    return cases, rules


def unescape(match):
    escaped = match[1]
    if escaped[0] == "x":
        return chr(int(escaped[1:], 16))
    return {"r": "\r", "n": "\n", "t": "\t", "s": " ", "0": "\0", "\\": "\\"}[escaped]


def bytes_of(line):
    whole = not line.endswith("\\c")
    line = REPEAT.sub(lambda match: match[1] * int(match[2]), line if whole else line[:-2])
    return (ESCAPE.sub(unescape, line) + ("\r\n" if whole else "")).encode("latin-1")


class Conversation:
    """One connection, and the cas uniques that it has seen."""

    def __init__(self, connect, piece_bytes):
        self.socket = connect()
        self.piece_bytes = piece_bytes
        self.uniques = []
        self.reply = b""
        self.closed = False

    def send(self, data):
        for at in range(0, len(data), self.piece_bytes):
            self.socket.sendall(data[at:at + self.piece_bytes])

    def exchange(self, data):
        """Sends, and reads up to the reply of a sentinel or the end."""
        reply = b""
        try:
            self.send(data + SENTINEL)
            while not reply.endswith(SENTINEL_REPLY):
                received = self.socket.recv(1 << 20)
                if not received:
                    self.closed = True
                    break
                reply += received
        except ConnectionError:
            self.closed = True
        for match in CAS.finditer(reply):
            if match[2] != b"0" and match[2] not in self.uniques:
                self.uniques.append(match[2])
        self.reply += CLOSED if self.closed and not reply else (
            reply + CLOSED if self.closed else reply[:-len(SENTINEL_REPLY)])

    def unique(self, match):
        index = int(match[1]) - 1
        return self.uniques[index] if index < len(self.uniques) else b"1"

    def run(self, case):
        pending = b""
        for line in case.lines:
            data = b"" if line == "--" else bytes_of(line)
            if line == "--" or re.search(rb"#\d", data):
                self.exchange(pending)
                pending = re.sub(rb"#(\d)", self.unique, data)
            else:
                pending += data
            if self.closed:
                break
        if not self.closed:
            self.exchange(pending)
        self.socket.close()

    def normalised(self, rules):
        def name(match):
            number = self.uniques.index(match[2]) + 1 if match[2] in self.uniques else 0
            return match[1] + (b"#%d" % number if number else match[2])

        reply = CAS.sub(name, self.reply)
        for pattern, replacement in rules:
            reply = pattern.sub(replacement, reply)
        return reply


def connect_to_path(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(TIMEOUT_S)
    connection.connect(path)
    return connection


def connect_to_port(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def converse(connect, case, rules, piece_bytes):
    with connect() as cleaner:
        cleaner.sendall(b"flush_all\r\n")
        cleaner.recv(100)
    conversation = Conversation(connect, piece_bytes)
    conversation.run(case)
    return conversation.normalised(rules)


def shorten(reply):
    return reply if len(reply) < 2000 else reply[:1000] + b" ... " + reply[-1000:]


@unittest.skipIf(MEMCACHED is None,
                 "memcached is not installed: nothing to compare with (apt-get install memcached)")
class SameAsMemcached(unittest.TestCase):
    """Every case, as a whole in one write and in small pieces, on one lane and on two."""

    WHOLE = 1 << 30

    @classmethod
    def setUpClass(cls):
        cls.cases, cls.rules = read_cases(os.path.join(HERE, "memcache_cases.txt"))
        part = sys.argv[2] if len(sys.argv) > 2 else ""
        cls.cases = [case for case in cls.cases if part in case.name]
        cls.stack = contextlib.ExitStack()
        flags = ["-t", "1", "-m", "128"]
        path = cls.stack.enter_context(servers.memcached(MEMCACHED, flags))
        cls.memcached = functools.partial(connect_to_path, path)

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def compare(self, corelane, case, piece_bytes):
        for attempt in range(1, ATTEMPTS + 1):
            theirs = converse(self.memcached, case, self.rules, self.WHOLE)
            ours = converse(corelane, case, self.rules, piece_bytes)
            if case.reason is None and ours == theirs:
                return
            if case.reason is not None and ours == case.expected_reply() != theirs:
                return
            if attempt == ATTEMPTS:
                wanted = b"" if case.reason is None else b", wanted:\n" + case.expected_reply()
                self.fail(f"{case.name}\ncorelane:\n{shorten(ours).decode('latin-1')}"
                          f"\nmemcached:\n{shorten(theirs).decode('latin-1')}"
                          f"{wanted.decode('latin-1')}")

    def run_cases(self, lanes, piece_bytes, longest):
        flags = [f"--shards={lanes}", "--fsync=off", "--no-pin"]
        with servers.corelane(sys.argv[1], flags, ["memcache://127.0.0.1:0"]) as server:
            connect = functools.partial(connect_to_port, server.port)
            for case in self.cases:
                if sum(len(bytes_of(line)) for line in case.lines) > longest:
                    continue
                with self.subTest(case=case.name):
                    self.compare(connect, case, piece_bytes)

    def test_there_are_many_cases(self):
        self.assertEqual(len(self.cases), len({case.name for case in self.cases}))
        if len(sys.argv) < 3:
            self.assertGreater(len(self.cases), 250)

    def test_one_lane(self):
        self.run_cases(1, self.WHOLE, self.WHOLE)

    def test_two_lanes(self):
        self.run_cases(2, self.WHOLE, self.WHOLE)

    def test_byte_for_byte(self):
        self.run_cases(2, 1, 5000)


if __name__ == "__main__":
    tap.main()
