#!/usr/bin/env python3
"""run_nif.py ERL [FOLDER]: compiles the C libraries of a folder (this one, if no other is named)
against the headers of the machine's OTP and runs the programs that load them under the real erl and
under Joist's; what main/0 returns must be the same. Exit 77: there is no erl, no C compiler or no
erl_nif.h."""

import difflib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else __file__).resolve()
HERE = HERE if HERE.is_dir() else HERE.parent
SHOWN = 60  # lines of a difference
SECONDS = 300


def erl_root():
    script = "io:format(\"~s\",[code:root_dir()]),halt()."
    return pathlib.Path(subprocess.run(["erl", "-noshell", "-eval", script], check=True,
                                       capture_output=True, text=True).stdout)


def run(erl, folder, module, options=(), stress=False):
    script = f'io:format("~p~n",[{module}:main("{folder}")]),halt().'
    environment = dict(os.environ, **({"JOIST_GC_STRESS": "1"} if stress else {}))
    try:
        done = subprocess.run([erl, *options, "-noshell", "-pa", folder, "-eval", script],
                              timeout=SECONDS, stdin=subprocess.DEVNULL, capture_output=True,
                              encoding="latin-1", env=environment)
    except subprocess.TimeoutExpired:
        return "timeout\n"
    return done.stdout + (f"exit {done.returncode}: {done.stderr}" if done.returncode else "")


def main():
    erl = sys.argv[1]
    compiler = shutil.which("cc")
    if not shutil.which("erl") or not shutil.which("erlc") or not compiler:
        return 77
    headers = erl_root() / "usr" / "include"
    if not (headers / "erl_nif.h").exists():
        return 77
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["erlc", "-o", folder, *sorted(HERE.glob("*.erl"))], check=True)
        for source in sorted(HERE.glob("*.c")):
            subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-w", "-I", headers, "-o",
                            pathlib.Path(folder) / f"{source.stem}.so", source, "-lpthread"],
                           check=True)
        for source in sorted(HERE.glob("*_cases.erl")):
            expected = run("erl", folder, source.stem)
            for options, stress in ((), False), (("+S", "8"), False), ((), True):
                got = run(erl, folder, source.stem, options, stress)
                if got == expected and expected.strip() != "timeout":
                    continue
                failed.append(source.stem)
                lines = difflib.unified_diff(expected.splitlines(), got.splitlines(), "erl",
                                             "joist", lineterm="")
                print(f"--- {source.stem} {' '.join(options)}{' under stress' if stress else ''}")
                print("\n".join(list(lines)[:SHOWN]))
    print("different:", *failed) if failed else print("all as under erl")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
