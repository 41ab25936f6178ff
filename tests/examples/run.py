#!/usr/bin/env python3
"""Runs the example application under OTP's erl and under Joist's. What it prints must be the same,
and the same kinds of reports must be logged; reports come when the logger gets to them, so their
place among the other lines does not count."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PRINTED = ("OTP ", "ada", "somebody", "the supervisor")


def run(erl, folder):
    command = [erl, "-noshell", "-pa", folder, "-s", "accounts_demo", "main"]
    process = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=60, check=False)
    lines = process.stdout.decode("utf-8", "replace").splitlines()
    printed = [line for line in lines if line.startswith(PRINTED)]
    reports = sorted(line.split("====")[0] for line in lines if line.startswith("="))
    return process.returncode, printed, reports


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--joist", required=True)
    options = parser.parse_args()
    ours = str(Path(options.joist).resolve().parent / "erl")
    with tempfile.TemporaryDirectory() as folder:
        sources = sorted(map(str, (HERE / "accounts").glob("*.erl")))
        subprocess.run(["erlc", "-o", folder, *sources], check=True)
        shutil.copy(HERE / "accounts" / "accounts.app", folder)
        expected, found = run(shutil.which("erl"), folder), run(ours, folder)
    if expected != found or len(expected[1]) != 6:
        print(f"erl:   {expected}\njoist: {found}")
        return 1
    print("\n".join(found[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
