#!/usr/bin/env python3
"""measure.py JOIST [crowd|starvation|reads]...: runs crowd.erl (a million processes that end at
once), starvation.erl (answers while others are busy, pauses while natives work on large terms) and
reads.erl (ETS lookups by one process and by two) under the real erl and under `joist exec` and
prints what both tell, side by side."""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent


def run(name, command):
    print(f"--- {name}", flush=True)
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=300)
        print(result.stdout + result.stderr[-2000:], flush=True)
    except subprocess.TimeoutExpired:
        print("did not end", flush=True)


def main():
    joist, steps = sys.argv[1], sys.argv[2:] or ["crowd", "starvation", "reads"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["erlc", "-o", folder, *HERE.glob("*.erl")], check=True)
        erl = ["erl", "-noshell", "-pa", folder]
        own = [joist, "exec", "-pa", folder]
        if "crowd" in steps:
            run("crowd, erl", erl[:1] + ["+P", "2000000"] + erl[1:]
                + ["-eval", "crowd:main(), halt()."])
            run("crowd, joist", own[:2] + ["--processes", "2000000"] + own[2:] + ["crowd", "main"])
        if "starvation" in steps:
            for schedulers in ("2", "1"):
                show = 'io:format("~p~n", [starvation:main()]), halt().'
                run(f"starvation +S {schedulers}, erl",
                    erl[:1] + ["+S", schedulers] + erl[1:] + ["-eval", show])
                run(f"starvation +S {schedulers}, joist",
                    own[:2] + ["--schedulers", schedulers] + own[2:] + ["starvation", "main"])
        if "reads" in steps:
            show = 'io:format("~p~n", [reads:main()]), halt().'
            for _ in range(2):  # in turn: the machine changes
                run("reads, erl", erl[:1] + ["+S", "2"] + erl[1:] + ["-eval", show])
                run("reads, joist", own[:2] + ["--schedulers", "2"] + own[2:] + ["reads", "main"])


main()
