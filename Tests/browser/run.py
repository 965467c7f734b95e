"""Runs browser scripts: `run.py SCRIPT …`. A test that failed is run once more, alone; passing then, it is called unsteady.

A page, a browser and a program on a machine that is lent to many do now and then what they never do again, and a whole
evening's run must not be worth nothing for it. But it is said, loudly, and more than two are a failure like any other:
what is unsteady is a fault that somebody has to find, in the test or in the page.
"""
import sys
import unittest

MOST = 2


def failed(result: unittest.TestResult) -> list[str]:
    """Names of the tests; a part of one stands for the whole of it."""
    return sorted({getattr(test, "test_case", test).id() for test, _ in result.failures + result.errors})


def run(suite: unittest.TestSuite) -> unittest.TestResult:
    return unittest.TextTestRunner(verbosity=0).run(suite)


def main(scripts: list[str], most: int = MOST) -> int:
    names = [script.removesuffix(".py") for script in scripts]
    first = run(unittest.defaultTestLoader.loadTestsFromNames(names))
    again = failed(first)
    if first.wasSuccessful():
        return 0
    if not again or len(again) > most or first.unexpectedSuccesses:
        return 1
    for name in again:
        # What could not even be loaded has no name to be run by, and fails here again.
        if not run(unittest.defaultTestLoader.loadTestsFromName(name)).wasSuccessful():
            return 1
    for name in again:
        print(f"unsteady: {name} failed, and passed when it was run alone", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
