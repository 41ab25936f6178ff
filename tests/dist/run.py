#!/usr/bin/env python3
"""Runs tests/dist/dist_cases.erl between two nodes and compares what it prints.

The reference is the run between two nodes of the machine's erl; the others are Joist with Joist,
Joist with erl, and erl with Joist. All use a port mapper of their own, on the loopback interface.
"""
import argparse
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def environment(home, port):
    env = dict(os.environ)
    env.update(ERL_EPMD_PORT=str(port), ERL_EPMD_ADDRESS="127.0.0.1", HOME=home,
               ERL_AFLAGS="", ERL_FLAGS="", ERL_ZFLAGS="")
    return env


def node(program, name, folder, extra):
    return [program, "-sname", f"{name}@localhost", "-setcookie", "dist_cases", "-noshell",
            "-kernel", "logger_level", "none", "-pa", folder] + extra


class Nodes:
    """The two nodes of one run."""

    def __init__(self, folder, env):
        self.folder = folder
        self.env = env
        self.count = 0

    def run(self, first, second, only):
        self.count += 1
        names = [f"a{self.count}", f"b{self.count}"]
        other = subprocess.Popen(node(second, names[1], self.folder, []), env=self.env,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE)
        try:
            self.wait_for(names[1])
            function = ["-run", "dist_cases", "main"] + [f"{names[1]}@localhost"] + only
            done = subprocess.run(node(first, names[0], self.folder, function), env=self.env,
                                  capture_output=True, text=True, timeout=100)
            return done.stdout.splitlines() + done.stderr.splitlines()[:20]
        except subprocess.TimeoutExpired as late:
            return ((late.stdout or b"").decode() + "\ntimeout").splitlines()
        finally:
            other.kill()
            complaint = other.communicate()[1].decode(errors="replace")
            if complaint:
                print("second node:", complaint[:2000])

    def wait_for(self, name):
        for _ in range(200):
            names = subprocess.run(["epmd", "-names"], env=self.env, capture_output=True, text=True)
            if f"name {name} " in names.stdout:
                return
            time.sleep(0.1)


def compare(label, expected, got):
    wrong = [(e, g) for e, g in zip(expected, got) if e != g]
    for e, g in wrong:
        print(f"{label}\n  erl:   {e}\n  here:  {g}")
    if len(expected) != len(got):
        print(f"{label}: {len(expected)} lines of erl, {len(got)} here:")
        print("\n".join(got[len(expected):][:20]))
    return not wrong and len(expected) == len(got)


def garbage(program, folder, env):
    """A node that sends nonsense: see dist_garbage.erl."""
    command = node(program, "victim", folder, ["-run", "dist_garbage", "main", "20000"])
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    sound = done.returncode == 0 and done.stdout.strip() == "{true,true,true}"
    if not sound:
        print("garbage:", done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return sound


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--pairs", default="jj,je,ej")
    parser.add_argument("--show", action="store_true", help="print what erl gives")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    erl = shutil.which("erl")
    if erl is None or shutil.which("epmd") is None:
        print("no erl to compare with")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["erlc", "-o", folder, str(HERE / "dist_cases.erl"),
                        str(HERE / "dist_garbage.erl")], check=True)
        env = environment(folder, free_port())
        mapper = subprocess.Popen(["epmd"], env=env, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            nodes = Nodes(folder, env)
            expected = nodes.run(erl, erl, options.cases)
            if options.show:
                print("\n".join(expected))
            programs = {"j": str(pathlib.Path(options.bin) / "erl"), "e": erl}
            sound = True
            for pair in options.pairs.split(","):
                got = nodes.run(programs[pair[0]], programs[pair[1]], options.cases)
                sound = compare(f"{pair[0]}-{pair[1]}", expected, got) and sound
            if not options.cases:
                sound = garbage(programs["j"], folder, env) and sound
            print(f"{len(expected)} cases")
            return 0 if sound else 1
        finally:
            mapper.kill()


if __name__ == "__main__":
    sys.exit(main())
