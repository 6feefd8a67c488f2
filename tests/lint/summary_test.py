"""tools/test_summary.py: whatever goes wrong with a test program is counted, and nothing twice.

Two small meson projects are run once, one with suites and one without, and each case looks at what
was made of some of their programs. What a program does is in PROGRAM, by its first argument.
"""

import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]

import tap
import test_summary

# Plays a GoogleTest program (its report goes where --gtest_output says), a TAP program, or a plain
# one.
PROGRAM = '''
import os, sys, time
what = sys.argv[1]
report = [a.partition("xml:")[2] for a in sys.argv if a.startswith("--gtest_output=xml:")]
CASES = {
    "passes": '<testcase name="A" status="run" classname="S"/>'
              '<testcase name="B" status="run" classname="S"/>',
    "one_fails": '<testcase name="A" status="run" classname="S"/>'
                 '<testcase name="B" status="run" classname="S">'
                 '<failure message="x">it broke here</failure></testcase>',
    "one_skips": '<testcase name="A" status="run" classname="S"/>'
                 '<testcase name="B" status="run" classname="S">'
                 '<skipped message="no disk"/></testcase>',
    "filtered": '<testcase name="A" status="run" classname="S"/>'
                '<testcase name="B" status="notrun" classname="S"/>',
}
CASES["leaks"] = CASES["passes"]
if report and what in CASES:
    with open(report[0], "w") as out:
        out.write('<testsuites><testsuite name="S">' + CASES[what] + "</testsuite></testsuites>")
if what == "tap":
    print("1..3\\nok 1 - a\\nok 2 - b # SKIP why\\nnot ok 3 - c")
if what == "tap_short":
    print("1..3\\nok 1 - a")
if what == "hangs":
    time.sleep(60)
if what == "crashes":
    print("last words", flush=True)
    os.abort()
sys.exit({"one_fails": 1, "leaks": 23, "fails": 1}.get(what, 0))
'''


# (name, protocol, what it does, suite)
TESTS = [
    ("passes", "gtest", "passes", "s"),
    ("one_fails", "gtest", "one_fails", "s"),
    ("one_skips", "gtest", "one_skips", "s"),
    ("filtered", "gtest", "filtered", "s"),
    ("gtest_crash", "gtest", "crashes", "s"),
    ("gtest_hang", "gtest", "hangs", "t"),
    ("leaks", "gtest", "leaks", "t"),
    ("one", "gtest", "crashes", "t"),  # a name that others begin with
    ("tap", "tap", "tap", "t"),
    ("tap_short", "tap", "tap_short", "t"),
    ("plain", "exitcode", "ok", "t"),
    ("plain_fail", "exitcode", "fails", "t"),
    ("plain_hang", "exitcode", "hangs", "t"),
    ("plain_crash", "exitcode", "crashes", "t"),
]


def meson_file(tests, with_suites):
    lines = ["project('sample')", "python = find_program('python3')"]
    for name, protocol, what, suite in tests:
        suites = [suite] if with_suites else []
        lines.append(f"test('{name}', python, args: [files('program.py'), '{what}'], "
                     f"protocol: '{protocol}', timeout: 2, suite: {suites})")
    return "\n".join(lines) + "\n"


