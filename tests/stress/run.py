#!/usr/bin/env python3
"""run.py JOIST [--seconds N] [--seeds N] [--seed FIRST] [--schedulers LIST] [--programs LIST]: runs
stress.erl, linearizable.erl and hot_code.erl under JOIST with different seeds, each at every number
of schedulers. The first failure ends it, with the command that repeats it. Exit 77: no erlc."""

import argparse
import itertools
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent


def run_one(joist, folder, program, seed, seconds, schedulers):
    command = [joist, "exec", "+S", str(schedulers), "-pa", folder, program, "run", str(seed),
               str(seconds)]
    # Under a sanitizer everything takes ten times as long, the last round included.
    limit = seconds * 4 + 120
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return f"hangs (more than {limit} s)\n{' '.join(command)}"
    if done.returncode == 0 and done.stdout.startswith("{ok,"):
        told = " ".join(done.stdout.split())
        print(f"{program}, seed {seed}, +S {schedulers}: {told}", flush=True)
        return None
    output = done.stdout[-2000:] + done.stderr[-8000:]
    return f"exit code {done.returncode}\n{' '.join(command)}\n{output}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("joist")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--schedulers", default="1,2,8")
    parser.add_argument("--programs", default="stress,linearizable,hot_code")
    options = parser.parse_args()
    if shutil.which("erlc") is None:
        print("no erlc on PATH")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        programs = options.programs.split(",")
        subprocess.run(["erlc", "-o", folder, *sorted(HERE.glob("*.erl"))],
                       check=True)
        for seed in range(options.seed, options.seed + options.seeds):
            for schedulers, program in itertools.product(options.schedulers.split(","), programs):
                failure = run_one(options.joist, folder, program, seed, options.seconds, schedulers)
                if failure:
                    print(f"{program}, seed {seed}, +S {schedulers}: {failure}")
                    return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
