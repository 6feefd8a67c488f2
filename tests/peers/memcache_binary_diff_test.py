#!/usr/bin/env python3
"""Sends the same packets of memcache's binary protocol to Debian's memcached and to
corelane-server, and compares the replies byte for byte. Versions (cas) are compared by the order in
which those of a key first appear: what lanes give to different keys may be the same. Prints TAP.

usage: memcache_binary_diff_test.py CORELANE_SERVER
"""

import contextlib
import os
import socket
import struct
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import servers  # noqa: E402
import tap  # noqa: E402

HEADER = struct.Struct(">BBHBBHIIQ")
REPLY_TIMEOUT_S = 10
NOOP_OPAQUE = 0xfeedface
GET, SET, ADD, REPLACE, DELETE, INCR, DECR, QUIT, FLUSH = range(9)
GETQ, NOOP, VERSION, GETK, GETKQ, APPEND, PREPEND, STAT = range(9, 17)
SETQ, ADDQ, REPLACEQ, DELETEQ, INCRQ, DECRQ, QUITQ, FLUSHQ, APPENDQ, PREPENDQ = range(0x11, 0x1b)
TOUCH, GAT, GATQ, GATK, GATKQ = 0x1c, 0x1d, 0x1e, 0x23, 0x24
LIVE = struct.pack(">I", 100)
NO_INITIAL = 0xffffffff
MONTH_S = 30 * 24 * 3600


def packet(opcode, key=b"", value=b"", extras=b"", version=0, opaque=7):
    body = extras + key + value
    return HEADER.pack(0x80, opcode, len(key), len(extras), 0, 0, len(body), opaque, version) + body


def store(opcode, key, value, flags=0, expiry=0, version=0):
    return packet(opcode, key, value, struct.pack(">II", flags, expiry), version)


def add(opcode, key, delta, initial=0, expiry=0, version=0):
    return packet(opcode, key, b"", struct.pack(">QQI", delta, initial, expiry), version)


def key_of(request):
    _, _, key_bytes, extras_bytes, *_ = HEADER.unpack(request[:HEADER.size])
    begin = HEADER.size + extras_bytes
    return request[begin:begin + key_bytes]


# Name: packets. A number in place of a version stands for the Nth version that the key has had; see
# Peer.ask().
CASES = {
    "get": [packet(GET, b"k"), store(SET, b"k", b"v", 5), packet(GET, b"k"), packet(GETK, b"k"),
            packet(GETK, b"none"), packet(GETQ, b"k"), packet(GETQ, b"none"), packet(GETKQ, b"k"),
            packet(GETKQ, b"none"), packet(GET, b"\x00\xff \r\n")],
    "set": [store(SET, b"k", b""), packet(GET, b"k"), store(SET, b"k", bytes(range(256)), 2**32 - 1),
            packet(GET, b"k"), store(SETQ, b"k", b"quiet"), packet(GET, b"k"),
            store(SET, b"\x00\x01 key", b"v"), packet(GETK, b"\x00\x01 key"),
            store(SET, b"k" * 250, b"v"), packet(GET, b"k" * 250)],
    "expiry": [store(SET, b"k", b"v", 0, 100), packet(GET, b"k"), store(SET, b"k", b"v", 0, 1000000),
               packet(GET, b"k"), store(SET, b"k", b"v", 0, MONTH_S + 1), packet(GET, b"k")],
    "add and replace": [store(REPLACE, b"k", b"v"), store(ADD, b"k", b"v", 3),
                        store(ADD, b"k", b"w"), store(REPLACE, b"k", b"w", 4), packet(GET, b"k"),
                        store(ADDQ, b"k", b"x"), store(REPLACEQ, b"none", b"x"),
                        store(ADDQ, b"new", b"x"), store(REPLACEQ, b"new", b"y"),
                        packet(GET, b"new")],
    "append and prepend": [packet(APPEND, b"k", b"x"), packet(PREPEND, b"k", b"x"),
                           store(SET, b"k", b"b", 9), packet(APPEND, b"k", b"c"),
                           packet(PREPEND, b"k", b"a"), packet(GET, b"k"),
                           packet(APPENDQ, b"k", b"d"), packet(PREPENDQ, b"k", b"-"),
                           packet(APPENDQ, b"none", b"d"), packet(APPEND, b"k", b""),
                           packet(GET, b"k")],
    "delete": [packet(DELETE, b"k"), store(SET, b"k", b"v"), packet(DELETE, b"k"), packet(GET, b"k"),
               packet(DELETEQ, b"k"), store(SET, b"k", b"v"), packet(DELETEQ, b"k"),
               packet(GET, b"k")],
    "versions": [store(SET, b"k", b"v"), store(SET, b"k", b"w", 0, 0, 1), packet(GET, b"k"),
                 store(SET, b"k", b"x", 0, 0, 1), store(REPLACE, b"k", b"x", 0, 0, 2),
                 store(ADD, b"k", b"y", 0, 0, 1), store(SET, b"none", b"x", 0, 0, 1),
                 packet(APPEND, b"k", b"z", b"", 1), packet(GET, b"k"),
                 packet(DELETE, b"k", b"", b"", 1), packet(GET, b"k")],
    "numbers": [add(INCR, b"n", 1, 0, NO_INITIAL), add(INCR, b"n", 5, 10), add(INCR, b"n", 5, 10),
                add(DECR, b"n", 4), add(DECR, b"n", 100), packet(GET, b"n"),
                add(DECR, b"m", 1, 2**64 - 1), add(INCR, b"m", 2), add(INCRQ, b"m", 7),
                add(DECRQ, b"m", 1), add(INCRQ, b"none", 1, 0, NO_INITIAL), packet(GET, b"m"),
                add(INCR, b"short", 1, 5, 100), store(SET, b"word", b"x"), add(INCR, b"word", 1),
                add(DECRQ, b"word", 1), store(SET, b"padded", b"100"), add(DECR, b"padded", 91),
                packet(GET, b"padded")],
    "touch": [packet(TOUCH, b"k", b"", LIVE), store(SET, b"k", b"v", 6), packet(TOUCH, b"k", b"", LIVE),
              packet(GAT, b"k", b"", LIVE), packet(GATK, b"k", b"", LIVE),
              packet(GAT, b"none", b"", LIVE), packet(GATK, b"none", b"", LIVE),
              packet(GATQ, b"k", b"", LIVE), packet(GATQ, b"none", b"", LIVE),
              packet(GATKQ, b"none", b"", LIVE)],
    "flush": [store(SET, b"k", b"v"), packet(FLUSH), packet(GET, b"k"), store(SET, b"k", b"v"),
              packet(FLUSH, extras=bytes(4)), packet(GET, b"k"), packet(FLUSHQ)],
    "the rest": [packet(NOOP), packet(VERSION), packet(STAT, b"nothing of this name"),
                 packet(0x55), packet(0xff), packet(0x20), packet(NOOP, opaque=0xffffffff)],
}

