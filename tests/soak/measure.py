#!/usr/bin/env python3
"""Runs crowd.erl (a million processes that end at once), starvation.erl (answers while others are
busy, pauses while natives work on large terms) and reads.erl (ETS lookups by one process and by
two) under the real erl and under `joist exec` and prints what both tell, line by line.

Exits with 1 if on Joist a native has kept another process waiting for longer than it may, or a case
has failed or taken too long."""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from witness import Witness

HERE = pathlib.Path(__file__).parent
STEPS = ["crowd", "starvation", "reads"]
LONGEST_PAUSE_US = 5000
CONTROL = "other_program_beside"  # no native's pause: the system's own
# Other load of the machine may be what has made a pause: measured again, the least counts. Times in
# which the machine itself was held up are none of a native's (witness.py).
TRIES = 3


def go_first():
    """Before other load of the machine, which makes pauses of its own, where that is allowed."""
    try:
        os.nice(-20)
    except PermissionError:
        pass


class Runner:
    """Calls a function of a module under either VM; what it prints, or why it has failed."""

    def __init__(self, joist, folder, limit):
        self.joist, self.folder, self.limit = joist, folder, limit

    def erl(self, call, *options, command=("erl",)):
        show = f'io:format("~w~n", [{call}]), halt().'
        return self.output([*command, *options, "-noshell", "-pa", self.folder, "-eval", show])

    def own(self, module, function, *arguments, options=()):
        return self.output([self.joist, "exec", *options, "-pa", self.folder, module, function,
                            *arguments])

    def case(self, name, schedulers):
        """Of starvation.erl. OTP's own process takes literals back: there is none in a bare VM."""
        if name.startswith("persistent_"):
            return self.erl(f"starvation:one({name})", "+S", schedulers,
                            command=(self.joist, "erl"))
        return self.own("starvation", "one", name, options=["--schedulers", schedulers])

    def output(self, command):
        try:
            result = subprocess.run(command, capture_output=True, text=True, timeout=self.limit,
                                    check=False, preexec_fn=go_first)
        except subprocess.TimeoutExpired:
            return f"took more than {self.limit} s"
        return (result.stdout + result.stderr[-2000:]).strip()


def line(text):
    print(text, flush=True)


def crowd(runner):
    line("crowd, erl: " + runner.erl("crowd:main()", "+P", "2000000"))
    line("crowd, joist: " + runner.own("crowd", "main", options=["--processes", "2000000"]))


def reads(runner):
    for _ in range(2):  # in turn: the machine changes
        line("reads, erl: " + runner.erl("reads:main()", "+S", "2"))
        line("reads, joist: " + runner.own("reads", "main", options=["--schedulers", "2"]))


def pauses_of(text, witness):
    """Of the round with the shortest ones: the longest pause in microseconds without the time that
    the machine was held up, and with it. None: the case has not been measured."""
    found = re.search(r"\{pauses,\s*\[(.*)\]\}", text, re.S)
    if not found or not re.search(r"\{work,", text):
        return None
    rounds = []
    for listed in re.findall(r"\[([^]]*)\]", found[1]):
        pauses = [(int(at), int(length)) for at, length in
                  re.findall(r"\{(\d+),\s*(\d+)\}", listed)]
        own = [length - witness.held(at - length, at) for at, length in pauses]
        rounds.append((max(own, default=0), max((p[1] for p in pauses), default=0)))
    return min(rounds) if rounds else None


def least_pause(run):
    """Runs a case up to some times: what the best run has told, in words, and its pause; or what it
    has printed, and None."""
    best = None
    for _ in range(TRIES):
        with Witness() as witness:
            text = run()
        pauses = pauses_of(text, witness)
        if pauses is None:
            return text, None
        pause, with_held = pauses
        if best is None or pause < best[1]:
            work = re.search(r"\{work,\s*(\d+)\}", text)[1]
            best = f"work {work}, pause {pause} (of the round's longest {with_held})", pause
        if best[1] <= LONGEST_PAUSE_US:
            break
    return best


def starvation(runner, names, beside_erl):
    """Measures each case; the names of those that are as they must not be."""
    bad = []
    for schedulers in ("2", "1"):
        if beside_erl:
            line(f"+S {schedulers} erl: " + runner.erl("starvation:loops()", "+S", schedulers))
        loops = runner.own("starvation", "loops", options=["--schedulers", schedulers])
        line(f"+S {schedulers} joist: {loops}")
        for name in names:
            text, pause = least_pause(lambda: runner.case(name, schedulers))
            line(f"+S {schedulers} joist: {name} {text}")
            if beside_erl:
                call = f"starvation:one({name})"
                line(f"+S {schedulers} erl: {name} "
                     + least_pause(lambda: runner.erl(call, "+S", schedulers))[0])
            if pause is None or (pause > LONGEST_PAUSE_US and name != CONTROL):
                bad.append(f"{name} at +S {schedulers} ({'failed' if pause is None else pause})")
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("joist", help="the executable")
    parser.add_argument("steps", nargs="*", default=STEPS, metavar="STEP",
                        help=f"some of {', '.join(STEPS)}; default: all")
    parser.add_argument("--cases", help="only these of starvation:names(), separated by commas")
    parser.add_argument("--limit", type=int, default=60, help="seconds for each case")
    parser.add_argument("--alone", action="store_true", help="starvation without the real erl")
    options = parser.parse_args()
    if not set(options.steps) <= set(STEPS):
        parser.error(f"a STEP is one of {', '.join(STEPS)}")
    bad = []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["erlc", "-o", folder, *HERE.glob("*.erl")], check=True)
        runner = Runner(options.joist, folder, options.limit)
        if "crowd" in options.steps:
            crowd(runner)
        if "starvation" in options.steps:
            known = re.findall(r"\w+", runner.own("starvation", "names"))
            names = options.cases.split(",") if options.cases else known
            if not set(names) <= set(known):
                parser.error(f"a case is one of {', '.join(known)}")
            bad = starvation(runner, names, not options.alone)
            line(f"pauses over {LONGEST_PAUSE_US} us: {', '.join(bad) or 'none'}")
        if "reads" in options.steps:
            reads(runner)
    sys.exit(1 if bad else 0)


main()
