#!/usr/bin/env python3
"""Crash dumps of OTP's erl and of Joist's, of the same programs.

OTP's own crashdump_viewer reads both, without its windows, and what it says must be the same but
for addresses (view.erl). Then the variables that say where a dump goes and whether there is one:
what is written to standard error, how the system ends and which files are there must be the same.

On a busy machine erl's own dump has been seen without its end: erl is asked again then. Joist has
one try, and its dump must be whole wherever no variable says how long or how large it may be.

    run.py --joist build/release/bin/joist
"""

import difflib
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import side_by_side  # noqa: E402

PARTS = ("stderr", "status", "files")
SECONDS = 400  # on a busy machine reading a dump alone has taken 135
TRIES_OF_ERL = 4
HALT = ["-noshell", "-eval", 'halt("a slogan").']
SLOW = ["-noshell", "-eval", 'io:format("ready~n"), timer:sleep(60000).']

# name, arguments, variables, signal to send once it is ready
CASES = [
    ("plain", HALT, {}, None),
    ("elsewhere", HALT, {"ERL_CRASH_DUMP": "another.dump"}, None),
    ("unwritable", HALT, {"ERL_CRASH_DUMP": "no/such/folder/dump"}, None),
    ("none", HALT, {"ERL_CRASH_DUMP_SECONDS": "0"}, None),
    ("unlimited", HALT, {"ERL_CRASH_DUMP_SECONDS": "-1"}, None),
    ("in time", HALT, {"ERL_CRASH_DUMP_SECONDS": "50"}, None),
    ("no bytes", HALT, {"ERL_CRASH_DUMP_BYTES": "0"}, None),
    ("cut", HALT, {"ERL_CRASH_DUMP_BYTES": "1000"}, None),
    ("cut late", HALT, {"ERL_CRASH_DUMP_BYTES": "30000"}, None),
    ("odd limit", HALT, {"ERL_CRASH_DUMP_BYTES": "many"}, None),
    ("nice", HALT, {"ERL_CRASH_DUMP_NICE": "10"}, None),
    ("by flag", ["-env", "ERL_CRASH_DUMP", "flag.dump"] + HALT, {}, None),
    ("by putenv", ["-noshell", "-eval",
                   'os:putenv("ERL_CRASH_DUMP", "put.dump"), halt("a slogan").'], {}, None),
    ("long slogan", ["-noshell", "-eval", 'halt(lists:duplicate(3000, $x)).'], {}, None),
    ("abort", ["-noshell", "-eval", 'halt(abort).'], {}, None),
    ("boot failure", ["-noshell", "-eval", "exit(foo)."], {}, None),
    ("no such boot file", ["-noshell", "-boot", "nosuch"], {}, None),
    ("user signal", SLOW, {}, signal.SIGUSR1),
]


def run(erl, arguments, folder, variables, number=None):
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith("ERL_CRASH_DUMP")}
    return side_by_side.run([erl] + arguments, folder, {**environment, **variables}, SECONDS,
                            number=number)


def files_in(folder):
    """Names, and of dumps the first heading, whether they are whole, and the size of cut ones."""
    result = {}
    for path in sorted(Path(folder).iterdir()):
        text = path.read_text(errors="replace")
        whole = text.endswith("=end\n")
        slogan = re.search(r"^Slogan: (.*)", text, re.M)
        result[path.name] = (text.split("\n")[0], whole, slogan and slogan[1],
                             None if whole else len(path.read_bytes()))
    return result


def outcome(erl, arguments, variables, number):
    with tempfile.TemporaryDirectory() as folder:
        _, errors, status = run(erl, arguments, folder, variables, number)
        return errors, status, files_in(folder)


def lacks_its_end(files, variables):
    """Whether there is a dump that should be whole and is not."""
    limits = {"ERL_CRASH_DUMP_BYTES", "ERL_CRASH_DUMP_SECONDS"}
    return not limits & set(variables) and not all(whole for _, whole, _, _ in files.values())


def same_outcome(reference, case, found):
    """What erl does, and whether Joist has done the same."""
    _, arguments, variables, number = case
    if lacks_its_end(found[2], variables):
        return outcome(reference, arguments, variables, number), False
    for _ in range(TRIES_OF_ERL):
        expected = outcome(reference, arguments, variables, number)
        if expected == found or not lacks_its_end(expected[2], variables):
            break
    return expected, expected == found


def view(reference, erl, beams):
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder, "erl_crash.dump")
        for _ in range(TRIES_OF_ERL if erl == reference else 1):
            dump.unlink(missing_ok=True)
            run(erl, ["+S", "2", "-noshell", "-pa", beams, "-s", "crash", "start"], folder, {})
            if dump.exists() and dump.read_text(errors="replace").endswith("=end\n"):
                break
        if not dump.exists():
            return "no dump"
        expression = f'view:main(["{dump}"]).'
        arguments = ["-noshell", "-pa", beams, "-eval", expression]
        output, errors, _ = run(reference, arguments, folder, {})
        return output if output.strip().endswith(".") else output + errors


def compile_modules(beams):
    roots = sorted(Path("/usr/lib/erlang/lib").glob("observer-*/src"))
    for name in ("crash.erl", "view.erl"):
        include = [word for root in roots for word in ("-I", str(root))]
        subprocess.run(["erlc"] + include + ["-o", beams, str(HERE / name)], check=True)


TEXTS = """io:format("~p~n", [[begin
    Text = erlang:system_info(Item),
    {Item, is_binary(Text), [binary:match(Text, Part) =/= nomatch
     || Part <- [<<"=proc:<0.0.0>">>, <<"Name: init">>, <<"State: Running">>, <<"=port:">>,
                 <<"Program counter">>, <<"=memory">>, <<"nonode@nohost">>]]}
    end || Item <- [procs, info, dist]]]), halt()."""


def texts(erl):
    """What system_info tells of the same things while the system goes on."""
    with tempfile.TemporaryDirectory() as folder:
        return run(erl, ["-noshell", "-eval", TEXTS], folder, {})[0]


def main():
    options, reference, ours = side_by_side.parse_options()
    cases = [case for case in CASES if options.only in case[0]]
    checks = len(cases)
    failed = 0
    if not options.only:
        checks += 2
        expected, found = texts(reference), texts(ours)
        if expected != found:
            failed += 1
            print(f"--- what system_info tells\nerl: {expected}\njoist: {found}")
        with tempfile.TemporaryDirectory() as beams:
            compile_modules(beams)
            expected, found = view(reference, reference, beams), view(reference, ours, beams)
        if expected != found:
            failed += 1
            print("--- what crashdump_viewer says")
            print("\n".join(difflib.unified_diff(expected.split("\n"), found.split("\n"),
                                                 "erl", "joist", lineterm="")))
    for case in cases:
        name, arguments, variables, number = case
        found = outcome(ours, arguments, variables, number)
        expected, is_same = same_outcome(reference, case, found)
        if not is_same:
            failed += 1
            side_by_side.show_difference(name, PARTS, expected, found)
    print(f"{failed} of {checks} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
