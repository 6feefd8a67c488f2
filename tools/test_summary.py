#!/usr/bin/env python3
"""Counts the test cases of one `meson test` run and names those that failed.

usage: test_summary.py BUILD/meson-logs

Meson counts programs; people count cases. A GoogleTest program counts as its cases, a program that
prints TAP as its subtests, and any other program as one case. The last line printed is `N passed, M
failed`; the exit code is 0 only when at least one case passed and none failed.

Meson's JUnit file holds the cases, but calls a program that was killed at its timeout, or that
failed after its last case (a leak found at exit, a broken TAP plan), a success. testlog.json knows
better, so a program that did not end well and has no failed case to show for it counts as one
failed case more.
"""

import collections
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

# What testlog.json calls a program that did what its test() asked of it.
GOOD_RESULTS = {"OK", "EXPECTEDFAIL", "SKIP"}
# How much of what a failed program printed is shown, from its end.
SHOWN_LINES_MAX = 100

Case = collections.namedtuple("Case", "program name outcome detail")


def outcome_of(case):
    """"passed", "failed" or "skipped" for one <testcase>, and the text that goes with it."""
    for child in case:
        if child.tag in ("failure", "error"):
            return "failed", (child.text or child.get("message") or "").strip()
        if child.tag == "skipped":
            return "skipped", (child.text or child.get("message") or "").strip()
    if case.get("status") == "notrun":
        return "notrun", ""
    return "passed", ""


def short(name):
    """"io_test" for "corelane:slow / io_test", as meson says where there are suites."""
    return name.rpartition(" / ")[2]


def program_of(suite_name, case_name, programs):
    """The program a case belongs to: JUnit says PROJECT.PROGRAM[.SUITE], or PROJECT alone with the
    program as the case."""
    rest = suite_name.partition(".")[2]
    if not rest:
        return case_name
    fitting = [name for name in programs if rest == name or rest.startswith(name + ".")]
    return max(fitting, key=len, default=rest)


def read_programs(log_dir):
    """{name: log record}, and the short names that more than one test has."""
    programs = {}
    with open(log_dir / "testlog.json", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            programs[record["name"]] = record
    counts = collections.Counter(short(name) for name in programs)
    return programs, [name for name, count in counts.items() if count > 1]


def read_cases(log_dir, programs):
    tree = ElementTree.parse(log_dir / "testlog.junit.xml")
    cases = []
    for suite in tree.getroot().iter("testsuite"):
        for case in suite.findall("testcase"):
            name = case.get("name", "")
            program = program_of(suite.get("name", ""), name, programs)
            if case.get("classname", "") and program != name:
                # A GoogleTest case has its fixture as its class; a TAP subtest has the program.
                group = case.get("classname").rpartition(".")[2]
                name = name if group == program else f"{group}.{name}"
            outcome, detail = outcome_of(case)
            if outcome != "notrun":
                cases.append(Case(program, name, outcome, detail))
    return cases


def how_it_ended(record):
    if record["result"] == "TIMEOUT":
        return f"timed out after {record['duration']:.0f} s"
    return f"{record['result'].lower()}, exit code {record['returncode']}"


def cases_of_run(log_dir):
    """All cases of the run, those included that a program owes because it did not end well."""
    programs, doubled = read_programs(log_dir)
    cases = read_cases(log_dir, programs)
    for name in doubled:
        # Two programs of one name write one report, so that one of them goes uncounted.
        cases.append(Case(name, name, "failed", "two tests have this name; give each its own"))
    for name, record in programs.items():
        good = record["result"] in GOOD_RESULTS
        single = [c for c in cases if c.program == name and c.name == name]
        if not good and single:
            # The one case of a program without cases of its own: JUnit does not know a timeout from
            # a success.
            cases = [c for c in cases if c not in single]
        if not good and not any(c.program == name and c.outcome == "failed" for c in cases):
            cases.append(Case(name, name, "failed", how_it_ended(record)))
    return cases, programs


def title(case):
    program = short(case.program)
    return program if case.name == case.program else f"{program}: {case.name}"


def last_lines(text):
    """What there is to read in it: the last lines, without the cases that passed."""
    lines = [line for line in text.rstrip().splitlines() if not line.startswith("ok ")]
    if len(lines) > SHOWN_LINES_MAX:
        left_out = f"... {len(lines) - SHOWN_LINES_MAX} lines left out ..."
        lines = [left_out] + lines[-SHOWN_LINES_MAX:]
    return lines


def report(cases, programs, out):
    """Prints the failed and skipped cases and the last line; returns the exit code."""
    failed = [case for case in cases if case.outcome == "failed"]
    for case in failed:
        print(f"\nFAILED {title(case)}", file=out)
        for line in last_lines(case.detail):
            print(f"    {line}", file=out)
    for name in sorted({case.program for case in failed}):
        record = programs.get(name, {})
        # GoogleTest's own report says what its cases found; what the program printed matters when
        # it did not live to report.
        for stream in ("stderr", "stdout"):
            lines = last_lines(record.get(stream) or "")
            if lines:
                print(f"\n{stream} of {short(name)}:", file=out)
                print("\n".join(f"    {line}" for line in lines), file=out)
    skipped = [case for case in cases if case.outcome == "skipped"]
    for case in skipped:
        reason = f" ({case.detail.splitlines()[0]})" if case.detail else ""
        print(f"skipped {title(case)}{reason}", file=out)
    passed = sum(case.outcome == "passed" for case in cases)
    if not cases:
        print("\nno test ran", file=out)
    print(f"\n{passed} passed, {len(failed)} failed", file=out)
    return 0 if passed and not failed else 1


def main(argv):
    if len(argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    log_dir = pathlib.Path(argv[1])
    try:
        cases, programs = cases_of_run(log_dir)
    except FileNotFoundError as missing:
        print(f"no test ran: {missing.filename} is not there")
        print("\n0 passed, 1 failed")
        return 1
    return report(cases, programs, sys.stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
