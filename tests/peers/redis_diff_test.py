#!/usr/bin/env python3
"""Sends the same bytes to Debian's redis-server and to corelane-server and compares the replies byte
for byte: in RESP2 and RESP3, on one lane and on three. The commands are in redis_commands_*.txt
beside this file. Prints TAP.

usage: redis_diff_test.py CORELANE_SERVER [WORDS]     only the files with one of WORDS in the name

A file has one command a line, in the quoting of redis-cli; <x*1000> is a thousand x, NOW+10 and
NOWMS+10 are moments. A blank line ends a case; each case begins on new connections with an empty
keyspace. `#` begins a comment. Before the command a line can say:

  @2          it is sent on a second connection of the case
  @raw        what follows is one word, whose bytes are sent as they are
  @close      the same, and the server closes the connection after its reply
  @any_order  an array whose order is free
  @shape      only the types of the reply and the numbers of elements are compared
  @type       only the type of the whole reply is compared
  @near       numbers may be 1 apart, for seconds;  @nearms  1000 apart, for milliseconds
  @scan       repeated with each cursor that comes back until it is 0; all keys are compared, as a set
  @unknown    redis knows the command and corelane does not: it must say what redis says for a
              command that it does not know

A line `@differs REASON` before a command says that its reply differs on purpose. The test fails when
it no longer does.
"""

import contextlib
import glob
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import resp  # noqa: E402
import servers  # noqa: E402
import tap  # noqa: E402

SENTINEL = b"the end of what was sent as it is"
MISMATCHES_A_CASE_MAX = 6
SHOWN_BYTES_MAX = 600
COMPARISONS = {
    "@any_order": resp.by(resp.in_any_order),
    "@shape": resp.by(resp.shape),
    "@type": resp.by(resp.outer_type),
    "@near": resp.near(1),
    "@nearms": resp.near(1000),
}
WAYS_TO_SEND = ["@raw", "@close", "@scan", "@unknown"]
LANES = (1, 3)
# Commands that are only answered, and so neither read nor write.
TOUCH_NO_DATA_HERE = {b"lolwut", b"swapdb"}
REDIS_FLAGS = ["--databases", "1", "--enable-debug-command", "yes"]


class Line:
    """One command of a case."""

    def __init__(self, place, text, differs):
        self.place = place
        self.text = text
        self.differs = differs
        self.connection = 0
        self.send = None
        self.same = resp.by(lambda reply: reply)
        while text.startswith("@"):
            mark, _, text = text.partition(" ")
            if mark == "@2":
                self.connection = 1
            elif mark in WAYS_TO_SEND:
                self.send = mark
            else:
                self.same = COMPARISONS[mark]
        self.words = resp.split_words(text)


