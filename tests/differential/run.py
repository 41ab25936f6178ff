#!/usr/bin/env python3
"""Runs generated cases under the real erl and under Joist, and compares their outcomes.

    run.py [--joist PROGRAM] [--cases N] [--seed S] [--topics a,b] [--self]

Each topic is a module of erl/ that draws a case from a seed and a number and performs it
(erl/differ.erl). Both machines print hashes of the outcomes, twenty to a line; where they differ
the case is made simpler step by step, as long as the outcomes still differ, and shown.
--self compares erl with itself, which tests this harness.
"""

import argparse
import concurrent.futures
import glob
import itertools
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CHUNK = 20000
MAX_SHOWN = 5
BATCH = 20
AGAIN = 3  # runs of erl, in each of three ways, before a difference counts
MAX_SHRINK_STEPS = 150
WIDTH = 600  # of what is shown of a line
TIMEOUT = 900


class Machine:
    """One of the two: calls a function of module differ and gives what it prints."""

    def __init__(self, name, command):
        self.name = name
        self.command = command

    def call(self, function, *arguments):
        command = self.command(function, arguments)
        try:
            done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)
            output, errors, code = done.stdout, done.stderr, done.returncode
        except subprocess.TimeoutExpired as timeout:
            output, errors, code = timeout.stdout or b"", b"(timed out)", -1
        lines = output.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
        return lines, errors.decode("utf-8", "replace"), code

    def lists(self, function, *arguments):
        """The lists of integers among the lines, and what went wrong ("" if nothing did)."""
        lines, errors, code = self.call(function, *arguments)
        lists = [[int(n) for n in re.findall(r"\d+", line)] for line in lines
                 if re.fullmatch(r"\[[\d,]*\]", line)]
        # A list of hashes that are all characters is displayed as a string: never, in practice.
        trouble = "" if code == 0 else f"exit code {code}: {errors.strip()[-600:]}"
        return lists, trouble

    def hashes(self, topic, seed, first, count):
        outcomes = {}
        lists, trouble = self.lists("hashes", topic, seed, first, count)
        for numbers in lists:
            outcomes.update(enumerate(numbers[1:], numbers[0]))
        return outcomes, trouble

    def candidates(self, topic, seed, index, path):
        lists, _ = self.lists("candidates", topic, seed, index, path)
        return lists[0] if lists else None

    def show(self, topic, seed, index, path):
        lines, errors, code = self.call("show", topic, seed, index, path)
        text = [line for line in lines if line and line != "done"]
        return text + ([f"exit code {code}: {errors.strip()[-600:]}"] if code else [])


def erlang_term(argument):
    return "[" + ",".join(map(str, argument)) + "]" if isinstance(argument, list) else str(argument)


def erl_machine(program, folder):
    def command(function, arguments):
        call = f"differ:{function}({','.join(map(erlang_term, arguments))}), halt(0)."
        return [program, "-noshell", "-pa", folder, "-eval", call]
    return Machine("erl", command)


def joist_machine(program, folder):
    def command(function, arguments):
        return [program, "exec", "-pa", folder, "differ", function,
                *map(erlang_term, arguments)]
    return Machine("joist", command)


def both(pool, machines, method, *arguments):
    jobs = [pool.submit(getattr(machine, method), *arguments) for machine in machines]
    return [job.result() for job in jobs]


def shrink(pool, machines, topic, seed, index):
    """The path to the simplest case found whose outcomes differ."""
    path = []
    for _ in range(MAX_SHRINK_STEPS):
        left, right = both(pool, machines, "candidates", topic, seed, index, path)
        if left is None or right is None:  # one of them cannot even run all the variants
            return path
        place = next((i for i, pair in enumerate(zip(left, right), 1) if pair[0] != pair[1]), None)
        if place is None:
            return path
        path.append(place)
    return path


