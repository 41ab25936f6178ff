#!/usr/bin/env python3
"""What run.py makes of a case: the list only shrinks, and nothing new may fail."""
import unittest

from run import compare, judge, outcome_of, to_run_with_arguments, worth_another_run


class Judge(unittest.TestCase):
    expected = {"a/b_SUITE:known": "fail", "a/b_SUITE:hangs": "hang", "a/b_SUITE:odd": "unstable"}

    def test_unlisted(self):
        self.assertIsNone(judge("a/b_SUITE:new", "ok", self.expected))
        self.assertIsNotNone(judge("a/b_SUITE:new", "fail", self.expected))

    def test_listed(self):
        self.assertIsNone(judge("a/b_SUITE:known", "timeout", self.expected))
        self.assertIsNotNone(judge("a/b_SUITE:known", "ok", self.expected))
        self.assertIsNotNone(judge("a/b_SUITE:known", "crash", self.expected))
        self.assertIsNone(judge("a/b_SUITE:hangs", "hang", self.expected))

    def test_unstable(self):
        self.assertIsNone(judge("a/b_SUITE:odd", "ok", self.expected))
        self.assertIsNone(judge("a/b_SUITE:odd", "fail", self.expected))
        self.assertIsNotNone(judge("a/b_SUITE:odd", "crash", self.expected))

    def test_suite_that_does_not_load(self):
        self.assertEqual(outcome_of("a/b_SUITE:x", {"a/b_SUITE:<load>": "crash"}), "crash")
        self.assertEqual(outcome_of("a/b_SUITE:x", {}), "missing")

    def test_suite_that_needs_arguments(self):
        suite = "stdlib/erl_eval_SUITE"
        self.assertEqual(to_run_with_arguments({suite + ":<load>": "fail"}), [suite])
        others = {suite + ":eep37": "fail", "a/b:<load>": "fail"}
        self.assertEqual(to_run_with_arguments(others), [])

    def test_compare(self):
        baseline = {"a/b_SUITE:known": "ok", "a/b_SUITE:good": "ok", "a/b_SUITE:never": "fail"}
        self.assertEqual(compare(baseline, {"a/b_SUITE:known": "fail", "a/b_SUITE:good": "ok"},
                                 self.expected), 0)
        self.assertEqual(compare(baseline, {"a/b_SUITE:known": "ok", "a/b_SUITE:good": "fail"},
                                 self.expected), 2)

    def test_without_baseline_every_case_counts(self):
        good = {"a/b_SUITE:known": "fail", "a/b_SUITE:hangs": "hang", "a/b_SUITE:odd": "ok",
                "a/b_SUITE:good": "ok"}
        self.assertEqual(compare(None, good, self.expected), 0)
        self.assertEqual(compare(None, {**good, "a/b_SUITE:good": "skip"}, self.expected), 1)
        self.assertEqual(compare(None, {**good, "a/b_SUITE:known": "ok"}, self.expected), 1)
        self.assertEqual(compare(None, {**good, "a/c_SUITE:<load>": "fail"}, self.expected), 1)
        self.assertEqual(worth_another_run(None, {**good, "a/b_SUITE:good": "timeout"},
                                           self.expected), ["a/b_SUITE:good"])

    def test_without_baseline_a_listed_case_must_be_there(self):
        results = {"a/b_SUITE:hangs": "hang", "a/b_SUITE:odd": "ok"}
        self.assertEqual(compare(None, results, self.expected), 1)
        self.assertEqual(compare(None, {"a/c_SUITE:good": "ok"}, self.expected), 0)

    def test_worth_another_run(self):
        baseline = {"a/b_SUITE:known": "ok", "a/b_SUITE:good": "ok", "a/b_SUITE:late": "ok",
                    "a/b_SUITE:dead": "ok", "a/b_SUITE:never": "fail"}
        results = {"a/b_SUITE:known": "fail", "a/b_SUITE:good": "ok", "a/b_SUITE:late": "timeout",
                   "a/b_SUITE:dead": "crash", "a/b_SUITE:never": "fail"}
        self.assertEqual(worth_another_run(baseline, results, self.expected), ["a/b_SUITE:late"])


if __name__ == "__main__":
    unittest.main()
