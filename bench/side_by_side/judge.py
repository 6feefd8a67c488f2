"""Holds the figures of the cells against the targets."""


def figure(cell, name):
    """One figure of a cell, with its medians, ratio and interval; None when it has it not."""
    for one in cell["figures"] if cell else []:
        if one["name"] == name:
            return one
    return None


def find_cell(cells, load, a, b):
    """The cell of this load and these two; None when it was not measured."""
    for cell in cells:
        if (cell["load"], cell["a"], cell["b"]) == (load, a, b):
            return cell
    return None


def cpu_ratio(cell):
    """CPU time per operation of B over that of A; None when it was not measured."""
    cpu = figure(cell, "server-cpu")
    return cpu["ratio"] if cpu else None


def inverse(ratio):
    return 1 / ratio if ratio else None


class Check:
    """One figure and its targets: `first` of this stage, `final` of the design. `at_most` says
    which side is good.
    """

    def __init__(self, what, measured, first, final, at_most=True, unit=""):
        self.what = what
        self.figure = measured
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


def _against_floor(cells, back_end):
    for operation in ("GET", "SET"):
        cell = find_cell(cells, f"{operation} pipeline 1", f"floor, {back_end}",
                         f"corelane, {back_end}")
        yield Check(f"{operation}, no pipeline, {back_end}: CPU per operation / floor's",
                    cpu_ratio(cell), 1.15, 1.10, unit="x")


def _against_redis(cells, back_end):
    for operation, depth, final in (("GET", 16, 2.0), ("GET", 64, 4.0), ("SET", 16, 1.5),
                                    ("SET", 64, 1.5)):
        cell = find_cell(cells, f"{operation} pipeline {depth}", "redis", f"corelane, {back_end}")
        yield Check(f"{operation}, pipeline {depth}, {back_end}: operations per CPU-second / "
                    "redis's", inverse(cpu_ratio(cell)), 1.5, final, at_most=False, unit="x")


def _with_log(cells, back_end):
    cell = find_cell(cells, "SET pipeline 16", "redis, AOF everysec",
                     f"corelane, {back_end}, everysec")
    yield Check(f"SET, pipeline 16, everysec, {back_end}: operations per CPU-second / redis's",
                inverse(cpu_ratio(cell)), 1.5, 2.5, at_most=False, unit="x")


def _growth(results, back_end):
    mine = results.get(f"corelane, {back_end}")
    yield Check(f"longest stall while growing, {back_end}",
                mine["longest_wait_us"] / 1e3 if mine else None, 2.0, 1.0, unit=" ms")


def _lanes(cells):
    for load in ("GET pipeline 1", "GET pipeline 16", "SET pipeline 16"):
        for name in ("2 lanes, one core", "2 lanes, two cores"):
            yield Check(f"{load}, {name}: CPU per operation / one lane's",
                        cpu_ratio(find_cell(cells, load, "1 lane", name)), 1.25, 1.25, unit="x")


def checks(experiments):
    """All checks that the experiments that ran allow."""
    made = []
    for name, judged in (("floor", _against_floor), ("redis", _against_redis), ("log", _with_log),
                         ("growth", _growth)):
        for back_end in ("epoll", "io_uring"):
            if name in experiments:
                made += judged(experiments[name], back_end)
    if "lanes" in experiments:
        made += _lanes(experiments["lanes"])
    if "memory" in experiments:
        mine = experiments["memory"].get("corelane")
        made.append(Check("resident memory per key (20-byte keys, 64-byte values)",
                          mine["bytes_per_key"] if mine else None, 120, 112, unit=" bytes"))
    return made
