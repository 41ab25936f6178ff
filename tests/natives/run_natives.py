#!/usr/bin/env python3
"""run_natives.py COMPARE_NATIVES: has the real erl call the functions of every *_cases.erl here and
compares Joist's natives with it. Exit 77: there is no erl to compare with."""

import pathlib
import shutil
import subprocess
import sys
import tempfile


def main():
    compare = sys.argv[1]
    if shutil.which("erl") is None or shutil.which("erlc") is None:
        print("no erl on PATH")
        return 77
    here = pathlib.Path(__file__).parent
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        sources = sorted(here.glob("*_cases.erl"))
        subprocess.run(["erlc", "-o", folder, here / "cases.erl", *sources], check=True)
        for source in sources:
            module = source.stem
            file = f"{folder}/{module}.etf"
            script = f'cases:write({module}, "{file}"), halt().'
            subprocess.run(["erl", "-noshell", "-pa", folder, "-eval", script], check=True,
                           timeout=300)
            result = subprocess.run([compare, file], timeout=300, capture_output=True)
            print(module + ":", result.stdout.decode(errors="replace").strip(), flush=True)
            failed = failed or result.returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
