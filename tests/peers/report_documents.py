"""Documents as corelane-bench writes them (tools/bench/REPORTS.md), made up for the tests of the
HTML report: the same seed gives the same document."""

import math
import random
import statistics

ANSWERS = 4000
PERCENTS = [50, 90, 95, 99, 99.9]
BUCKETS_PER_DECADE = 12
LOWEST_US = 0.001
# Text that would do harm if a page took it for anything but text.
HOSTILE = "x</script><script>console.error('ran')</script><img src=x onerror=alert(1)>\u2028&amp;"


def latencies(random_, median_us, count):
    """Mostly log-normal; two in a hundred wait for something ten times as long."""
    values = []
    for _ in range(count):
        slow = 10 if random_.random() < 0.02 else 1
        values.append(median_us * slow * math.exp(random_.gauss(0, 0.35)))
    return sorted(values)


def at_percent(values, percent):
    return values[min(len(values) - 1, math.ceil(len(values) * percent / 100) - 1)]


def three_digits(micros):
    return float(f"{micros:.3g}")


def buckets(values):
    counts = {}
    for value in values:
        counts[three_digits(value)] = counts.get(three_digits(value), 0) + 1
    return [list(pair) for pair in sorted(counts.items())]


def heat(values):
    counts = {}
    for value in values:
        index = math.floor(math.log10(value / LOWEST_US) * BUCKETS_PER_DECADE)
        counts[index] = counts.get(index, 0) + 1
    return [list(pair) for pair in sorted(counts.items())]


def histogram(values):
    return {"count": len(values), "mean_us": sum(values) / len(values), "min_us": values[0],
            "max_us": values[-1],
            "percentiles_us": {f"p{p}": at_percent(values, p) for p in PERCENTS}}


def figures(response, service, seconds, open_loop, failed=0):
    told = {"answered": len(service), "per_second": len(service) / seconds, "errors": failed,
            "timeouts": 0, "lost": 0, "hits": len(service), "misses": 0}
    if open_loop:
        told["response"] = histogram(response)
    return {**told, "service": histogram(service)}


def windows(random_, response, seconds, failed):
    of_second = [[] for _ in range(seconds)]
    for value in response:
        of_second[random_.randrange(seconds)].append(value)
    told = []
    for i, values in enumerate(map(sorted, of_second)):
        told.append({"answered": len(values), "failed": failed if i == seconds // 2 else 0,
                     "under_way": 1, "behind_us": 0.0, "p50_us": at_percent(values, 50),
                     "p99_us": at_percent(values, 99), "max_us": values[-1], "heat": heat(values)})
    return told


def run(seed=1, median_us=60.0, rate=None, achieved=None, seconds=10, failed=0, open_loop=True):
    random_ = random.Random(seed)
    service = latencies(random_, median_us * 0.9, ANSWERS)
    response = [value * 1.1 for value in service]
    rate = rate or ANSWERS / seconds
    is_met = achieved is None or achieved >= rate * 0.98
    counted = response if open_loop else service
    whole = figures(response, service, seconds, open_loop, failed)
    whole["per_second"] = achieved or rate
    return {
        "format": "corelane-bench run 1",
        "command": "corelane-bench run --target resp://127.0.0.1:6379 --rate 400",
        "begun_unix_ms": 1_790_000_000_000,
        "measured_s": float(seconds),
        "load": {"targets": ["resp://127.0.0.1:6379"], "loop": "open" if open_loop else "closed",
                 **({"asked_per_second": float(rate), "spacing": "poisson"} if open_loop else {}),
                 "threads": 1, "connections": 50, "pipeline": 64, "warmup_s": 1.0, "keys": 1000,
                 "seed": seed},
        "verdict": {"is": "FAILING" if failed else "VALID" if is_met else "SATURATED",
                    "because": "Every operation that was due was started."},
        "all": whole,
        "operations": {"read": whole},
        "confidence_95": [{"percentile": p, "value_us": at_percent(counted, p),
                           "low_us": at_percent(counted, p) * 0.96,
                           "high_us": at_percent(counted, p) * 1.05} for p in PERCENTS[:4]],
        "server": {"cpu_us_per_answer": 18.2, "user_s": 1.0, "resident_bytes": 34959360},
        "generator": {"cpu_s": 3.5, "lag": histogram(service), "held_back": 0, "never_started": 0,
                      "reactor": "io_uring"},
        "environment": {"cpu": "Some CPU @ 2.10GHz", "cores": 2, "kernel": "6.18.0"},
        "calibration": {"clock_ns": 21.5, "loopback": {"p50_us": 11.2, "p99_us": 19.0}},
        "verify": {"checked": 4000, "wrong": 0},
        "first_error": HOSTILE if failed else "",
        "latency": {**({"response_us": buckets(response)} if open_loop else {}),
                    "service_us": buckets(service)},
        "heat_scale": {"buckets_per_decade": BUCKETS_PER_DECADE, "lowest_us": LOWEST_US},
        "windows": windows(random_, counted, seconds, failed),
    }


