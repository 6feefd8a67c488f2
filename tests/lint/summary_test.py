"""tools/test_summary.py: whatever can go wrong with a test program must be counted, and nothing twice.

Each case runs a small meson project and counts it; what the project's programs do is in PROGRAM, by their first argument.
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

# Plays a GoogleTest program (its report goes where --gtest_output says), a TAP program, or a plain one.
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
                 '<testcase name="B" status="run" classname="S"><skipped message="no disk"/></testcase>',
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


def meson_file(tests):
    lines = ["project('sample')", "python = find_program('python3')"]
    for name, protocol, what in tests:
        lines.append(f"test('{name}', python, args: [files('program.py'), '{what}'], "
                     f"protocol: '{protocol}', timeout: 2)")
    return "\n".join(lines) + "\n"


def count(*tests):
    """(exit code, last line, everything printed) for a project with these (name, protocol, what) tests."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "program.py").write_text(PROGRAM, encoding="utf-8")
        (root / "meson.build").write_text(meson_file(tests), encoding="utf-8")
        for command in (["setup", "b", "."], ["test", "-C", "b"]):
            subprocess.run(["meson", *command], cwd=root, check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            code = test_summary.main(["", str(root / "b" / "meson-logs")])
    return code, printed.getvalue().splitlines()[-1], printed.getvalue()


class Summary(unittest.TestCase):
    def expect(self, tests, passed, failed, *shown):
        code, last, printed = count(*tests)
        self.assertEqual(last, f"{passed} passed, {failed} failed", printed)
        self.assertEqual(code, 1 if failed or not passed else 0)
        for text in shown:
            self.assertIn(text, printed)

    def test_gtest_cases_count(self):
        self.expect([("io_test", "gtest", "passes"), ("wal_test", "gtest", "passes")], 4, 0)

    def test_gtest_failure(self):
        self.expect([("io_test", "gtest", "one_fails")], 1, 1, "FAILED io_test: S.B", "it broke here")

    def test_gtest_skip_is_neither(self):
        self.expect([("io_test", "gtest", "one_skips")], 1, 0, "skipped io_test: S.B")

    def test_gtest_filtered_case_did_not_run(self):
        self.expect([("io_test", "gtest", "filtered")], 1, 0)

    def test_gtest_crash(self):
        self.expect([("io_test", "gtest", "crashes")], 0, 1, "FAILED io_test", "last words")

    def test_gtest_timeout(self):
        self.expect([("io_test", "gtest", "hangs"), ("a_test", "gtest", "passes")], 2, 1,
                    "timed out")

    def test_failure_after_the_last_case(self):
        self.expect([("io_test", "gtest", "leaks")], 2, 1, "exit code 23")

    def test_tap_subtests_count(self):
        self.expect([("e2e", "tap", "tap")], 1, 1, "skipped e2e")

    def test_tap_that_stops_before_its_plan(self):
        self.expect([("e2e", "tap", "tap_short")], 1, 1)

    def test_plain_programs_are_one_case_each(self):
        self.expect([("a", "exitcode", "ok"), ("b", "exitcode", "ok"), ("c", "exitcode", "fails")],
                    2, 1, "FAILED c")

    def test_plain_timeout_and_crash(self):
        self.expect([("a", "exitcode", "hangs"), ("b", "exitcode", "crashes")], 0, 2)

    def test_names_that_begin_alike(self):
        self.expect([("io", "gtest", "crashes"), ("io_test", "gtest", "one_fails")], 1, 2)

    def test_no_test_at_all(self):
        self.expect([], 0, 1, "no test ran")

    def test_no_log_at_all(self):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(test_summary.main(["", "/nonexistent"]), 1)
        self.assertEqual(printed.getvalue().splitlines()[-1], "0 passed, 1 failed")


if __name__ == "__main__":
    tap.main()