def read_cases(path):
    """The cases of a file: lists of lines."""
    cases, case, differs = [], [], None
    with open(path, encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            text = text.strip()
            if text.startswith("@differs "):
                differs = text.partition(" ")[2]
            elif text and not text.startswith("#"):
                case.append(Line(f"{os.path.basename(path)}:{number}", text, differs))
                differs = None
            elif not text and case:
                cases.append(case)
                case = []
    return cases + [case] if case else cases


class Side:
    """One of the two servers, with the connections of the present case."""

    def __init__(self, address, protocol, is_redis):
        self.address = address
        self.protocol = protocol
        self.is_redis = is_redis
        self.connections = []

    def begin_case(self, connections):
        self.end_case()
        control = resp.Connection(self.address)
        with contextlib.closing(control):
            control.ask(b"FLUSHALL")
        for _ in range(connections):
            connection = resp.Connection(self.address)
            self.connections.append(connection)
            if self.protocol == 3:
                connection.ask(b"HELLO", b"3")

    def end_case(self):
        for connection in self.connections:
            connection.close()
        self.connections = []

    def answer(self, line, words):
        connection = self.connections[line.connection]
        try:
            if line.send == "@raw":
                connection.send(words[0] + resp.encode([b"ECHO", SENTINEL]))
                return connection.rest(SENTINEL + b"\r\n")
            if line.send == "@close":
                connection.send(words[0])
                return connection.rest()
            if line.send == "@scan":
                return self.scan(connection, words)
            if line.send == "@unknown" and self.is_redis:
                return self.unknown(connection, words)
            return connection.ask(*words)
        except resp.Closed as closed:
            return closed.args[0] + b"(closed)"
        except BrokenPipeError:
            return b"(closed)"
        except TimeoutError:
            return connection.unread + b" (nothing more)"

    @staticmethod
    def scan(connection, words):
        """The keys that a whole SCAN returns, sorted; an error as it is."""
        keys, cursor = [], words[1]
        while True:
            reply = connection.ask(words[0], cursor, *words[2:])
            if reply[:1] != b"*":
                return reply
            next_cursor, found = resp.tree(reply)[1]
            keys += [key for _, key in found[1]]
            cursor = next_cursor[1]
            if cursor == b"0":
                return b" ".join(sorted(set(keys)))

    @staticmethod
    def unknown(connection, words):
        """What redis says to a word of the same length that it does not know."""
        stand_in = b"~" + words[0][1:]
        reply = connection.ask(stand_in, *words[1:])
        return reply.replace(b"'" + stand_in[:128] + b"'", b"'" + words[0][:128] + b"'", 1)


def shown(reply):
    text = repr(reply)[1:]
    return text if len(text) <= SHOWN_BYTES_MAX else text[:SHOWN_BYTES_MAX] + "..."


def same(line, theirs, ours):
    try:
        return line.same(theirs, ours)
    except (ValueError, IndexError):
        return theirs == ours  # no whole reply


def compare_case(case, redis, corelane):
    """What differs and should not, or should and does not, as readable lines."""
    connections = 1 + max(line.connection for line in case)
    for side in (redis, corelane):
        side.begin_case(connections)
    wrong = []
    for line in case:
        words = resp.now_words(line.words)
        theirs, ours = redis.answer(line, words), corelane.answer(line, words)
        if same(line, theirs, ours) == (line.differs is None):
            continue
        what = f"no longer differs: {line.differs}" if line.differs else "differs"
        wrong.append(f"{line.place}: {line.text[:200]}\n  {what}\n  redis     {shown(theirs)}"
                     f"\n  corelane  {shown(ours)}")
    for side in (redis, corelane):
        side.end_case()
    if len(wrong) > MISMATCHES_A_CASE_MAX:
        wrong[MISMATCHES_A_CASE_MAX:] = [f"and {len(wrong) - MISMATCHES_A_CASE_MAX} more"]
    return wrong


class RedisDiff(unittest.TestCase):
    """A test for each file, each number of lanes and each version of the protocol."""

    server = None  # the path of corelane-server

    @classmethod
    def setUpClass(cls):
        redis_path = servers.program("redis-server")
        if redis_path is None:
            raise unittest.SkipTest("there is no redis-server (package redis-server)")
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.redis = stack.enter_context(servers.redis(redis_path, REDIS_FLAGS))
        cls.corelane = {}
        for lanes in LANES:
            flags = [f"--shards={lanes}", "--fsync=off", "--no-pin", *servers.WIDE_LIMITS]
            server = stack.enter_context(servers.corelane(cls.server, flags))
            cls.corelane[lanes] = server.addresses[0]

    def compare_file(self, path, lanes, protocol):
        redis = Side(self.redis, protocol, True)
        corelane = Side(self.corelane[lanes], protocol, False)
        wrong = []
        for case in read_cases(path):
            wrong += compare_case(case, redis, corelane)
        if wrong:
            self.fail("\n" + "\n".join(wrong))

    def descriptions(self, address, names):
        """Of each command what clients go by: name, arity, whether it reads or writes, and its keys'
        positions."""
        with contextlib.closing(resp.Connection(address)) as connection:
            reply = connection.ask(b"COMMAND", b"INFO", *names)
        described = {}
        for name, (_, facts) in zip(names, resp.tree(reply)[1]):
            if facts is not None:
                flags = {flag for _, flag in facts[2][1]} & {b"readonly", b"write"}
                described[name] = ([content for _, content in facts[:2]], flags,
                                   [content for _, content in facts[3:6]])
        return described

    def test_commands_are_described_alike(self):
        with contextlib.closing(resp.Connection(self.corelane[1])) as connection:
            names = [name for _, name in resp.tree(connection.ask(b"COMMAND", b"LIST"))[1]]
        ours = self.descriptions(self.corelane[1], names)
        self.assertEqual(set(ours), set(names))
        for name, theirs in self.descriptions(self.redis, names).items():
            if name in TOUCH_NO_DATA_HERE:
                continue
            with self.subTest(name.decode()):
                self.assertEqual(ours[name], theirs)


def add_tests(paths):
    for path in paths:
        name = os.path.basename(path).removeprefix("redis_commands_").removesuffix(".txt")
        for lanes in LANES:
            for protocol in (2, 3):
                def test(self, path=path, lanes=lanes, protocol=protocol):
                    self.compare_file(path, lanes, protocol)
                setattr(RedisDiff, f"test_{name}_resp{protocol}_{lanes}_lanes", test)


if __name__ == "__main__":
    RedisDiff.server = sys.argv[1]
    only = sys.argv[2:]
    add_tests(path for path in sorted(glob.glob(os.path.join(HERE, "redis_commands_*.txt")))
              if not only or any(word in os.path.basename(path) for word in only))
    tap.main()
