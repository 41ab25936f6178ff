#!/usr/bin/env python3
"""Runs command lines under OTP's erl and under Joist's, and compares what they write and how they
end: standard output, standard error and exit status must be the same, but for pids, references,
ports, times and the text that explains the flags.

    run.py --joist build/release/bin/joist [--only TEXT]

What is known to differ is in known_differences.txt with the reason; a line there that does not
differ any more fails the run, so that the list only shrinks.

Where erl ends while its own processes still write, it is of two minds: a difference counts only if
erl does not come to Joist's outcome in several runs either.

The tables are command_lines.txt, and archives.txt for what is packed in archives and escripts:
blocks of lines, parted by empty lines; in a block

    # what it is for           any number of comments; a command may go on in the next lines
    erl -noshell -eval '...'   the command, split as a shell would; or escript with its script
    < text                     lines of standard input; without any it is empty
    env NAME=VALUE             variables
    in any order               two of erl's processes write at the same time: lines are sorted
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import archives  # noqa: E402
import side_by_side  # noqa: E402

PARTS = ("stdout", "stderr", "status")
SECONDS = 60
MORE_RUNS_OF_ERL = 8


def read_table(path):
    cases = []
    for block in path.read_text().split("\n\n"):
        command, stdin, variables, in_order = None, "", {}, True
        for line in block.splitlines():
            if line.startswith("< "):
                stdin += line[2:] + "\n"
            elif line.startswith("env "):
                name, value = line[4:].split("=", 1)
                variables[name] = value
            elif line == "in any order":
                in_order = False
            elif line.strip() and not line.startswith("#"):
                command = f"{command} {line.strip()}" if command else line
        if command:
            cases.append((command, stdin, variables, in_order))
    return cases


def read_known():
    """Command line to reason; a reason stands above the lines it is for."""
    known, reason = {}, ""
    for line in (HERE / "known_differences.txt").read_text().splitlines():
        if line.startswith("# "):
            reason = line[2:]
        elif line:
            known[line] = reason
    return known


def without_usage(text):
    return re.sub(r"Usage: .*", "USAGE", text, flags=re.DOTALL)


def sorted_lines(text):
    return "\n".join(sorted(text.split("\n")))


def run(erl, case, folder):
    command, stdin, variables, in_order = case
    words = shlex.split(command)
    words[0] = str(Path(erl).parent / words[0])
    environment = {**os.environ, **variables}
    for path in Path(folder).iterdir():
        if path.name == "erl_crash.dump":
            path.unlink()
    output, errors, status = side_by_side.run(words, folder, environment, SECONDS, stdin)
    if not in_order:
        output, errors = sorted_lines(output), sorted_lines(errors)
    return without_usage(output), without_usage(errors), status


def prepare(folder):
    """A module and a script that command lines may use."""
    source = Path(folder, "sample.erl")
    source.write_text('-module(sample).\n-export([start/0, hello/1, crash/0, funs/1, refc/1]).\n'
                      'start() -> io:format("started~n").\n'
                      'hello(X) -> io:format("hello ~p~n", [X]).\n'
                      'crash() -> hello(1), {ok, _} = timer:sleep(100), ok.\n'
                      'funs(N) -> {fun(X) -> X + N end, fun(X) -> X + N end}.\n'
                      'refc(F) -> element(2, erlang:fun_info(F, refc)).\n')
    Path(folder, "flags.txt").write_text('# a comment\n-noshell -eval "io:format(\\"~p~n\\", '
                                         '[file]), halt()."\n')
    Path(folder, "extra.txt").write_text("-noshell -extra 'a b' c\\ d # and so on\n")
    Path(folder, "some.config").write_text("[{stdlib, [{colour, blue}]}].\n")
    subprocess.run(["erlc", "sample.erl"], cwd=folder, check=True)
    archives.make(Path(folder))


def main():
    options, reference, ours = side_by_side.parse_options()
    cases = [case for table in ("command_lines.txt", "archives.txt")
             for case in read_table(HERE / table) if options.only in case[0]]
    known = read_known()
    failed = expected_failures = 0
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        for case in cases:
            expected, found = run(reference, case, folder), run(ours, case, folder)
            if expected != found and case[0] in known:
                expected_failures += 1
                continue
            if expected != found and any(run(reference, case, folder) == found
                                         for _ in range(MORE_RUNS_OF_ERL)):
                continue
            if expected == found and case[0] not in known:
                continue
            if expected == found:  # sizes of heaps may be the same by chance
                print(f"--- {case[0]}\nis the same this time, though in known_differences.txt")
                continue
            failed += 1
            side_by_side.show_difference(case[0], PARTS, expected, found)
    same = len(cases) - failed - expected_failures
    print(f"{same} command lines the same, {expected_failures} known to differ, {failed} not")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