# The connection ends after each of these.
LAST_PACKETS = {
    "quit": packet(QUIT), "quit quietly": packet(QUITQ), "get without a key": packet(GET),
    "get with a value": packet(GET, b"k", b"v"), "get with extras": packet(GET, b"k", b"", LIVE),
    "set without extras": packet(SET, b"k", b"v"), "set without a key": store(SET, b"", b"v"),
    "touch without extras": packet(TOUCH, b"k"), "incr with a value": packet(INCR, b"k", b"v"),
    "noop with a key": packet(NOOP, b"k"), "version with a key": packet(VERSION, b"k"),
    "quit with a key": packet(QUIT, b"k"), "a long key": packet(GET, b"k" * 251),
    "a key longer than the body": packet(GET, b"key")[:8] + bytes(4) + packet(GET, b"key")[12:],
}


class Peer:
    """A connection that asks one packet at a time, and knows the versions it has seen."""

    def __init__(self, address):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(REPLY_TIMEOUT_S)
        self.socket.connect(address)
        self.file = self.socket.makefile("rb")
        self.versions = {}  # of each key, in order

    def close(self):
        self.file.close()
        self.socket.close()

    def read_reply(self, key):
        head = self.file.read(HEADER.size)
        if len(head) < HEADER.size:
            return None
        fields = list(HEADER.unpack(head))
        body = self.file.read(fields[6])
        if fields[8]:
            known = self.versions.setdefault(key, [])
            if fields[8] not in known:
                known.append(fields[8])
            fields[8] = 1 + known.index(fields[8])
        return (*fields, body)

    def ask(self, request):
        """All replies to a request: a NOOP behind it says where they end."""
        key, number = key_of(request), HEADER.unpack(request[:HEADER.size])[8]
        known = self.versions.get(key, [])
        if number and number <= len(known):
            request = request[:16] + struct.pack(">Q", known[number - 1]) + request[24:]
        self.socket.sendall(request + packet(NOOP, opaque=NOOP_OPAQUE))
        replies = []
        while True:
            reply = self.read_reply(key)
            if reply is None or reply[7] == NOOP_OPAQUE:
                return replies
            replies.append(reply)

    def ask_last(self, request):
        self.socket.sendall(request)
        replies = []
        while (reply := self.read_reply(key_of(request))) is not None:
            replies.append(reply)
        return replies


class BinaryDiff(unittest.TestCase):
    """One test for all cases of one number of lanes."""

    @classmethod
    def setUpClass(cls):
        path = servers.program("memcached")
        if path is None:
            raise unittest.SkipTest("there is no memcached (package memcached)")
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.memcached = stack.enter_context(servers.memcached(path))
        cls.corelane = {}
        for lanes in (1, 3):
            flags = [f"--shards={lanes}", "--fsync=off", "--no-pin"]
            server = servers.corelane(SERVER, flags, ["memcache://127.0.0.1:0"])
            cls.corelane[lanes] = stack.enter_context(server).addresses[0]

    def compare(self, name, lanes, requests, ask):
        with contextlib.closing(Peer(self.memcached)) as theirs, \
                contextlib.closing(Peer(self.corelane[lanes])) as ours, self.subTest(name):
            for peer in (theirs, ours):
                self.assertEqual(len(peer.ask(packet(FLUSH))), 1)
            for request in requests:
                self.assertEqual(ask(ours, request), ask(theirs, request), request)

    def compare_all(self, lanes):
        for name, requests in CASES.items():
            self.compare(name, lanes, requests, Peer.ask)
        for name, request in LAST_PACKETS.items():
            self.compare(name, lanes, [request], Peer.ask_last)

    def test_one_lane(self):
        self.compare_all(1)

    def test_three_lanes(self):
        self.compare_all(3)


if __name__ == "__main__":
    SERVER = sys.argv[1]
    tap.main()
