"""The experiments: who competes under which load. Each returns plain data, {load: {contestant: [one
result a round]}}.

Rounds are interleaved (A B C A B C ...), so that a slow minute of the machine hits everybody, and
only ratios within a run are judged. All contestants of an experiment are up for its whole length;
the idle ones cost next to nothing.
"""

import contextlib
import sys
import time

from .load import LoadError
from .servers import ServerError

CONNECTIONS = 50
FILL = {"op": "fill", "connections": 4, "pipeline": 64}


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Contestant:
    """A name, how to start it, what to speak to it, and whether it stores anything (`fill`)."""

    def __init__(self, name, start, protocol="resp", fill=True, loads=None):
        self.name = name
        self.start = start
        self.protocol = protocol
        self.fill = fill
        self.loads = loads  # None: all of them

    def takes(self, load):
        """Whether it takes part under the load of this name."""
        return self.loads is None or load in self.loads


class Bench:
    """What all experiments share: sizes, servers, generator, the notes on what could not be run,
    the time that is left.
    """

    def __init__(self, sizes, launcher, generator, cpus, deadline):
        self.sizes = sizes
        self.launcher = launcher
        self.generator = generator
        self.server_cpu = {cpus[0]}
        self.two_cpus = set(cpus[:2])
        self.deadline = deadline
        self.notes = []

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)
            say(text)

    def late(self, what):
        """Whether there is no time left; what is left out is noted."""
        if time.monotonic() < self.deadline:
            return False
        self.note(f"left out for want of time: {what}")
        return True

    @contextlib.contextmanager
    def running(self, contestant):
        """The contestant's server, or None with a note when it does not start."""
        try:
            server = contestant.start()
        except ServerError as error:
            self.note(f"{contestant.name}: {error}")
            yield None
            return
        try:
            yield server
        finally:
            server.stop()

    def load(self, contestant, server, **flags):
        """One run of the generator; None with a note when it fails."""
        try:
            return self.generator.run(server, contestant.protocol, **flags)
        except LoadError as error:
            self.note(f"{contestant.name}: {error}")
            return None

    def compete(self, contestants, loads, seconds):
        """Starts and fills all contestants, then runs each load in interleaved rounds."""
        with contextlib.ExitStack() as stack:
            ready = []
            for contestant in contestants:
                server = stack.enter_context(self.running(contestant))
                if server and self.prepare(contestant, server):
                    ready.append((contestant, server))
            results = {}
            for name, flags in loads.items():
                field = [(one, server) for one, server in ready if one.takes(name)]
                say(f"{name}: {', '.join(one.name for one, _ in field)}")
                results[name] = self.rounds(name, field, {"seconds": seconds, **flags})
        return results

    def prepare(self, contestant, server):
        """Stores all keys, if the contestant stores any; whether that worked."""
        if not contestant.fill:
            return True
        return self.load(contestant, server, keys=self.sizes.keys, **FILL) is not None

    def rounds(self, name, field, flags):
        """The interleaved rounds of one load. Whoever fails is out of the rest of them."""
        results = {}
        for _ in range(self.sizes.rounds):
            if self.late(name):
                break
            for contestant, server in list(field):
                result = self.load(
                    contestant, server, keys=self.sizes.keys, connections=CONNECTIONS, **flags
                )
                if result is None:
                    field.remove((contestant, server))
                else:
                    results.setdefault(contestant.name, []).append(result)
        return results


BACK_ENDS = {"epoll": "epoll", "io_uring": "uring"}


def _corelane(bench, back_end, **options):
    return lambda: bench.launcher.corelane(bench.server_cpu, back_end, **options)


def _floor(bench, back_end, operation):
    return lambda: bench.launcher.floor(bench.server_cpu, back_end, operation)


