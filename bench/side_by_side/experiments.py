"""The experiments. Each returns plain data: most of them a list of cells, which are comparisons of two
servers under one load (bench.summary() has what is in a cell), A being what corelane is held
against.

They run in this order until the time is up, so what matters most comes first.
"""

from .bench import BenchError, Load, say
from .servers import ServerError, corelane, floor, memcached, redis

PIPELINES = (1, 16, 64)
BACK_ENDS = {"io_uring": "uring", "epoll": "epoll"}
ALL_LOADS = [Load(mix, depth) for mix in ("GET", "SET", "GET and SET") for depth in PIPELINES]


def compare_all(bench, loads, a, b):
    cells = [bench.compare(load, a, b) for load in loads]
    return [cell for cell in cells if cell]


def against_floor(bench):
    """What corelane costs over a server that does nothing."""
    cells = []
    for name, back_end in BACK_ENDS.items():
        for operation in ("GET", "SET"):
            mine = corelane(bench.build_dir, back_end, label=f"corelane, {name}")
            other = floor(bench.build_dir, back_end, operation, label=f"floor, {name}")
            cells += compare_all(bench, [Load(operation, 1)], other, mine)
    return cells


def against_redis(bench):
    """Log off, all loads; and pipelined on epoll, which the targets ask for as well."""
    on_epoll = [Load(mix, depth) for mix in ("GET", "SET") for depth in (16, 64)]
    cells = []
    for name, loads in (("io_uring", ALL_LOADS), ("epoll", on_epoll)):
        mine = corelane(bench.build_dir, BACK_ENDS[name], label=f"corelane, {name}")
        cells += compare_all(bench, loads, redis(), mine)
    return cells


def against_memcached(bench):
    mine = corelane(bench.build_dir, "uring", label="corelane, io_uring")
    return compare_all(bench, ALL_LOADS, memcached(), mine)


def with_log(bench):
    """Writes and mixed, with a log that is synced once a second, on the same disk."""
    loads = [load for load in ALL_LOADS if load.mix != "GET"]
    cells = []
    for name, mine in (("io_uring", loads), ("epoll", [Load("SET", 16)])):
        logging = corelane(bench.build_dir, BACK_ENDS[name], fsync="everysec",
                           label=f"corelane, {name}, everysec")
        cells += compare_all(bench, mine, redis(log=True), logging)
    return cells


def lanes(bench):
    """What a second lane costs: keys are spread evenly, so half of all requests cross to the other
    lane.

    Both lanes on one core is what a server pays that has twice the lanes and no core more; the
    lanes on a core each (the second is the generator's when there are only two) adds what moving
    cache lines between cores costs.
    """
    loads = [Load("GET", 1), Load("GET", 16), Load("SET", 16)]
    one = corelane(bench.build_dir, label="1 lane")
    cells = []
    for where, cpus in (("one core", bench.server_cpus), ("two cores", bench.two_cpus)):
        two = corelane(bench.build_dir, shards=2, label=f"2 lanes, {where}")
        cells += [bench.compare(load, one, two, server_cpus=cpus) for load in loads]
    return [cell for cell in cells if cell]


def memory(bench):
    """Resident bytes per key: how much a fresh server grows by storing the keys."""
    results = {}
    for contestant in (corelane(bench.build_dir), redis(), memcached()):
        name = f"memory: {contestant.label}"
        keys = bench.sizes.memory_keys
        if bench.late(name, 2 + keys / 300_000):
            break
        say(name)
        try:
            server = bench.start(contestant)
            try:
                before = server.resident_bytes()
                bench.fill(server, keys)
                grown = server.resident_bytes() - before
            finally:
                server.stop()
        except (BenchError, ServerError) as error:
            bench.note(f"{name}: {error}")
            continue
        results[contestant.label] = {"keys": keys, "before_bytes": before,
                                     "bytes_per_key": grown / keys}
    return results


def growth(bench):
    """The longest wait for a reply while one connection fills an empty server, 16 SETs under way.

    The floor stores nothing, so what it waits is the machine's own: nobody can do better on it.
    """
    contestants = [corelane(bench.build_dir, back_end, label=f"corelane, {name}")
                   for name, back_end in BACK_ENDS.items()]
    contestants += [floor(bench.build_dir, "epoll", "SET", label="floor, epoll"), redis(),
                    memcached()]
    results = {}
    for contestant in contestants:
        name = f"growth: {contestant.label}"
        if bench.late(name, bench.sizes.growth_s()):
            break
        say(name)
        try:
            server = bench.start(contestant)
            try:
                run = bench.load_once(
                    server, 1, "--mix=insert=1", f"--operations={bench.sizes.growth_keys}",
                    "--connections=1", "--pipeline=16")
            finally:
                server.stop()
        except (BenchError, ServerError) as error:
            bench.note(f"{name}: {error}")
            continue
        latency = run["all"]["service"]
        results[contestant.label] = {
            "keys": run["all"]["answered"], "seconds": run["measured_s"],
            "longest_wait_us": latency["max_us"], "p99.9_us": latency["percentiles_us"]["p99.9"],
            "server_cpu_us": run["server"]["cpu_us_per_answer"]}
    return results


EXPERIMENTS = {
    "floor": against_floor,
    "redis": against_redis,
    "log": with_log,
    "memcached": against_memcached,
    "memory": memory,
    "lanes": lanes,
    "growth": growth,
}
