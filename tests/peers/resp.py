"""RESP from the outside: words in redis-cli's quoting, one connection, replies as the bytes they
came as, and how two replies are compared."""

import re
import socket
import time

REPLY_TIMEOUT_S = 10
ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "b": b"\b", "a": b"\a"}
REPEATED = re.compile(r"<(.)\*(\d+)>")


class QuotingError(Exception):
    """A line that redis-cli would not take either."""


class Closed(Exception):
    """The server has closed the connection; `args[0]` is what it had sent of the next reply."""


def read_quoted(line, at):
    """The bytes between the quotes that begin at `at`, and where the closing one is."""
    quote, word = line[at], b""
    at += 1
    while at < len(line) and line[at] != quote:
        char, after = line[at], line[at + 1:at + 2]
        if char == "\\" and quote == '"' and after:
            hexadecimal = re.match(r"\\x([0-9a-fA-F]{2})", line[at:])
            if hexadecimal:
                word += bytes.fromhex(hexadecimal.group(1))
                at += 4
            else:
                word += ESCAPES.get(after, after.encode())
                at += 2
        elif char == "\\" and quote == "'" and after == "'":
            word += b"'"
            at += 2
        else:
            word += char.encode()
            at += 1
    if at == len(line):
        raise QuotingError(f"unbalanced quotes: {line}")
    return word, at


def split_words(line):
    """The words of a line in redis-cli's quoting, as bytes. One thing more: <x*1000> is a thousand
    x."""
    words, at = [], 0
    while True:
        while at < len(line) and line[at] == " ":
            at += 1
        if at == len(line):
            return words
        word = b""
        while at < len(line) and line[at] != " ":
            repeated = REPEATED.match(line, at)
            if repeated:
                word += repeated.group(1).encode() * int(repeated.group(2))
                at = repeated.end()
                continue
            if line[at] in "\"'":
                piece, at = read_quoted(line, at)
                word += piece
            else:
                word += line[at].encode()
            at += 1
        words.append(word)


def encode(words):
    """A request as clients send it: an array of bulk strings."""
    bulks = b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
    return b"*%d\r\n%b" % (len(words), bulks)


class Connection:
    """One connection to a server at `address`: a path, or a pair of host and port."""

    def __init__(self, address):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(REPLY_TIMEOUT_S)
        self.socket.connect(address)
        if family == socket.AF_INET:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""
        self.taken = 0

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        try:
            got = self.socket.recv(1 << 18)
        except ConnectionResetError:
            got = b""
        if not got:
            raise Closed(self.unread)
        self.unread += got

    def skip_line(self):
        while True:
            end = self.unread.find(b"\r\n", self.taken)
            if end >= 0:
                line = self.unread[self.taken:end]
                self.taken = end + 2
                return line
            self.more()

    def skip_element(self):
        line = self.skip_line()
        mark, rest = line[:1], line[1:]
        if mark in b"$=!(" and mark != b"(" and rest != b"-1":
            end = self.taken + int(rest) + 2
            while len(self.unread) < end:
                self.more()
            self.taken = end
        elif mark in b"*~>%|" and mark:
            elements = max(int(rest), 0) * (2 if mark in b"%|" else 1)
            for _ in range(elements):
                self.skip_element()
            if mark == b"|":
                self.skip_element()  # attributes go before the reply they belong to

    def reply(self):
        """The bytes of the next reply."""
        self.taken = 0
        self.skip_element()
        reply, self.unread = self.unread[:self.taken], self.unread[self.taken:]
        return reply

    def ask(self, *words):
        self.send(encode(words))
        return self.reply()

    def rest(self, last=None):
        """All bytes until the server closes, or until they end with `last`."""
        try:
            while last is None or not self.unread.endswith(last):
                self.more()
        except Closed:
            pass
        rest, self.unread = self.unread, b""
        return rest


def parse(reply, at=0):
    """A reply as (mark, content) pairs, nested; and where the next one begins."""
    end = reply.index(b"\r\n", at)
    mark, rest = chr(reply[at]), reply[at + 1:end]
    at = end + 2
    if mark in "$=!":
        if rest == b"-1":
            return (mark, None), at
        return (mark, reply[at:at + int(rest)]), at + int(rest) + 2
    if mark in "*~>%|":
        if rest == b"-1":
            return (mark, None), at
        elements = []
        for _ in range(int(rest) * (2 if mark in "%|" else 1)):
            element, at = parse(reply, at)
            elements.append(element)
        return (mark, elements), at
    return (mark, rest), at


def tree(reply):
    return parse(reply)[0]


# --- Ways to compare, each from a reply to what must be equal -------------------------------------


def shape(reply):
    """The types alone, and how many elements there are."""
    def shape_of(node):
        mark, content = node
        if isinstance(content, list):
            return mark, [shape_of(element) for element in content]
        return mark, content is None
    return shape_of(tree(reply))


def outer_type(reply):
    """The type of the whole reply."""
    mark, content = tree(reply)
    return mark, content is None


def in_any_order(reply):
    """An array whose order is free."""
    mark, content = tree(reply)
    return mark, sorted(content, key=repr) if isinstance(content, list) else content


def first_word(reply):
    """Of an error its code, of anything else its type."""
    return reply.split()[0] if reply[:1] == b"-" else outer_type(reply)


def near(apart_max):
    """Numbers that may lie so far apart, because time passes between two requests."""
    def same(left, right):
        (left_mark, left_text), (right_mark, right_text) = tree(left), tree(right)
        if left_mark != ":" or right_mark != ":":
            return left == right
        return abs(int(left_text) - int(right_text)) <= apart_max
    return same


def by(view):
    """Compares what `view` makes of the replies."""
    return lambda left, right: view(left) == view(right)


def now_words(words):
    """Replaces NOW+n and NOWMS+n by the time, so that a line can name a moment to come."""
    def replaced(word):
        found = re.fullmatch(rb"NOW(MS)?([+-]\d+)", word)
        if not found:
            return word
        return b"%d" % (int(time.time()) * (1000 if found.group(1) else 1) + int(found.group(2)))
    return [replaced(word) for word in words]