def closed_loop(bench):
    """GET hits and SETs over all keys, log off, unpipelined and pipelined."""
    loads = {f"{operation} pipeline {depth}": {"op": operation.lower(), "pipeline": depth}
             for depth in (1, 16, 64) for operation in ("GET", "SET")}
    contestants = [
        Contestant("redis", lambda: bench.launcher.redis(bench.server_cpu)),
        Contestant("memcached", lambda: bench.launcher.memcached(bench.server_cpu), "memcached"),
    ]
    for name, back_end in BACK_ENDS.items():
        for operation in ("get", "set"):
            mine = [load for load in loads if load.startswith(operation.upper())]
            contestants.append(Contestant(f"floor, {name}", _floor(bench, back_end, operation),
                                          fill=False, loads=mine))
    for name, back_end in BACK_ENDS.items():
        contestants.append(Contestant(f"corelane, {name}", _corelane(bench, back_end)))
    contestants.append(
        Contestant("corelane, io_uring, native", _corelane(bench, "uring"), "native"))
    return bench.compete(contestants, loads, bench.sizes.seconds)


def everysec(bench):
    """SETs with a log that is synced once a second, on the same disk."""
    contestants = [
        Contestant("redis, AOF everysec", lambda: bench.launcher.redis(bench.server_cpu, log=True))]
    for name, back_end in BACK_ENDS.items():
        contestants.append(
            Contestant(f"corelane, {name}, everysec", _corelane(bench, back_end, fsync="everysec")))
    contestants.append(Contestant("corelane, io_uring, no log", _corelane(bench, "uring")))
    loads = {"SET pipeline 16, everysec": {"op": "set", "pipeline": 16}}
    return bench.compete(contestants, loads, bench.sizes.log_seconds)


def lanes(bench):
    """What a second lane costs: keys are spread evenly, so half of all requests cross to the other
    lane.

    Both lanes on one core is what a server pays that has twice the lanes and no core more; the
    lanes on a core each (the second is the generator's when there are only two) adds what moving
    cache lines between cores costs.
    """
    loads = {f"{operation} pipeline {depth}, lanes": {"op": operation.lower(), "pipeline": depth}
             for operation, depth in (("GET", 1), ("GET", 16), ("SET", 16))}
    contestants = [
        Contestant("1 lane", _corelane(bench, "auto")),
        Contestant("2 lanes, one core", _corelane(bench, "auto", shards=2)),
        Contestant("2 lanes, two cores",
                   lambda: bench.launcher.corelane(bench.two_cpus, "auto", shards=2)),
    ]
    return bench.compete(contestants, loads, bench.sizes.seconds)


def memory(bench):
    """Resident bytes per key: how much a fresh server grows by storing the keys."""
    contestants = [
        Contestant("redis", lambda: bench.launcher.redis(bench.server_cpu)),
        Contestant("memcached", lambda: bench.launcher.memcached(bench.server_cpu), "memcached"),
        Contestant("corelane", _corelane(bench, "auto")),
    ]
    results = {}
    for contestant in contestants:
        if bench.late("memory"):
            break
        say(f"memory: {contestant.name}")
        with bench.running(contestant) as server:
            if server is None:
                continue
            before = server.resident_bytes()
            if bench.load(contestant, server, keys=bench.sizes.memory_keys, **FILL):
                grown = server.resident_bytes() - before
                results[contestant.name] = {"keys": bench.sizes.memory_keys, "before_bytes": before,
                                            "bytes_per_key": grown / bench.sizes.memory_keys}
    return results


def growth(bench):
    """The longest wait for a reply while one connection fills an empty server, 16 SETs at a time.

    The floor stores nothing, so what it waits is the machine's own: nobody can do better on it.
    """
    contestants = [
        Contestant("redis", lambda: bench.launcher.redis(bench.server_cpu)),
        Contestant("memcached", lambda: bench.launcher.memcached(bench.server_cpu), "memcached"),
        Contestant("floor, epoll", _floor(bench, "epoll", "set")),
    ]
    for name, back_end in BACK_ENDS.items():
        contestants.append(Contestant(f"corelane, {name}", _corelane(bench, back_end)))
    results = {}
    for _ in range(bench.sizes.growth_rounds):
        for contestant in contestants:
            if bench.late("growth"):
                return results
            say(f"growth: {contestant.name}")
            with bench.running(contestant) as server:
                if server is None:
                    continue
                flags = {"keys": bench.sizes.growth_keys, "connections": 1, "pipeline": 16}
                result = bench.load(contestant, server, op="fill", **flags)
                if result:
                    results.setdefault(contestant.name, []).append(result)
    return results


EXPERIMENTS = {
    "closed_loop": closed_loop,
    "everysec": everysec,
    "lanes": lanes,
    "memory": memory,
    "growth": growth,
}
