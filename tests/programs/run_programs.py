#!/usr/bin/env python3
"""run_programs.py JOIST [--schedulers LIST] [PROGRAM...]: runs the programs of this folder under
the real erl and under `joist exec`, there with each number of schedulers of the list, and compares
what main/0 returns. Exit 77: there is no erl (for an Elixir program: no elixirc) to compare with.

Programs are *.erl (helpers are those without main/0; a first line "%% needs: ..." names what
`joist exec` does not have yet) and *.ex modules, compiled by the real
compilers in the same run. Each is a module of the file's name; an Elixir file p.ex defines
Elixir.Programs.P, whose name is in its first line after `defmodule`."""

import argparse
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
SHOWN = 30  # lines of a difference


def compile_all(folder):
    sources = sorted(HERE.glob("*.erl"))
    subprocess.run(["erlc", "+debug_info", "-o", folder, *sources], check=True)
    modules = []
    for source in sources:
        text = source.read_text()
        needs = re.match(r"%% needs: (.*)", text)
        if needs:
            print(f"{source.stem}: left out, joist exec has no {needs.group(1)}")
        elif re.search(r"^main\(\)", text, re.M):
            modules.append(source.stem)
    paths = []
    elixir = sorted(HERE.glob("*.ex"))
    if elixir and shutil.which("elixirc"):
        subprocess.run(["elixirc", "-o", folder, *elixir], check=True)
        for source in elixir:
            name = re.search(r"defmodule (\S+)", source.read_text()).group(1)
            modules.append("Elixir." + name)
        where = subprocess.run(["elixir", "-e", "IO.puts(:code.lib_dir(:elixir))"], check=True,
                               capture_output=True, text=True).stdout.strip()
        paths.append(where + "/ebin")
    return modules, paths


def reference(folder, modules, paths):
    """What the real erl prints. It has hung itself (seen in `relations`, its scheduler turning in
    sched_yield): then a new one does what is left."""
    pa = [x for p in [folder, *paths] for x in ("-pa", p)]
    for _ in range(2):
        left = [m for m in modules if not pathlib.Path(folder, m + ".expected").exists()]
        names = "[" + ",".join(f"'{m}'" for m in left) + "]"
        script = f'prog:write("{folder}", {names}), halt().'
        try:
            subprocess.run(["erl", "-noshell", *pa, "-eval", script], check=True, timeout=300)
            return
        except subprocess.TimeoutExpired:
            print(f"the reference did not end, {len(left)} programs left before")


def run_one(joist, folder, module, paths, schedulers):
    expected = pathlib.Path(folder, module + ".expected")
    if not expected.exists():
        return "the reference failed"
    pa = [x for p in [folder, *paths] for x in ("-pa", p)]
    own = ["+S", schedulers] if schedulers else []
    try:
        result = subprocess.run([joist, "exec", *own, *pa, module, "main"], capture_output=True,
                                timeout=300)
    except subprocess.TimeoutExpired:
        return "did not end"
    got = result.stdout.decode(errors="replace")
    want = expected.read_text(errors="replace")
    if result.returncode == 0 and got == want:
        return None
    lines = difflib.unified_diff(want.splitlines(), got.splitlines(), "erl", "joist", lineterm="",
                                 n=1)
    text = "\n".join(list(lines)[:SHOWN])
    error = result.stderr.decode(errors="replace").strip()
    return f"exit code {result.returncode}\n{text}\n{error[:3000]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("joist")
    parser.add_argument("programs", nargs="*")
    parser.add_argument("--schedulers", default="", help="as 1,2,8; otherwise as many as cores")
    options = parser.parse_intermixed_args()
    wanted = options.programs
    if shutil.which("erl") is None or shutil.which("erlc") is None:
        print("no erl on PATH")
        return 77
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        modules, paths = compile_all(folder)
        if wanted:
            modules = [m for m in modules if m in wanted or m.split(".")[-1] in wanted]
        reference(folder, modules, paths)
        runs = [(m, s) for m in modules for s in options.schedulers.split(",")]
        for module, schedulers in runs:
            problem = run_one(options.joist, folder, module, paths, schedulers)
            name = f"{module} +S {schedulers}" if schedulers else module
            print(f"{name}: {'ok' if problem is None else problem}", flush=True)
            if problem is not None:
                failed.append(name)
    print(f"{len(runs) - len(failed)} of {len(runs)} programs as under erl")
    if failed:
        print("different:", ", ".join(failed))
    return 1 if failed or not runs else 0


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    sys.exit(main())
