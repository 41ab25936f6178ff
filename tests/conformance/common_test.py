#!/usr/bin/env python3
"""Suites run by OTP's own Common Test (ct_run), under the real erl and under Joist's: the same
result of each case, the same files of the report.

    tests/conformance/common_test.py --erl build/release/bin/erl           a small suite of our own
    tests/conformance/common_test.py --erl build/release/bin/erl \\
        --otp lists maps gen_server supervisor ets                         OTP's suites of stdlib

OTP's suites come with Debian's source package (--sources: the unpacked one; ../shared/tools/otp
brings it). Of them the cases count that pass under the real erl; those that
expected_failures_25.tsv names may fail. ets takes half an hour under either, most of it in its
benchmarks and on a busy machine more. Exit 77: ct_run is not there.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from releases import find_source
from run import read_expected

HERE = Path(__file__).resolve().parent
SKIPPED = 77


def prepare(folder, sources, suites):
    """The names of the suites, whose sources and data are in `folder` then."""
    if not suites:
        shutil.copy(HERE / "common_test_SUITE.erl", folder)
        return ["common_test_SUITE"]
    tests = sources / "lib" / "stdlib" / "test"
    for suite in suites:
        shutil.copy(tests / f"{suite}_SUITE.erl", folder)
        data = tests / f"{suite}_SUITE_data"
        if data.is_dir():
            shutil.copytree(data, folder / data.name)
    # What stands in the suite's folder is compiled with it: the modules it calls.
    for helper in tests.glob("*.erl"):
        if not helper.name.endswith("_SUITE.erl"):
            shutil.copy(helper, folder)
    shutil.copy(sources / "erts" / "emulator" / "test" / "erts_test_utils.erl", folder)
    for hook in ("ts_install_cth.erl", "ts_lib.erl", "ts.hrl"):
        shutil.copy(sources / "lib" / "common_test" / "test_server" / hook, folder)
    return [suite + "_SUITE" for suite in suites]


def may_fail():
    """The listed cases of stdlib, as Common Test calls them: without their groups."""
    listed = read_expected(HERE / "expected_failures_25.tsv")
    cases = [case.split("/", 1)[1].split(":") for case in listed if case.startswith("stdlib/")]
    return {f"{suite}:{case.rsplit('/', 1)[-1]}" for suite, case in cases}


def report_name(name, folder):
    name = re.sub(r"\d{4}-\d\d-\d\d_\d\d\.\d\d\.\d\d", "TIME", name.replace(folder, "FOLDER"))
    return re.sub(r"\.\d+\.html", ".N.html", name)


def run(programs, folder, suites, seconds):
    """({case: [its results]}, the names of the files written)."""
    logs = folder.parent / ("logs" + folder.name)
    logs.mkdir()
    path = str(programs) + os.pathsep + os.environ["PATH"]
    command = ["ct_run", "-noshell", "-sname", f"ct_{os.getpid()}", "-dir", ".", "-suite", *suites,
               "-logdir", str(logs)]
    with open(logs.parent / (folder.name + ".out"), "wb") as out:
        try:
            code = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path},
                                  stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                  timeout=seconds, check=False).returncode
        except subprocess.TimeoutExpired:
            print(f"{programs}: not at its end after {seconds} s; what has run until then counts")
            code = None
    results = {}
    for log in logs.glob("**/suite.log"):
        for case, result in re.findall(r"^=case +(\S+)\n(?:.*\n)*?=result +(\w+)",
                                       log.read_text(errors="replace"), re.M):
            results.setdefault(case, []).append(result)
    # Without times, unique integers and what the cases write themselves (log_private).
    files = sorted(report_name(str(file.relative_to(logs)), folder.name)
                   for file in logs.glob("**/*")
                   if file.is_file() and "log_private" not in str(file))
    return {case: sorted(found) for case, found in results.items()}, files, code


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--erl", required=True, help="Joist's, with its ct_run beside it")
    parser.add_argument("--otp", nargs="+", default=[], metavar="SUITE")
    parser.add_argument("--sources")
    parser.add_argument("--seconds", type=int, default=7200)
    options = parser.parse_args()
    real = shutil.which("ct_run")
    if real is None:
        print("skipped: no ct_run")
        return SKIPPED
    sources = None
    if options.otp:
        sources = Path(options.sources) if options.sources else find_source(25)
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, programs in (("erl", Path(real).parent),
                               ("joist", Path(options.erl).resolve().parent)):
            folder = Path(scratch) / name
            folder.mkdir()
            suites = prepare(folder, sources, options.otp)
            found[name] = run(programs, folder, suites, options.seconds)
    (expected, files, code), (got, our_files, our_code) = found["erl"], found["joist"]
    counted = {case for case, results in expected.items()
               if not options.otp or set(results) == {"ok"}}
    allowed = may_fail() if options.otp else set()
    wrong = []
    for case in sorted(counted):
        if got.get(case) == expected[case]:
            continue
        print(f"{case}: erl {expected[case]}, Joist {got.get(case, 'did not run')}"
              f"{', as listed' if case in allowed else ''}")
        if case not in allowed:
            wrong.append(case)
    if not options.otp and (files, code) != (our_files, our_code):
        wrong.append("report")
        print(f"exit {code} and {our_code}; files of one only: {set(files) ^ set(our_files)}")
    print(f"{len(counted) - len(wrong)} of {len(counted)} cases as under erl; "
          f"{len(our_files)} files of reports (erl {len(files)})")
    return 1 if wrong or not counted else 0


if __name__ == "__main__":
    sys.exit(main())