def report(pool, machines, topic, seed, index):
    path = shrink(pool, machines, topic, seed, index)
    print(f"  case {index} of topic {topic}, seed {seed}, made simpler along {path}:")
    left, right = both(pool, machines, "show", topic, seed, index, path)
    for expected, found in itertools.zip_longest(left, right, fillvalue="(nothing)"):
        if expected == found:
            print(f"    both   {excerpt(expected, 0)}")
            continue
        same = len(os.path.commonprefix([expected, found]))
        print(f"    {machines[0].name:6} {excerpt(expected, same)}")
        print(f"    {machines[1].name:6} {excerpt(found, same)}")
    sys.stdout.flush()


def excerpt(line, place):
    start = max(0, place - WIDTH // 2) if len(line) > WIDTH else 0
    return ("... " if start else "") + line[start:start + WIDTH]


def erl_agrees_elsewhere(erl, topic, seed, index, first, outcome):
    """erl does not always do the same: tables answer in an order that depends on where its slices
    end. A difference counts if no other run of erl comes to the outcome, alone or among others."""
    start = max(first, index - index % BATCH)
    for begin, count in [(index, 1), (start, BATCH), (first, index - first + 1)] * AGAIN:
        again, _ = erl.hashes(topic, seed, begin, count)
        if again.get(index) == outcome:
            print(f"  {topic}: erl is of two minds about case {index}")
            return True
    return False


def run_chunk(pool, machines, topic, seed, first, count):
    """Numbers of the cases that differ, and where to go on."""
    (expected, trouble), (found, other_trouble) = both(pool, machines, "hashes", topic, seed,
                                                       first, count)
    if len(expected) != count:
        sys.exit(f"{machines[0].name} failed at {topic}, seed {seed}: {trouble}")
    different = [i for i in sorted(found) if found[i] != expected.get(i)
                 and not erl_agrees_elsewhere(machines[0], topic, seed, i, first, found[i])]
    if len(found) == count:
        return different, first + count
    # It stopped inside a batch: the first case of that batch that stops it alone is the one.
    at = first + len(found)
    for index in range(at, min(at + BATCH, first + count)):
        alone, why = machines[1].hashes(topic, seed, index, 1)
        if index not in alone:
            print(f"  {machines[1].name} stops at case {index} of {topic}: "
                  f"{why or other_trouble or 'no output'}")
            return different + [index], index + 1
    print(f"  {machines[1].name} stopped after case {at - 1} of {topic}: {other_trouble}")
    return different, at + BATCH


def run_topic(pool, machines, topic, seed, cases):
    different = []
    first = 0
    while first < cases:
        new, first = run_chunk(pool, machines, topic, seed, first, min(CHUNK, cases - first))
        different += new
        if len(different) > 200:
            break
    print(f"{topic}: {first} cases, {len(different)} differ")
    sys.stdout.flush()
    for index in different[:MAX_SHOWN]:
        report(pool, machines, topic, seed, index)
    return len(different)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--joist", default="joist", help="the program to test")
    parser.add_argument("--erl", default="erl")
    parser.add_argument("--erlc", default="erlc")
    parser.add_argument("--cases", type=int, default=2000, help="of each topic")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--topics", default="")
    parser.add_argument("--self", action="store_true", help="compare erl with itself")
    options = parser.parse_args()

    sources = sorted(glob.glob(os.path.join(HERE, "erl", "*.erl")))
    modules = [os.path.basename(source)[:-len(".erl")] for source in sources]
    topics = [m for m in modules if m not in ("differ", "generate", "prng")]
    if options.topics:
        topics = options.topics.split(",")
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        subprocess.run([options.erlc, "-Werror", "-o", folder, *sources], check=True)
        machines = [erl_machine(options.erl, folder)]
        machines.append(erl_machine(options.erl, folder) if options.self
                        else joist_machine(options.joist, folder))
        different = sum(run_topic(pool, machines, topic, options.seed, options.cases)
                        for topic in topics)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
