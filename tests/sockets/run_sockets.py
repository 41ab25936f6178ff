#!/usr/bin/env python3
"""run_sockets.py ERL [PROGRAM...]: runs the programs of this folder with OTP booted, under the
real erl and under Joist's, and compares what main/0 returns. Exit 77: there is no erl to compare
with."""

import difflib
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
SHOWN = 60  # lines of a difference
SECONDS = 300


def run(erl, folder, module):
    script = f'io:format("~p~n",[{module}:main()]),halt().'
    try:
        done = subprocess.run([erl, "-noshell", "-pa", folder, "-eval", script], timeout=SECONDS,
                              stdin=subprocess.DEVNULL, capture_output=True, encoding="latin-1")
    except subprocess.TimeoutExpired:
        return "timeout\n"
    return done.stdout + (f"exit {done.returncode}: {done.stderr}" if done.returncode else "")


def main():
    erl, names = sys.argv[1], sys.argv[2:]
    if not shutil.which("erl") or not shutil.which("erlc"):
        return 77
    sources = sorted(HERE.glob("*.erl"))
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["erlc", "-o", folder, *sources], check=True)
        for source in sources:
            if names and source.stem not in names:
                continue
            expected = run("erl", folder, source.stem)
            got = run(erl, folder, source.stem)
            if got == expected and "timeout" != expected.strip():
                continue
            failed.append(source.stem)
            lines = difflib.unified_diff(expected.splitlines(), got.splitlines(), "erl", "joist",
                                         lineterm="")
            print(f"--- {source.stem}")
            print("\n".join(list(lines)[:SHOWN]))
    print("different:", *failed) if failed else print("all as under erl")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
