#!/usr/bin/env python3
"""OTP's own test suites under Joist, against a list of the cases that are known to fail.

    tests/conformance/run.py --erl build/release/bin/erl                 tiers 1 and 2
    tests/conformance/run.py --erl build/release/bin/erl --short         a few fast suites
    tests/conformance/run.py --erl build/release/bin/erl --suites emulator/fun_SUITE

    tests/conformance/run.py --erl build/release/bin/erl --release 27    OTP 27's

A case counts that passes on the real OTP; each counts of a release of which it is not known. Fails
when one fails that is not in the list, when one in the list passes, and when the VM crashes or
hangs where the list does not say so. Many cases measure time, so one that fails or runs out of
time unexpectedly is run once more, alone; both outcomes are printed and the second counts. A crash
or a hang counts at once. See README.md.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from releases import HERE, SHARED, Release

SKIPPED = 77

# What the list may say of a case: how it ends, or that it may end either way.
OUTCOMES = {"fail", "timeout", "skip", "crash", "hang", "missing", "unstable"}
# Outcomes that may stand for one another: a case that waits for something fails or runs out of
# time as it comes.
MILD = {"fail", "timeout", "skip", "missing"}
# A module that uses a feature loads only where the feature is enabled, under OTP's emulator too;
# the baseline has the cases of one where it is.
VM_ARGUMENTS = {"stdlib/erl_eval_SUITE": "-enable-feature maybe_expr"}


def read_results(path):
    """{case: outcome} of a results file or the baseline; <load> stands for a whole suite."""
    results = {}
    for line in Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split("\t")
        if len(fields) >= 2 and ":" in fields[0] and not line.startswith("#"):
            results[fields[0]] = fields[1]
    return results


def read_expected(path):
    expected = {}
    for number, line in enumerate(Path(path).read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != 3 or fields[1] not in OUTCOMES or not fields[2]:
            sys.exit(f"{path}:{number}: not `suite:case <tab> outcome <tab> reason`")
        if fields[0] in expected:
            sys.exit(f"{path}:{number}: {fields[0]} is there twice")
        expected[fields[0]] = fields[1]
    return expected


def outcome_of(case, results):
    suite = case.split(":", 1)[0]
    return results.get(case) or results.get(suite + ":<load>") or "missing"


def judge(case, outcome, expected):
    """What is wrong with that outcome; None: nothing."""
    listed = expected.get(case)
    if listed == "unstable":
        return None if outcome == "ok" or outcome in MILD else f"{outcome}, listed as unstable"
    if outcome == "ok":
        return None if listed is None else f"passes, and is listed ({listed}): take it off the list"
    if listed is None:
        return outcome
    same = outcome == listed or (outcome in MILD and listed in MILD)
    return None if same else f"{outcome}, listed as {listed}"


def suites_run(results):
    return {case.split(":", 1)[0] for case in results}


def cases_that_count(baseline, results, expected):
    """Without a baseline (None) each case that was run counts, and each in the list."""
    suites = suites_run(results)
    if baseline is None:
        known = {case: "ok" for case in [*results, *expected]}
        return [case for case in known if case.split(":", 1)[0] in suites]
    return [case for case, outcome in baseline.items()
            if outcome == "ok" and case.split(":", 1)[0] in suites]


def worth_another_run(baseline, results, expected):
    """Cases not listed that failed in a way that a busy machine may explain."""
    return [case for case in cases_that_count(baseline, results, expected)
            if case not in expected and results.get(case) in ("fail", "timeout")]


def compare(baseline, results, expected):
    """Prints what is not as expected; how much that is."""
    cases = cases_that_count(baseline, results, expected)
    passed = sum(outcome_of(case, results) == "ok" for case in cases)
    wrong = []
    for case in cases:
        outcome = outcome_of(case, results)
        problem = judge(case, outcome, expected)
        if baseline is None and outcome == "missing":
            problem = "is listed, and there is no such case"
        if problem is not None:
            wrong.append(f"{case}: {problem}")
    for problem in wrong:
        print(problem)
    print(f"{passed} of {len(cases)} cases pass, {len(wrong)} not as expected")
    return len(wrong)


def read_list(path):
    return [line.split("#")[0].strip() for line in Path(path).read_text().splitlines()
            if line.split("#")[0].strip()]


def run_suites(runner, arguments, choice, out):
    command = [sys.executable, str(runner / "run.py"), "run", "--erl", arguments.erl, "--out",
               str(out), "--jobs", str(arguments.jobs), *arguments.extra, *choice]
    subprocess.run(command, stdout=sys.stderr, stdin=subprocess.DEVNULL)


def to_run_with_arguments(results):
    """The suites that were to be run, and did not load for want of their arguments."""
    return [suite for suite in VM_ARGUMENTS if suite + ":<load>" in results]


def run_with_arguments(runner, arguments, suite, results, out):
    """Its cases' outcomes take the place of the one that it did not load."""
    out = out / suite.replace("/", ".")
    run_suites(runner, arguments,
               ["--suites", suite, "--vm-args=" + VM_ARGUMENTS[suite]], out)
    if (out / "results.tsv").exists():
        del results[suite + ":<load>"]
        results.update(read_results(out / "results.tsv"))


