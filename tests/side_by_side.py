"""What tests have in common that run the same under OTP's erl and under Joist's, and compare what
is written and how it ends: where the two are, how to run one, and what of its text may differ.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

NO_END = ("no end", "", None)


def parse_options(description=""):
    """Options, OTP's erl and Joist's; ends the program where there is nothing to compare with."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--joist", required=True)
    parser.add_argument("--only", default="", help="cases whose name has this text in it")
    options = parser.parse_args()
    reference = shutil.which("erl")
    if reference is None:
        sys.exit("there is no erl to compare with")
    return options, reference, str(Path(options.joist).resolve().parent / "erl")


def newer_root(release, joist):
    """A root of a later release than the machine's: named by JOIST_OTP<release>_ROOT, or unpacked
    once into the build folder of `joist`. None: there is no such root."""
    root = os.environ.get(f"JOIST_OTP{release}_ROOT")
    tool = Path(__file__).resolve().parents[2] / "shared/tools/otp"
    target = Path(joist).resolve().parent.parent / f"otp{release}"
    kept = target / "usr/lib/erlang"
    if not root and not kept.is_dir() and tool.exists():
        subprocess.run([tool, "root", str(release), target], capture_output=True)
    root = Path(root or kept)
    return str(root) if (root / "releases").is_dir() else None


def normalise(data):
    """Without pids, references, ports, times, places in ERTS' sources, and what escript adds to
    the names of modules."""
    text = data.decode("utf-8", "replace").replace("\r", "\\r")
    text = re.sub(r"<\d+\.\d+\.\d+>", "<PID>", text)
    text = re.sub(r"#(Ref|Port|Fun)<[^>]*>", r"#\1<>", text)
    text = re.sub(r"\w+/[\w/]+\.c\(\d+\): (Error loading)", r"\1", text)
    text = re.sub(r"time=>\d{16}", "time=>TIME", text)
    text = re.sub(r"__escript__\d+__\d+__\d+__\d+", "__escript__", text)
    return re.sub(r"\d+-[A-Z][a-z]{2}-\d{4}::\d\d:\d\d:\d\d\.\d+", "TIME", text)


def run(words, folder, environment, seconds, stdin="", number=None):
    """Standard output, standard error and exit status. A signal is sent as soon as a line has come.

    What does not end is killed, with all that it has started."""
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, cwd=folder, env=environment,
                               start_new_session=True)
    first = b""
    try:
        if number is not None:
            first = process.stdout.readline()
            time.sleep(0.2)
            process.send_signal(number)
        output, errors = process.communicate(stdin.encode(), seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return NO_END
    return normalise(first + output), normalise(errors), process.returncode


def show_difference(name, parts, expected, found):
    print(f"--- {name}")
    for part, theirs, mine in zip(parts, expected, found):
        if theirs != mine:
            print(f"{part}:\n  erl:   {theirs!r}\n  joist: {mine!r}")