def bare_run():
    """As early versions wrote it: nothing that a page could not do without."""
    whole = run(seed=7, open_loop=False)
    for name in ["latency", "heat_scale", "environment", "calibration", "verify", "server"]:
        del whole[name]
    for window in whole["windows"]:
        del window["heat"]
    return whole


def part(document):
    """A run as it stands in an experiment."""
    return {name: value for name, value in document.items() if name not in ("command", "environment")}


def experiment(kind, **members):
    return {"format": f"corelane-bench {kind} 1", "command": f"corelane-bench {kind} --and 'more'",
            "begun_unix_ms": 1_790_000_000_000, "environment": {"cpu": "Some CPU", "cores": 2},
            **members}


def sweep():
    # A queue of one server that can do 100,000 a second: the closer, the longer the wait.
    points = []
    for i, rate in enumerate([10_000, 20_000, 40_000, 60_000, 80_000, 90_000, 100_000, 110_000]):
        achieved = min(rate, 97_000 + i * 100)
        busy = min(0.995, rate / 100_000)
        points.append({"rate": rate, "order": (i * 3) % 8 + 1,
                       "run": part(run(seed=10 + i, median_us=30 + 20 / (1 - busy), rate=rate,
                                       achieved=achieved))})
    return experiment("sweep", points=points,
                      knee={"rate": 80_000, "because": "Beyond it p99 grows faster than the rate."})


def find_max():
    steps = []
    for i, rate in enumerate([10_000, 20_000, 40_000, 80_000, 60_000, 50_000, 55_000, 52_500]):
        holds = rate <= 52_500
        steps.append({"rate": rate, "holds": holds,
                      "because": f"p99 is {'below' if holds else 'above'} 1 ms for sure",
                      "run": part(run(seed=30 + i, median_us=1.9e-3 * rate, rate=rate))})
    return experiment("find-max", goal="p99<1ms", steps=steps, found_per_second=52_500,
                      because="52,500/s holds it and 55,000/s does not.")


def figure_of(document, name):
    if name == "throughput":
        return document["all"]["per_second"]
    if name == "server-cpu":
        return document["server"]["cpu_us_per_answer"]
    return document["all"]["response"]["percentiles_us"][name]


def ratio(rounds, name, kind):
    sides = [[figure_of(round_[side], name) for round_ in rounds] for side in "ab"]
    logs = [math.log(b / a) for a, b in zip(*sides)]
    mean = statistics.fmean(logs)
    reach = 2.36 * statistics.stdev(logs) / math.sqrt(len(logs))
    low, high = math.exp(mean - reach), math.exp(mean + reach)
    # Of a rate, more is faster; of a time, less.
    words = ["slower", "faster"] if kind == "rate" else ["faster", "slower"]
    verdict = words[0] if high < 0.99 else words[1] if low > 1.01 else "no difference"
    return {"name": name, "unit": "1/s" if kind == "rate" else "us", "kind": kind,
            "a_median": statistics.median(sides[0]), "b_median": statistics.median(sides[1]),
            "ratio": math.exp(mean), "low": low, "high": high, "verdict": verdict}


def comparison():
    rounds = [{"order": "AB" if i % 2 == 0 else "BA",
               "a": part(run(seed=50 + i, median_us=60 + i % 3)),
               "b": part(run(seed=70 + i, median_us=52 + i % 3, achieved=401 + i % 2))}
              for i in range(8)]
    told = [ratio(rounds, name, kind) for name, kind in
            [("throughput", "rate"), ("p50", "time"), ("p99", "time"), ("server-cpu", "time")]]
    return experiment(
        "compare", a={"label": "before", "target": "resp://127.0.0.1:7001", "server": ""},
        b={"label": "after", "target": "resp://127.0.0.1:7002", "server": "corelane-server --fast"},
        rounds=rounds, figures=told,
        verdict={"is": "faster", "because": "p50 is 13 % lower; p99 is 4 % higher."})


def repetition():
    rounds = [part(run(seed=90 + i, median_us=60 + i * 0.7)) for i in range(7)]
    told = []
    for name, unit in [("throughput", "1/s"), ("p50", "us"), ("p99", "us")]:
        values = sorted(figure_of(document, name) for document in rounds)
        told.append({"name": name, "unit": unit, "median": statistics.median(values),
                     "low": values[1], "high": values[-2], "least": values[0], "most": values[-1]})
    return experiment("repeat", rounds=rounds, figures=told)


def all_kinds():
    return {"run": run(), "failing": run(seed=2, failed=17), "closed": run(seed=3, open_loop=False),
            "bare": bare_run(), "sweep": sweep(), "find-max": find_max(), "compare": comparison(),
            "repeat": repetition()}
