"""Servers for the tests in this folder: each in a temporary directory, on a port or path of its own,
gone when its `with` block ends."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time

READY_TIMEOUT_S = 30
STOP_TIMEOUT_S = 30
# Big enough for every limit that redis itself has to be reached first.
WIDE_LIMITS = ["--max-key-bytes=65535", "--max-value-bytes=512mb"]


class ServerError(Exception):
    """A server that does not start, or ends badly."""


def program(name):
    """The path of a program of the system, or None."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


@contextlib.contextmanager
def running(arguments, directory, **options):
    """Runs a program; what it says on standard error goes to a file in `directory`."""
    log_path = os.path.join(directory, "stderr")
    with open(log_path, "ab") as log:
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            arguments, cwd=directory, stdin=subprocess.DEVNULL, stderr=log, **options)
    process.log_path = log_path
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout:
            process.stdout.close()


def log_of(process):
    with open(process.log_path, encoding="utf-8", errors="replace") as log:
        return log.read()[-2000:]


class Corelane:
    """A corelane-server that can be stopped and started again on the same port and data."""

    def __init__(self, path, directory, listen, flags=()):
        self.path = path
        self.directory = directory
        self.listen = list(listen)
        self.flags = list(flags)
        self.stack = contextlib.ExitStack()
        self.process = None
        self.addresses = []

    @property
    def port(self):
        return self.addresses[0][1]

    def start(self):
        command = [self.path, *self.flags, "--data-dir", os.path.join(self.directory, "data")]
        command += [f"--listen={listen}" for listen in self.listen]
        self.process = self.stack.enter_context(
            running(command, self.directory, stdout=subprocess.PIPE))
        self.addresses = []
        for line in self.process.stdout:
            if line == b"ready\n":
                return
            host, _, port = line.decode().rpartition("address=")[2].strip().rpartition(":")
            self.addresses.append((host, int(port)))
        raise ServerError(f"corelane-server did not start: {log_of(self.process)}")

    def stop(self):
        self.stack.close()

    def restart(self):
        """Ends the server as an administrator would, and starts it at the same addresses."""
        self.stop()
        schemes = [listen.partition("://")[0] for listen in self.listen]
        self.listen = [f"{scheme}://{host}:{port}"
                       for scheme, (host, port) in zip(schemes, self.addresses)]
        self.start()


@contextlib.contextmanager
def corelane(path, flags=(), listen=("resp://127.0.0.1:0",)):
    with tempfile.TemporaryDirectory(prefix="corelane-peers-") as directory:
        server = Corelane(os.path.abspath(path), directory, listen, flags)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def accepts(address):
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(address)
        except OSError:
            return False
        return True


def wait_until_accepting(name, process, address):
    """Neither peer says when it is ready, so it is tried."""
    end = time.monotonic() + READY_TIMEOUT_S
    while not accepts(address):
        if process.poll() is not None or time.monotonic() > end:
            raise ServerError(f"{name} did not start: {log_of(process)}")
        time.sleep(0.01)


@contextlib.contextmanager
def redis(path, flags=()):
    """redis-server without persistence on a socket of its own; gives the socket's path."""
    with tempfile.TemporaryDirectory(prefix="corelane-peers-") as directory:
        address = os.path.join(directory, "redis")
        command = [path, "--port", "0", "--unixsocket", address, "--save", "",
                   "--appendonly", "no", "--dir", directory, *flags]
        with running(command, directory, stdout=subprocess.DEVNULL) as process:
            wait_until_accepting("redis-server", process, address)
            yield address


@contextlib.contextmanager
def memcached(path, flags=()):
    """memcached on a socket of its own; gives the socket's path."""
    with tempfile.TemporaryDirectory(prefix="corelane-peers-") as directory:
        address = os.path.join(directory, "memcached")
        user = ["-u", "root"] if os.geteuid() == 0 else []
        with running([path, "-s", address, *user, *flags], directory) as process:
            wait_until_accepting("memcached", process, address)
            yield address
