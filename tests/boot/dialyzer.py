#!/usr/bin/env python3
"""dialyzer --build_plt --apps erts kernel stdlib under the real erl and under Joist's: the same
summary, but for the time, and the same exit status. Takes minutes, so CI does not run it.

    tests/boot/dialyzer.py --joist build/release/bin/joist
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

APPLICATIONS = ["erts", "kernel", "stdlib"]


def run(programs):
    path = str(programs) + os.pathsep + os.environ["PATH"]
    with tempfile.TemporaryDirectory() as folder:
        command = ["dialyzer", "--build_plt", "--apps", *APPLICATIONS, "--output_plt", "made.plt"]
        process = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path},
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, check=False)
        made = Path(folder, "made.plt").exists()
    return re.sub(r"done in .*", "done in TIME", process.stdout), process.returncode, made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--joist", required=True)
    joist = Path(parser.parse_args().joist).resolve()
    real = shutil.which("dialyzer")
    if real is None:
        print("skipped: no dialyzer")
        return 77
    expected, found = run(Path(real).parent), run(joist.parent)
    print(found[0])
    if expected != found:
        print(f"erl: exit {expected[1]}, PLT made: {expected[2]}\n{expected[0]}")
        return 1
    print("the same as under erl")
    return 0


if __name__ == "__main__":
    sys.exit(main())
