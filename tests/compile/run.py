#!/usr/bin/env python3
"""Compiles OTP's own sources by OTP's compiler, under the real erl and under Joist: the .beam files
must be the same to the byte, and so must the warnings.

    run.py --joist build/release/bin/joist            a sample of files: the test
    run.py --joist ... --all                          stdlib, kernel and compiler: minutes
    run.py --joist ... --all --apps ssl,mnesia        other applications
    run.py --joist ... lists.erl gen_server.erl       these files

Sources are those of Debian's erlang-src, in the OTP root. Prints how long both took. Exit 77:
there is no erl or there are no sources.
"""

import argparse
import filecmp
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Each leans on another part of the VM: large literals, binaries, floats, records, big functions.
SAMPLE = ["lists.erl", "maps.erl", "erl_parse.erl", "io_lib_format.erl", "unicode_util.erl",
          "gen_statem.erl", "code_server.erl", "inet_dns.erl", "rand.erl", "beam_ssa_bool.erl",
          "beam_dict.erl", "calendar.erl"]


def sources(apps, names):
    lib = subprocess.run(["erl", "-noshell", "-eval", 'io:put_chars(code:lib_dir()), halt().'],
                         check=True, capture_output=True, text=True).stdout
    found = []
    for app in apps:
        for folder in sorted(Path(lib).glob(f"{app}-*/src")):
            found += sorted(folder.rglob("*.erl"))
    return [path for path in found if not names or path.name in names]


def compile_under(erl, out, folder, listing):
    begin = time.monotonic()
    result = subprocess.run(
        [erl, "-noshell", "-pa", folder, "-run", "compile_sources", "main", out, listing, "-s",
         "erlang", "halt"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    seconds = time.monotonic() - begin
    if result.returncode != 0 or result.stdout or result.stderr:
        print(f"{erl}: status {result.returncode}\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return seconds


def difference(reference, own, name):
    """Which chunks of two .beam files differ."""
    def chunks(path):
        data, at, found = path.read_bytes(), 12, {}
        while at < len(data):
            size = int.from_bytes(data[at + 4:at + 8], "big")
            found[data[at:at + 4].decode()] = data[at + 8:at + 8 + size]
            at += 8 + (size + 3) // 4 * 4
        return found
    a, b = chunks(reference / name), chunks(own / name)
    return ", ".join(key for key in {**a, **b} if a.get(key) != b.get(key)) or "order of chunks"


def messages(out):
    path = out / "messages"
    return path.read_text().replace(str(out), "OUT") if path.exists() else ""


def compare(reference, own):
    wrong = []
    beams = sorted(path.relative_to(reference) for path in reference.rglob("*.beam"))
    for name in beams:
        if not (own / name).exists():
            wrong.append(f"{name}: not made")
        elif not filecmp.cmp(reference / name, own / name, shallow=False):
            wrong.append(f"{name}: differs in {difference(reference, own, name)}")
    if messages(reference) != messages(own):
        wrong.append("what the compiler says differs:")
        a, b = messages(reference).splitlines(), messages(own).splitlines()
        wrong += [f"  {x}\n  {y}" for x, y in zip(a, b) if x != y][:5]
    return beams, wrong


def slowest(out_a, out_b):
    times = []
    for out in (out_a, out_b):
        times.append({m[1]: int(m[2]) for m in
                      re.finditer(r'{"(.*)",\s*(\d+)}', (out / "times").read_text())})
    rows = sorted(times[0], key=lambda name: -times[1].get(name, 0))[:5]
    return [f"  {Path(name).name:24} {times[0][name] / 1000:7.1f} s {times[1][name] / 1000:7.1f} s"
            for name in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--joist", required=True)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--apps", default="stdlib,kernel,compiler")
    parser.add_argument("--keep", help="folder for what is made, kept")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    if not shutil.which("erl"):
        return 77
    names = set(options.files) if options.files else None if options.all else set(SAMPLE)
    paths = sources(options.apps.split(","), names)
    if not paths:
        print("no sources: install erlang-src")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        root = Path(options.keep or folder)
        listing = root / "sources"
        root.mkdir(exist_ok=True)
        listing.write_text("\n".join(map(str, paths)) + "\n")
        subprocess.run(["erlc", "-o", folder, str(HERE / "compile_sources.erl")], check=True)
        outs = [root / "erl", root / "joist"]
        for out in outs:
            out.mkdir(exist_ok=True)
        own = str(Path(options.joist).resolve().parent / "erl")
        seconds = [compile_under(erl, str(out), folder, str(listing))
                   for erl, out in zip(["erl", own], outs)]
        beams, wrong = compare(*outs)
        print("\n".join(wrong))
        print(f"{len(beams)} files compiled; erl {seconds[0]:.1f} s, Joist {seconds[1]:.1f} s, "
              f"{seconds[1] / seconds[0]:.2f} times as long")
        if options.all:
            print("\n".join(slowest(*outs)))
        return 1 if wrong or not beams else 0


if __name__ == "__main__":
    sys.exit(main())
