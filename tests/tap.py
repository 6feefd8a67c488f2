"""Runs the unittest cases of a script and prints them as TAP, so that meson counts each case.

    if __name__ == "__main__":
        tap.main()

What a failed case has to say goes to standard error, which the summary of `tools/dev test` shows.
"""

import sys
import unittest


class TapResult(unittest.TestResult):
    """Prints one line a case, as soon as the case is over."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def line(self, verdict, test, directive=""):
        self.count += 1
        name = test.id().partition("__main__.")[2] or test.id()
        print(f"{verdict} {self.count} - {name}{directive}", flush=True)

    def not_ok(self, test, err):
        self.line("not ok", test)
        print(f"{test.id()}:\n{self._exc_info_to_string(err, test)}", file=sys.stderr, flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.line("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line("ok", test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.not_ok(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self.not_ok(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        # A case whose subtests all pass is reported by addSuccess; one that fails is reported here
        # alone.
        if err is not None:
            self.not_ok(subtest, err)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.line("ok", test)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.line("not ok", test)


def main(module="__main__"):
    suite = unittest.defaultTestLoader.loadTestsFromName(module)
    result = TapResult()
    suite.run(result)
    # The plan comes last, because a fixture that fails is one more line than there are cases.
    print(f"1..{result.count}", flush=True)