def run_again(runner, arguments, cases, results, out):
    """Runs those cases alone; their second outcome takes the place of the first."""
    chosen = out / "again.txt"
    chosen.write_text("".join(case + "\n" for case in cases))
    run_suites(runner, arguments, ["--only", str(chosen)], out / "again")
    again = out / "again" / "results.tsv"
    second = read_results(again) if again.exists() else {}
    for case in cases:
        print(f"{case}: {results[case]}, then {outcome_of(case, second)}")
        results[case] = outcome_of(case, second)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--erl", help="the command under test")
    parser.add_argument("--release", type=int, default=25, help="the suites of that OTP release")
    parser.add_argument("--runner", type=Path, default=SHARED / "conformance",
                        help="the folder of the suite runner (../shared/conformance)")
    parser.add_argument("--short", action="store_true",
                        help="only those in short_suites_<release>.txt, if they are prepared")
    parser.add_argument("--tier", default="1,2")
    parser.add_argument("--suites", default="",
                        help="app/suite_SUITE,... or a file of them, instead of tiers")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, help="where results and logs go")
    parser.add_argument("--results", type=Path, help="run nothing, look at these results")
    arguments = parser.parse_args()
    if not (arguments.runner / "run.py").exists():
        print(f"skipped: no suite runner in {arguments.runner}")
        return SKIPPED
    expected = read_expected(HERE / f"expected_failures_{arguments.release}.tsv")
    baseline = arguments.runner / f"baseline-otp{arguments.release}.tsv"
    wanted = read_results(baseline) if baseline.exists() else None
    if arguments.results is not None:
        return compare(wanted, read_results(arguments.results), expected) != 0
    if arguments.erl is None:
        parser.error("--erl is missing")
    release = Release(arguments.release)
    if arguments.short and not release.prepared():
        print("skipped: the suites are not prepared (run without --short once)")
        return SKIPPED
    if not release.find_root(arguments.erl):
        print(f"no libraries of OTP {arguments.release} (JOIST_OTP{arguments.release}_ROOT)")
        return SKIPPED if arguments.short else 1
    out = arguments.out or Path(tempfile.mkdtemp(prefix="joist-conformance-"))
    scripts = out.absolute() / "bin"
    arguments.erl, reference, more = release.commands(arguments.erl, scripts)
    arguments.extra = reference + more
    if not release.prepared() and not release.prepare(arguments.runner, reference):
        return 1
    suites = arguments.suites
    if arguments.short:
        suites = ",".join(read_list(HERE / f"short_suites_{arguments.release}.txt"))
    run_suites(arguments.runner, arguments,
               ["--suites", suites] if suites else ["--tier", arguments.tier], out)
    print(f"results and logs: {out}")
    if not (out / "results.tsv").exists():
        print("nothing was run")
        return 1
    results = read_results(out / "results.tsv")
    for suite in to_run_with_arguments(results):
        run_with_arguments(arguments.runner, arguments, suite, results, out)
    doubtful = worth_another_run(wanted, results, expected)
    if doubtful:
        run_again(arguments.runner, arguments, doubtful, results, out)
    return compare(wanted, results, expected) != 0


if __name__ == "__main__":
    sys.exit(int(main()))
