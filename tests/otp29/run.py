#!/usr/bin/env python3
"""run.py --joist JOIST: compiles and runs each module here on the libraries of OTP 29, which the
machine's erl is too old to compare with, and compares what main/0 prints with NAME.txt, which
follows the documentation of that release. The root is JOIST_OTP29_ROOT, or unpacked once into the
build folder; exit 77: there is none."""

import argparse
import difflib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from side_by_side import newer_root  # noqa: E402


def environment(erl, root, home):
    """With a port mapper's address of its own, and the nodes that may be started. What looks names
    up for OTP 29 may not run on this machine, so they come from a file."""
    names = Path(home, "inetrc")
    names.write_text('{lookup, [file]}. {host, {127,0,0,1}, ["localhost"]}.')
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    nodes = [f"joist {erl}", f"erl {shutil.which('erl')}"]
    return dict(os.environ, JOIST_OTP_ROOT=root, HOME=home, ERL_EPMD_PORT=str(port),
                ERL_EPMD_ADDRESS="127.0.0.1", ERL_INETRC=str(names), NODES=",".join(nodes))


def run(erl, root, source, schedulers):
    name = source.stem
    code = f'{{ok, _}} = compile:file("{source}", [report]), {name}:main(), halt().'
    with tempfile.TemporaryDirectory() as folder:
        env = environment(erl, root, folder)
        mapper = subprocess.Popen(["epmd"], env=env, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        command = [erl, "-noshell", "-sname", "first@localhost", "-setcookie", "otp29",
                   "-start_epmd", "false", "-kernel", "logger_level", "none",
                   "+S", str(schedulers), "-eval", code]
        try:
            result = subprocess.run(command, cwd=folder, capture_output=True, text=True,
                                    timeout=120, env=env)
        finally:
            mapper.kill()
    if result.returncode != 0:
        return result.stdout + result.stderr
    return result.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joist", required=True)
    options = parser.parse_args()
    joist = Path(options.joist).resolve()
    root = newer_root(29, joist)
    if not root or shutil.which("erl") is None or shutil.which("epmd") is None:
        print("no root of OTP 29, or no erl")
        return 77
    failed = 0
    for source in sorted(HERE.glob("*.erl")):
        wanted = source.with_suffix(".txt").read_text()
        for schedulers in (1, 2, 8):
            got = run(str(joist.parent / "erl"), root, source, schedulers)
            if got == wanted:
                continue
            failed += 1
            print(f"{source.name} +S {schedulers}")
            print("\n".join(difflib.unified_diff(wanted.splitlines(), got.splitlines(), "wanted",
                                                 "got", lineterm="")))
    return 1 if failed else 0


sys.exit(main())
