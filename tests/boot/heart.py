#!/usr/bin/env python3
"""The heart (`erl -heart`) of OTP's erl and of Joist's: OTP's own program `heart` watches the
emulator and starts it again. What both write, how the emulator ends, and what the command that
follows has left must be the same.

    heart.py --joist build/release/bin/joist [--only NAME]
"""

import os
import re
import signal
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import side_by_side  # noqa: E402

SECONDS = 90
MORE_RUNS = 3
PARTS = ("stdout", "stderr", "status", "files")
# The command that brings the system back: again an emulator, which leaves a file.
COMMAND = '{erl} -noshell -eval \'file:write_file("back", "yes"), halt().\''

API = """
Show = fun(What) -> io:format("~p~n", [What]) end,
Show([heart:get_cmd(), heart:set_cmd("echo hi"), heart:get_cmd()]),
Show([heart:set_cmd(lists:duplicate(2000, $a)), length(element(2, heart:get_cmd()))]),
Show([heart:set_cmd([$e, 8364]), heart:get_cmd(), heart:clear_cmd(), heart:get_cmd()]),
Show([heart:set_cmd(wrong), element(1, heart:set_cmd(lists:duplicate(2047, $a)))]),
Show([heart:get_options(), heart:set_options([check_schedulers]), heart:get_options()]),
Show([heart:set_options([other]), heart:get_options()]),
Show([heart:set_callback(1, 2), heart:get_callback()]),
Show([heart:set_callback(sample, alive), heart:get_callback(), heart:cycle(), heart:get_cmd()]),
timer:sleep(200),
Show([heart:clear_callback(), heart:get_callback()]),
Show([heart:set_options([]), heart:get_options(), whereis(heart_port) =/= undefined]),
init:stop().
"""

# name, expression, more variables
CASES = [
    ("api", API, {}),
    ("halt", "halt(3).", {}),
    ("stop", "init:stop().", {}),
    ("reboot", "init:reboot().", {}),
    ("reboot to a new command", 'heart:set_cmd("echo new > new"), init:reboot().', {}),
    ("reboot without a command", "heart:clear_cmd(), init:reboot().", {}),
    ("crash without a dump", 'halt("slogan").', {}),
    ("crash with a dump", 'halt("slogan").', {"ERL_CRASH_DUMP_SECONDS": "20"}),
    ("killed", 'os:cmd("kill -KILL " ++ os:getpid()).', {}),
    ("the callback fails", "heart:set_callback(sample, dead), timer:sleep(60000).",
     {"ERL_CRASH_DUMP_SECONDS": "0"}),
    ("stopped", 'os:cmd("kill -STOP " ++ os:getpid()).', {"HEART_BEAT_TIMEOUT": "11"}),
]


def own_parts(text, folder):
    text = text.replace(folder, "FOLDER").replace("\\r", "")
    text = re.sub(r"heart: [A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ [\d:]+ \d{4}:", "heart: TIME:", text)
    text = re.sub(r"heart_beat_kill_pid = \d+", "heart_beat_kill_pid = PID", text)
    # The two programs write when they get to it.
    text = text.replace("erl_crash.dump...", "erl_crash.dump...\n").replace("done", "")
    lines = [line for line in text.split("\n") if line and "kill failed" not in line]
    return sorted(lines)


def outcome(erl, case):
    _, expression, variables = case
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sample.erl").write_text("-module(sample).\n-export([alive/0, dead/0]).\n"
                                              "alive() -> ok.\ndead() -> exit(dead).\n")
        side_by_side.run(["erlc", "sample.erl"], folder, os.environ, SECONDS)
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith(("ERL_CRASH_DUMP", "HEART"))}
        environment |= {"HEART_COMMAND": COMMAND.format(erl=erl), "LC_ALL": "C.UTF-8", **variables}
        # As users have it: what else a system starts is found all the same.
        environment["PATH"] = f"{Path(erl).parent}:{os.environ['PATH']}"
        words = [erl, "-heart", "-noshell", "-eval", expression]
        output, errors, status = side_by_side.run(words, folder, environment, SECONDS)
        if "crash" in case[0] and status in (1, -signal.SIGKILL):
            status = "ended, by itself or by its heart"
        files = sorted(path.name for path in Path(folder).iterdir())
        output, errors = output.replace(erl, "erl"), errors.replace(erl, "erl")
        return output, own_parts(errors, folder), status, files


def main():
    options, reference, ours = side_by_side.parse_options(__doc__)
    failed = 0
    cases = [case for case in CASES if options.only in case[0]]
    # They mostly wait for hearts to beat.
    with ThreadPoolExecutor(max_workers=len(cases)) as pool:
        asked = [[pool.submit(outcome, erl, case) for erl in (reference, ours)] for case in cases]
    for case, both in zip(cases, asked):
        expected, found = (one.result() for one in both)
        # The emulator and its heart write at the same time, into each other's lines at times.
        for _ in range(MORE_RUNS):
            if expected != found:
                expected, found = outcome(reference, case), outcome(ours, case)
        if expected == found and expected[2] is not None:
            continue
        failed += 1
        side_by_side.show_difference(case[0], PARTS, expected, found)
    print(f"{len(cases) - failed} of {len(cases)} the same")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
