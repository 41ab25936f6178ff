#!/usr/bin/env python3
"""Runs the example application under OTP's erl and under Joist's. What it prints must be the same,
and the same kinds of reports must be logged; reports come when the logger gets to them, so their
place among the other lines does not count. `joist eval` of the same application prints the same
on OTP 25 and on the roots of 27 and 29, where there are such, but for the line with the release."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import side_by_side

PRINTED = ("OTP ", "ada", "somebody", "the supervisor")


def run(command):
    process = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=60, check=False)
    lines = process.stdout.decode("utf-8", "replace").splitlines()
    printed = [line for line in lines if line.startswith(PRINTED)]
    reports = sorted(line.split("====")[0] for line in lines if line.startswith("="))
    return process.returncode, printed, reports


def booted(erl, folder):
    return run([erl, "-noshell", "-pa", folder, "-s", "accounts_demo", "main"])


def evaluated(joist, folder, root):
    return run([joist, "eval", "-pa", folder, *root, "accounts_demo:main()."])


def differences(joist, folder):
    erl = booted(shutil.which("erl"), folder)
    found = {"joist erl": booted(str(Path(joist).resolve().parent / "erl"), folder),
             "joist eval": evaluated(joist, folder, [])}
    wrong = [(name, got) for name, got in found.items() if got != erl or len(erl[1]) != 6]
    print("\n".join(erl[1]))
    for release in (27, 29):
        root = side_by_side.newer_root(release, joist)
        if root is None:
            print(f"OTP {release}: no root, not tried")
            continue
        code, printed, reports = evaluated(joist, folder, ["-root", root])
        print(printed[0])
        same = (code, printed[1:], reports) == (erl[0], erl[1][1:], erl[2])
        if not same or not printed[0].startswith(f"OTP {release} on"):
            wrong.append((f"OTP {release}", (code, printed, reports)))
    return [("erl", erl), *wrong] if wrong else []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--joist", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sources = sorted(map(str, (HERE / "accounts").glob("*.erl")))
        subprocess.run(["erlc", "-o", folder, *sources], check=True)
        shutil.copy(HERE / "accounts" / "accounts.app", folder)
        wrong = differences(options.joist, folder)
    for name, got in wrong:
        print(f"{name}: {got}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
