"""Writes what a run found as Markdown, for people, beside the JSON that has every round."""

import statistics

from .judge import cpu_ratio, cpu_us, longest_waits_us, median_cpu_us


PERCENTILES = ("p50", "p99", "p99.9", "max")


def _number(value, digits=2):
    return "–" if value is None else f"{value:,.{digits}f}"


def _table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _verdict(met):
    return {None: "not measured", True: "yes", False: "**no**"}[met]


def _targets(checks):
    rows = []
    for check in checks:
        side = "≤" if check.at_most else "≥"
        unit = "" if check.figure is None else check.unit
        rows.append([check.what, _number(check.figure) + unit,
                     f"{side} {check.first:g}{check.unit}", _verdict(check.meets(check.first)),
                     f"{side} {check.final:g}{check.unit}", _verdict(check.meets(check.final))])
    return _table(["figure", "measured", "target", "met", "final target", "met"], rows)


def _base_floor(name, rounds):
    """The floor to hold a contestant against: that of its own back end, epoll for the peers."""
    return rounds.get("floor, io_uring" if "io_uring" in name else "floor, epoll")


def _median(rounds, *path):
    values = []
    for result in rounds:
        for key in path:
            result = result[key]
        values.append(result)
    return statistics.median(values)


def _load_row(name, mine, everybody):
    costs = [cpu_us(result) for result in mine]
    base = everybody.get("redis") or everybody.get("redis, AOF everysec") or everybody.get("1 lane")
    return [name, _number(median_cpu_us(mine), 3), f"{min(costs):.3f}–{max(costs):.3f}",
            _number(cpu_ratio(mine, _base_floor(name, everybody))), _number(cpu_ratio(base, mine)),
            _number(_median(mine, "operations_per_s"), 0),
            *(_number(_median(mine, "latency_us", key), 0) for key in PERCENTILES)]


def _loads(results):
    text = ""
    for load, everybody in results.items():
        if not everybody:
            continue
        first = "1 lane" if "1 lane" in everybody else "redis"
        head = ["contestant", "CPU µs/op", "of all rounds", "÷ floor",
                f"ops per CPU-s ÷ {first}'s", "ops/s", "p50 µs", "p99", "p99.9", "max"]
        rows = [_load_row(name, mine, everybody) for name, mine in everybody.items()]
        text += f"### {load}\n\n{_table(head, rows)}\n"
    return text


def _memory(results):
    rows = [[name, f"{mine['keys']:,}", _number(mine["bytes_per_key"], 1),
             _number(mine["before_bytes"] / 2**20, 1)]
            for name, mine in results.items()]
    return _table(["contestant", "keys", "resident bytes per key", "MiB before"], rows)


def _growth(results):
    rows = []
    for name, mine in results.items():
        worst = ", ".join(f"{wait / 1e3:.2f}" for wait in longest_waits_us(mine))
        rows.append([name, worst, _number(_median(mine, "latency_us", "p99.9") / 1e3),
                     f"{mine[0]['operations']:,}", _number(_median(mine, "seconds"), 1)])
    head = ["contestant", "longest wait of each run, ms", "p99.9 ms", "keys", "seconds"]
    return _table(head, rows)


SECTIONS = {
    "closed_loop": ("Closed loop, log off", _loads),
    "everysec": ("Log on, synced once a second", _loads),
    "lanes": ("The cost of a second lane", _loads),
    "memory": ("Memory", _memory),
    "growth": ("Growing from empty, one connection, pipeline 16", _growth),
}

HOW_TO_READ = """\
Server on one core, generator on another, 20-byte keys, {value_bytes}-byte values,
{connections} connections. CPU per operation is user + system of all the server's threads from
`/proc/PID/stat` over the measured interval; what the kernel does for a server outside its threads
(writing back to disk) is in nobody's figure. Rounds are interleaved; figures are medians of
{rounds} rounds, ratios the medians of the rounds' ratios. The floor answers the same bytes on the
same reactor without parsing or storing anything. This is a closed loop at full load: the latencies
say how long the queue of {connections} connections is, not what a user of a half-loaded server
sees.
"""


def markdown(run, checks):
    """The whole report; `run` is what the JSON holds."""
    machine = run["machine"]
    text = f"# Side by side, {run['started']}\n\n`{run['command']}`, {run['seconds']:.0f} s\n\n"
    text += _table(["machine", ""],
                   [[key.replace("_", " "), str(value)] for key, value in machine.items()])
    text += "\n" + HOW_TO_READ.format(**run["sizes"]) + "\n"
    for note in run["notes"]:
        text += f"- Note: {note}\n"
    if run["notes"]:
        text += "\n"
    text += f"## Targets\n\n{_targets(checks)}\n"
    for name, (title, section) in SECTIONS.items():
        if run["experiments"].get(name):
            text += f"## {title}\n\n{section(run['experiments'][name])}\n"
    return text.rstrip("\n") + "\n"
