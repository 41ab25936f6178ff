#!/usr/bin/env python3
"""Faults of the world around a system - a full disk, killed children, no permission, no memory -
under OTP's erl and under Joist's: what is written, how it ends and which files are left must be
the same, and nothing may hang.

    run.py --joist build/release/bin/joist [--only TEXT]

The table is faults.txt: blocks of lines, parted by empty lines; in a block

    # what it is for     the first comment is the name of the case
    needs disk           ./disk is a small disk of its own (64 KiB); needs root
    needs user           run as somebody who is not root; needs root
    or a message         Joist may as well end with one line on standard error (and one that tells
                         of a crash dump) and a status not 0
    own words            standard error only must not be empty: what the emulator says of itself
    joist TEXT           Joist does better: it writes the line TEXT and ends with status 0
    anything else        lines of a script for sh; $ERL is the erl, and the folder empty but for
                         sample.erl, sample.beam and what `prepare` makes
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from side_by_side import NO_END, parse_options, run, show_difference  # noqa: E402

SECONDS = 40
MORE_RUNS_OF_ERL = 3
PARTS = ("stdout", "stderr", "status", "files")
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


class Case:
    def __init__(self, block):
        lines = block.splitlines()
        self.name = lines[0].removeprefix("# ")
        self.needs = {line[6:] for line in lines if line.startswith("needs ")}
        self.may_refuse = "or a message" in lines
        self.own_words = "own words" in lines
        self.better = [line[6:] for line in lines if line.startswith("joist ")]
        settings = ("# ", "needs ", "or a message", "own words", "joist ")
        self.script = "\n".join(line for line in lines if not line.startswith(settings))


def read_table(path):
    return [Case(block.strip("\n")) for block in re.split(r"\n\n+", path.read_text().strip("\n"))]


def may_be_nobody(erl):
    """Whether a user who owns nothing may run it: a checkout below /root is closed to all."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return False
    return subprocess.run([*NOBODY, "test", "-x", erl]).returncode == 0


def can_mount():
    """Whether we may make a small disk."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder],
                          stderr=subprocess.DEVNULL).returncode != 0:
            return False
        subprocess.run(["umount", folder], check=True)
    return True


def prepare(folder):
    """A module, and damaged forms of it and of a boot file."""
    source = ('-module(sample).\n-export([hello/0, hello/1]).\n'
              'hello() -> io:format("hello~n").\n'
              'hello(X) -> io:format("hello ~p~n", [X]).\n')
    Path(folder, "sample.erl").write_text(source)
    subprocess.run(["erlc", "sample.erl"], cwd=folder, check=True)


def files_in(folder):
    """Names and sizes, but for the contents of crash dumps."""
    result = []
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            size = "some" if path.name == "erl_crash.dump" else path.stat().st_size
            result.append((str(path.relative_to(folder)), size))
    return result


def outcome(erl, case, model):
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base, "work")
        shutil.copytree(model, folder)
        os.chmod(base, 0o755)
        os.chmod(folder, 0o777)
        disk = folder / "disk"
        if "disk" in case.needs:
            disk.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
        words = ["sh", "-c", case.script]
        if "user" in case.needs:
            words = NOBODY + words
        bin_folder = str(Path(erl).parent)
        environment = {**os.environ, "ERL": erl, "HOME": str(folder),
                       "PATH": bin_folder + ":" + os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        try:
            result = run(words, folder, environment, SECONDS)
            files = files_in(folder)
        finally:
            if "disk" in case.needs:
                subprocess.run(["umount", "-l", disk], check=True)
            subprocess.run(["chmod", "-R", "u+rwx", folder], check=True)
        output, errors, status = result
        return (own_parts(output, base), own_parts(errors, base), status,
                files if result != NO_END else [])


def own_parts(text, base):
    """Without the folder, without the place in erl's C code that a message comes from, and without
    the text that explains the flags."""
    text = re.sub(r"beam/\w+\.c\(\d+\): ", "", text.replace(base, "FOLDER"))
    return re.sub(r"Usage: .*", "USAGE", text, flags=re.DOTALL)


def is_refusal(expected, found):
    """The shell's line about an abort is none of ours where erl aborts, too."""
    _, errors, status, _ = found
    lines = [line for line in errors.splitlines() if line.strip(" \\r")]
    lines = [line for line in lines if not line.startswith("Crash dump is being written to: ")]
    if "Aborted" in expected[1].splitlines():
        lines = [line for line in lines if line != "Aborted"]
    return status not in (0, None) and len(lines) == 1


def is_right(case, expected, found):
    if expected == found or (case.may_refuse and is_refusal(expected, found)):
        return True
    if case.better and (found[0].splitlines(), found[1], found[2]) == (case.better, "", 0):
        return True
    if not case.own_words:
        return False
    return (expected[0], expected[2]) == (found[0], found[2]) and bool(found[1])


def main():
    options, reference, ours = parse_options()
    cases = [case for case in read_table(HERE / "faults.txt") if options.only in case.name]
    missing = set()
    if not may_be_nobody(ours):
        missing.add("user")
    if not can_mount():
        missing.add("disk")
    failed = left_out = 0
    with tempfile.TemporaryDirectory() as model:
        prepare(model)
        for case in cases:
            if case.needs & missing:
                left_out += 1
                print(f"LEFT OUT, needs root, a checkout open to all and "
                      f"{', '.join(case.needs)}: {case.name}")
                continue
            expected, found = outcome(reference, case, model), outcome(ours, case, model)
            if is_right(case, expected, found):
                continue
            # erl is not always of one mind, above all on a busy machine.
            if any(is_right(case, outcome(reference, case, model), found)
                   for _ in range(MORE_RUNS_OF_ERL)):
                continue
            failed += 1
            show_difference(case.name, PARTS, expected, found)
    print(f"{len(cases) - failed - left_out} faults as under erl, {left_out} left out, "
          f"{failed} differ")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
