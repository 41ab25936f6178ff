#!/usr/bin/env python3
"""growth.py JOIST [KIND...]: runs growth:check/1 of growth.erl for each kind under `joist exec`,
with two schedulers. Exit 77: there is no erlc."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent


def main():
    joist, kinds = sys.argv[1], sys.argv[2:]
    if shutil.which("erlc") is None:
        print("no erlc on PATH")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["erlc", "-o", folder, HERE / "growth.erl"], check=True)
        command = [joist, "exec", "--schedulers", "2", "-pa", folder, "growth"]
        if not kinds:
            names = subprocess.run([*command, "names"], check=True, capture_output=True, text=True)
            kinds = names.stdout.strip().strip("[]").replace(",", " ").split()
        wrong = []
        for kind in kinds:
            result = subprocess.run([*command, "check", kind], capture_output=True, text=True,
                                    timeout=300)
            said = result.stdout.strip()
            print(f"{kind}: {said} {result.stderr}", flush=True)
            if said != "ok":
                wrong.append(kind)
    return 1 if wrong or not kinds else 0


sys.exit(main())
