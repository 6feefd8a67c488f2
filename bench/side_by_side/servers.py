"""Servers under test: how each is started on a free loopback port, pinned to its cores, and stopped
again.

A server lives in a directory of its own below the run's temporary one and dies with this process,
however that ends.
"""

import ctypes
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time

START_TIMEOUT_S = 20
STOP_TIMEOUT_S = 20
PR_SET_PDEATHSIG = 1
# What corelane-server and floor-server print.
LISTENING = re.compile(r"^listening scheme=\w+ address=127\.0\.0\.1:(\d+)$", re.MULTILINE)
READY = re.compile(r"^ready$", re.MULTILINE)


class ServerError(Exception):
    """A server that is not there, does not start, or has died; the message is for people."""


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
    """A running server. With port 0 it chooses one itself and prints it, as ours do."""

    def __init__(self, argv, directory, cpus, port=0):
        os.makedirs(directory)
        self.name = os.path.basename(argv[0])
        self.port = port
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

    def output(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def last_words(self):
        return self.output()[-400:].strip()

    def _is_up(self):
        if self.port == 0:
            output = self.output()
            match = LISTENING.search(output)
            if not match or not READY.search(output):
                return False
            self.port = int(match.group(1))
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
            if self._is_up():
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


class Launcher:
    """Knows the command line of every contestant. One per run."""

    def __init__(self, build_dir, data_dir):
        self.build_dir = build_dir
        self.data_dir = data_dir
        self.count = 0

    def _program(self, name, package=None):
        path = shutil.which(name) if package else os.path.join(self.build_dir, name)
        if not path or not os.access(path, os.X_OK):
            hint = f" (Debian package {package})" if package else ""
            raise ServerError(f"{name} is not there{hint}")
        return path

    def _start(self, argv, cpus, port=0, directory=None):
        self.count += 1
        directory = directory or os.path.join(self.data_dir, f"server-{self.count}")
        return Server(argv, directory, cpus, port)

    def redis(self, cpus, log=False):
        port = free_port()
        argv = [self._program("redis-server", "redis-server"), "--port", str(port),
                "--bind", "127.0.0.1", "--daemonize", "no", "--save", ""]
        if log:
            # Without rewrites: what is compared is the steady cost of the log, and corelane takes no
            # checkpoint here.
            argv += ["--appendonly", "yes", "--appendfsync", "everysec",
                     "--auto-aof-rewrite-percentage", "0"]
        return self._start(argv, cpus, port)

    def memcached(self, cpus):
        port = free_port()
        user = pwd.getpwuid(os.geteuid()).pw_name
        argv = [self._program("memcached", "memcached"), "-l", "127.0.0.1", "-p", str(port),
                "-t", "1", "-m", "16384", "-u", user]
        return self._start(argv, cpus, port)

    def floor(self, cpus, back_end, operation):
        argv = [self._program("bench/floor-server"), "--io", back_end, "--op", operation]
        return self._start(argv, cpus)

    def corelane(self, cpus, back_end, shards=1, fsync="off"):
        self.count += 1
        directory = os.path.join(self.data_dir, f"server-{self.count}")
        argv = [self._program("corelane-server"), "--listen=auto://127.0.0.1:0",
                f"--shards={shards}", f"--fsync={fsync}", f"--io={back_end}",
                f"--data-dir={os.path.join(directory, 'data')}"]
        return self._start(argv, cpus, directory=directory)
