"""Servers under test: the command line of every contestant, as `corelane-bench compare` starts it, and
servers that are started here, for what `compare` cannot do.

A server that is started here lives in a directory of its own, is pinned to its cores, and dies with
this process, however that ends.
"""

import ctypes
import dataclasses
import os
import pwd
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
START_TIMEOUT_S = 20
STOP_TIMEOUT_S = 20
PR_SET_PDEATHSIG = 1
PLAIN_WORD = re.compile(r"[\w@%+=:,./{}-]+")


class ServerError(Exception):
    """A server that is not there, does not start, or has died; the message is for people."""


@dataclasses.dataclass(frozen=True)
class Contestant:
    """A server that can be started. In its words {port} stands for a free port and {dir} for an empty
    directory.
    """

    label: str
    argv: tuple
    scheme: str = "resp"
    package: str = ""  # Debian's, where it is none of ours
    answers: str = ""  # the only requests it answers rightly; empty: all

    @property
    def target(self):
        return self.scheme + "://127.0.0.1:{port}"


def redis(log=False):
    words = ["redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--daemonize", "no",
             "--save", "", "--dir", "{dir}"]
    if log:
        # Without rewrites: what is compared is the steady cost of the log, and corelane takes no
        # checkpoint here.
        words += ["--appendonly", "yes", "--appendfsync", "everysec",
                  "--auto-aof-rewrite-percentage", "0"]
    return Contestant("redis, AOF everysec" if log else "redis", tuple(words),
                      package="redis-server")


def memcached():
    user = pwd.getpwuid(os.geteuid()).pw_name
    words = ("memcached", "-l", "127.0.0.1", "-p", "{port}", "-t", "1", "-m", "16384", "-u", user)
    return Contestant("memcached", words, "memcache", package="memcached")


def floor(build_dir, back_end, operation, label="floor"):
    words = (os.path.join(build_dir, "bench", "floor-server"), "--port={port}", f"--io={back_end}",
             f"--op={operation.lower()}")
    return Contestant(label, words, answers=operation)


def corelane(build_dir, back_end="auto", shards=1, fsync="off", label="corelane"):
    words = (os.path.join(build_dir, "corelane-server"), "--listen=auto://127.0.0.1:{port}",
             f"--shards={shards}", f"--fsync={fsync}", f"--io={back_end}", "--data-dir={dir}/data")
    return Contestant(label, words)


def check_program(contestant):
    """Raises ServerError when it is not there."""
    program = contestant.argv[0]
    if shutil.which(program):
        return
    hint = f" (Debian package {contestant.package})" if contestant.package else ""
    raise ServerError(f"{os.path.basename(program)} is not there{hint}")


def command_line(contestant):
    """For a shell in ROOT, with the placeholders. It stands in documents, so it has no path of this
    machine where it can do without.
    """
    words = list(contestant.argv)
    if os.path.isabs(words[0]):
        words[0] = os.path.relpath(words[0], ROOT)
    return " ".join(word if PLAIN_WORD.fullmatch(word) else shlex.quote(word) for word in words)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _pin_and_tie(cpus):
    """What the child does before it becomes the server."""
    libc = ctypes.CDLL(None)

    def prepare():
        os.sched_setaffinity(0, cpus)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return prepare


class Server:
    """A running server; port 0 is a free one."""

    def __init__(self, contestant, directory, cpus, port=0):
        check_program(contestant)
        os.makedirs(directory)
        self.name = os.path.basename(contestant.argv[0])
        self.port = port or free_port()
        self.target = contestant.target.format(port=self.port)
        argv = [word.replace("{port}", str(self.port)).replace("{dir}", directory)
                for word in contestant.argv]
        argv[0] = os.path.abspath(shutil.which(argv[0]))
        self.log_path = os.path.join(directory, "output")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                argv, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=_pin_and_tie(cpus))
        self.pid = self.process.pid
        try:
            self._wait_until_up()
        except ServerError:
            self.stop()
            raise

    def last_words(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()[-400:].strip()

    def _accepts(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _wait_until_up(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                code = self.process.returncode
                raise ServerError(f"{self.name} ended with {code}: {self.last_words()}")
            if self._accepts():
                return
            time.sleep(0.02)
        raise ServerError(f"{self.name} is not up after {START_TIMEOUT_S} s: {self.last_words()}")

    def resident_bytes(self):
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
