"""Writes what a run found as Markdown, for people, beside the JSON with the figures; and makes the
documents of the comparisons small enough for one HTML page.
"""

import math

from .judge import figure

# The page's distributions: so many buckets from one power of ten to the next, each 5 % wide.
BUCKETS_PER_DECADE = 48
LATENCIES = ("p99", "p99.9")


def _number(value, digits=2):
    return "–" if value is None else f"{value:,.{digits}f}"


def table(head, rows):
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
    return table(["figure", "measured", "target", "met", "final target", "met"], rows)


def _medians(cell, name, digits):
    found = figure(cell, name) or {}
    return [_number(found.get("a_median"), digits), _number(found.get("b_median"), digits)]


def ratio_text(found):
    """B/A with its interval, and whether that is a difference at all."""
    if not found:
        return "–"
    text = f"{found['ratio']:.3f} ({found['low']:.3f}–{found['high']:.3f})"
    return text if found["verdict"] in ("faster", "slower") else f"{text}, {found['verdict']}"


def _runs(cell):
    """How many runs count only with a grain of salt."""
    odd = [f"{count} {name}" for name, count in sorted(cell["runs"].items()) if name != "VALID"]
    return ", ".join(odd)


def _cells(cells):
    """A table for each pair."""
    text = ""
    for a, b in dict.fromkeys((cell["a"], cell["b"]) for cell in cells):
        head = ["A, B", "CPU µs/op of A", "of B", "B/A", "ops/s of A", "of B", "B/A"]
        head += [f"{name} µs of {side}" for name in LATENCIES for side in "AB"]
        rows = []
        for cell in cells:
            if (cell["a"], cell["b"]) != (a, b):
                continue
            rows.append([
                cell["load"], *_medians(cell, "server-cpu", 3),
                ratio_text(figure(cell, "server-cpu")), *_medians(cell, "throughput", 0),
                ratio_text(figure(cell, "throughput")),
                *[median for name in LATENCIES for median in _medians(cell, name, 0)], _runs(cell)])
        text += f"### A: {a}; B: {b}\n\n{table([*head, 'runs not VALID'], rows)}\n"
    return text


def _memory(results):
    rows = [[name, f"{mine['keys']:,}", _number(mine["bytes_per_key"], 1),
             _number(mine["before_bytes"] / 2**20, 1)]
            for name, mine in results.items()]
    return table(["server", "keys", "resident bytes per key", "MiB before"], rows)


def _growth(results):
    rows = [[name, _number(mine["longest_wait_us"] / 1e3), _number(mine["p99.9_us"] / 1e3),
             f"{mine['keys']:,}", _number(mine["seconds"], 1)]
            for name, mine in results.items()]
    return table(["server", "longest wait, ms", "p99.9 ms", "keys", "seconds"], rows)


SECTIONS = {
    "floor": ("Against the floor", _cells),
    "redis": ("Against redis, log off", _cells),
    "log": ("Against redis, log synced once a second", _cells),
    "memcached": ("Against memcached", _cells),
    "lanes": ("The cost of a second lane", _cells),
    "memory": ("Memory", _memory),
    "growth": ("Growing from empty, one connection, pipeline 16", _growth),
}

HOW_TO_READ = """\
Each line of a comparison is a `corelane-bench compare`: server on one core, generator on another,
{keys:,} keys of {key_bytes} bytes, {value_bytes}-byte values, {connections} connections, closed loop,
{rounds} rounds of {seconds:g} s on each server in turns. Figures are medians of the rounds, ratios
have the 95 % interval of all figures of the line together; where no difference could be told, it
says so. CPU per operation is user + system of all the server's threads while it was measured; what
the kernel does for a server outside its threads (writing back to disk) is in nobody's figure. The
floor answers the same bytes on the same reactor without parsing or storing anything. At full load
latencies say how long the queue of all connections is, not what a user of a half-loaded server
sees; and where runs are GENERATOR-LIMITED the server could have done more, so that only its CPU per
operation counts.
"""


def markdown(run, checks):
    """The whole report; `run` is what the JSON holds."""
    machine = run["machine"]
    text = f"# Side by side, {run['started']}\n\n`{run['command']}`, {run['seconds']:.0f} s\n\n"
    text += table(["machine", ""],
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


def _coarser(buckets):
    """A distribution with fewer buckets; each keeps its highest latency."""
    merged = {}
    for highest, count in buckets:
        index = math.ceil(BUCKETS_PER_DECADE * math.log10(max(highest, 1e-3)))
        before = merged.get(index, (0, 0))
        merged[index] = (max(before[0], highest), before[1] + count)
    return [list(merged[index]) for index in sorted(merged)]


def thin(document):
    """The document of a comparison for a page that has many of them: its runs without their single
    seconds, and with coarser distributions.
    """
    def thin_run(run):
        kept = {key: value for key, value in run.items()
                if key not in ("windows", "heat_scale", "calibration", "operations")}
        return {**kept, "latency": {key: _coarser(value) for key, value in run["latency"].items()}}

    rounds = [{"order": one["order"], "a": thin_run(one["a"]), "b": thin_run(one["b"])}
              for one in document["rounds"]]
    return {**document, "rounds": rounds}
