"""Turns rounds into medians and ratios, and holds them against the targets.

A ratio of two contestants is the median of the ratios of their rounds, which ran one after the
other.
"""

import statistics


def cpu_us(result):
    return result["server"]["cpu_us_per_operation"]


def median_cpu_us(rounds):
    return statistics.median(cpu_us(result) for result in rounds)


def cpu_ratio(rounds, base_rounds):
    """CPU time per operation of `rounds` over that of `base_rounds`; None when either is missing or
    was not measured.
    """
    pairs = [(cpu_us(a), cpu_us(b)) for a, b in zip(rounds or [], base_rounds or [])]
    if not pairs or any(b == 0 for _, b in pairs):
        return None
    return statistics.median(a / b for a, b in pairs)


def longest_waits_us(rounds):
    return sorted(result["latency_us"]["max"] for result in rounds)


class Check:
    """One figure and its targets: `first` of this stage, `final` of the design. `at_most` says
    which side is good.
    """

    def __init__(self, what, figure, first, final, at_most=True, unit=""):
        self.what = what
        self.figure = figure
        self.first = first
        self.final = final
        self.at_most = at_most
        self.unit = unit

    def meets(self, target):
        if self.figure is None:
            return None
        return self.figure <= target if self.at_most else self.figure >= target

    def as_json(self):
        return {"what": self.what, "figure": self.figure, "unit": self.unit,
                "side": "at most" if self.at_most else "at least",
                "target": self.first, "met": self.meets(self.first),
                "final_target": self.final, "final_met": self.meets(self.final)}


def _against_floor(results, back_end):
    for operation in ("GET", "SET"):
        rounds = results.get(f"{operation} pipeline 1", {})
        ratio = cpu_ratio(rounds.get(f"corelane, {back_end}"), rounds.get(f"floor, {back_end}"))
        yield Check(f"{operation}, no pipeline, {back_end}: CPU per operation / floor's",
                    ratio, 1.15, 1.10, unit="x")


def _against_redis(results, back_end):
    for depth, final in ((16, 2.0), (64, 4.0)):
        rounds = results.get(f"GET pipeline {depth}", {})
        yield Check(f"GET, pipeline {depth}, {back_end}: operations per CPU-second / redis's",
                    cpu_ratio(rounds.get("redis"), rounds.get(f"corelane, {back_end}")),
                    1.5, final, at_most=False, unit="x")
    for depth in (16, 64):
        rounds = results.get(f"SET pipeline {depth}", {})
        yield Check(f"SET, pipeline {depth}, {back_end}: operations per CPU-second / redis's",
                    cpu_ratio(rounds.get("redis"), rounds.get(f"corelane, {back_end}")),
                    1.5, 1.5, at_most=False, unit="x")


def _everysec(results, back_end):
    rounds = results.get("SET pipeline 16, everysec", {})
    ratio = cpu_ratio(rounds.get("redis, AOF everysec"),
                      rounds.get(f"corelane, {back_end}, everysec"))
    yield Check(f"SET, pipeline 16, everysec, {back_end}: operations per CPU-second / redis's",
                ratio, 1.5, 2.5, at_most=False, unit="x")


def _lanes(results):
    for load in ("GET pipeline 1", "GET pipeline 16", "SET pipeline 16"):
        rounds = results.get(f"{load}, lanes", {})
        for name in ("2 lanes, one core", "2 lanes, two cores"):
            yield Check(f"{load}, {name}: CPU per operation / one lane's",
                        cpu_ratio(rounds.get(name), rounds.get("1 lane")), 1.25, 1.25, unit="x")


def _growth(results, back_end):
    rounds = results.get(f"corelane, {back_end}")
    stall = statistics.median(longest_waits_us(rounds)) / 1e3 if rounds else None
    yield Check(f"longest stall while growing, {back_end}", stall, 2.0, 1.0, unit=" ms")


def checks(experiments):
    """All checks that the experiments that ran allow."""
    made = []
    for back_end in ("epoll", "io_uring"):
        if "closed_loop" in experiments:
            made += _against_floor(experiments["closed_loop"], back_end)
            made += _against_redis(experiments["closed_loop"], back_end)
        if "everysec" in experiments:
            made += _everysec(experiments["everysec"], back_end)
        if "growth" in experiments:
            made += _growth(experiments["growth"], back_end)
    if "lanes" in experiments:
        made += _lanes(experiments["lanes"])
    if "memory" in experiments:
        mine = experiments["memory"].get("corelane")
        made.append(Check("resident memory per key (20-byte keys, 64-byte values)",
                          mine["bytes_per_key"] if mine else None, 120, 112, unit=" bytes"))
    return made