def run_project(root, tests, with_suites):
    """Runs the tests in a project below `root`; returns where meson left its logs."""
    root.mkdir()
    (root / "program.py").write_text(PROGRAM, encoding="utf-8")
    (root / "meson.build").write_text(meson_file(tests, with_suites), encoding="utf-8")
    for command in (["setup", "b", "."], ["test", "-C", "b", "--num-processes", "8"]):
        subprocess.run(["meson", *command], cwd=root, check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return root / "b" / "meson-logs"


class Counting(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            logs = [run_project(root / str(suites), TESTS, suites) for suites in (False, True)]
            cls.runs = [test_summary.cases_of_run(log)[0] for log in logs]

    def expect(self, name, passed, failed, skipped=0, shown=""):
        """What both runs made of the program `name`."""
        for run in self.runs:
            cases = [case for case in run if test_summary.short(case.program) == name]
            outcomes = [case.outcome for case in cases]
            self.assertEqual(
                [outcomes.count(word) for word in ("passed", "failed", "skipped")],
                [passed, failed, skipped], cases)
            told = "\n".join(f"{test_summary.title(case)}: {case.detail}" for case in cases)
            self.assertIn(shown, told)

    def test_all_programs_were_run(self):
        for run in self.runs:
            self.assertEqual({test_summary.short(case.program) for case in run},
                             {name for name, *_ in TESTS})

    def test_gtest_cases_count(self):
        self.expect("passes", 2, 0)

    def test_gtest_failure(self):
        self.expect("one_fails", 1, 1, shown="one_fails: S.B: it broke here")

    def test_gtest_skip_is_neither(self):
        self.expect("one_skips", 1, 0, 1)

    def test_gtest_filtered_case_did_not_run(self):
        self.expect("filtered", 1, 0)

    def test_gtest_crash(self):
        self.expect("gtest_crash", 0, 1, shown="exit code -6")

    def test_gtest_timeout(self):
        self.expect("gtest_hang", 0, 1, shown="timed out")

    def test_failure_after_the_last_case(self):
        self.expect("leaks", 2, 1, shown="exit code 23")

    def test_name_that_others_begin_with(self):
        self.expect("one", 0, 1)

    def test_tap_subtests_count(self):
        self.expect("tap", 1, 1, 1, shown="tap: 3 - c")

    def test_tap_that_stops_before_its_plan(self):
        self.expect("tap_short", 1, 1)

    def test_plain_programs_are_one_case_each(self):
        self.expect("plain", 1, 0)
        self.expect("plain_fail", 0, 1, shown="exit code 1")

    def test_plain_timeout_and_crash(self):
        self.expect("plain_hang", 0, 1, shown="timed out")
        self.expect("plain_crash", 0, 1)

    def test_two_tests_of_one_name(self):
        twice = [("a", "gtest", "passes", "s"), ("a", "gtest", "passes", "t")]
        with tempfile.TemporaryDirectory() as folder:
            log = run_project(pathlib.Path(folder) / "p", twice, True)
            cases, _ = test_summary.cases_of_run(log)
        self.assertEqual([case.detail for case in cases if case.outcome == "failed"],
                         ["two tests have this name; give each its own"])


class Reporting(unittest.TestCase):
    def report(self, *cases, programs=None):
        printed = io.StringIO()
        code = test_summary.report([test_summary.Case(*case) for case in cases], programs or {},
                                   printed)
        return code, printed.getvalue()

    def test_last_line_and_exit_code(self):
        code, printed = self.report(("a", "S.A", "passed", ""), ("a", "S.B", "skipped", "no disk"))
        self.assertEqual((code, printed.splitlines()[-1]), (0, "1 passed, 0 failed"))
        self.assertIn("skipped a: S.B (no disk)", printed)

    def test_failures_are_shown_with_what_was_printed(self):
        programs = {"a": {"stdout": "last words\n"}}
        code, printed = self.report(("a", "S.A", "passed", ""), ("a", "S.B", "failed", "broke"),
                                    programs=programs)
        self.assertEqual((code, printed.splitlines()[-1]), (1, "1 passed, 1 failed"))
        self.assertIn("FAILED a: S.B\n    broke\n", printed)
        self.assertIn("last words", printed)

    def test_nothing_ran(self):
        code, printed = self.report()
        self.assertEqual((code, printed.splitlines()[-1]), (1, "0 passed, 0 failed"))

    def test_nothing_but_skips(self):
        self.assertEqual(self.report(("a", "S.A", "skipped", ""))[0], 1)

    def test_no_log_at_all(self):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            self.assertEqual(test_summary.main(["", "/nonexistent"]), 1)
        self.assertEqual(printed.getvalue().splitlines()[-1], "0 passed, 1 failed")


if __name__ == "__main__":
    tap.main()
