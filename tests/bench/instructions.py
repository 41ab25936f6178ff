#!/usr/bin/env python3
"""Counts the instructions that short benchmarks execute, and compares with the checked-in figures.

    instructions.py JOIST            compare; exit status 1 if a benchmark takes 3 % more or less
    instructions.py JOIST --write    make what is counted now the figures to compare with

Counts are taken by valgrind's callgrind in one run of `JOIST exec` with one scheduler, so they are
the same each time, however busy the machine is. They depend on how Joist was built and on the
compiler of the benchmarks: the figures are kept by preset (the name of the build folder) and OTP
release. Exit status 77: there are none for this pair, or a tool is missing.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FIGURES = HERE / 'instructions.json'
TOLERANCE = 0.03
SKIPPED = 77
# What the benchmarks call when one of them is over.
MARKER = '*timestamp_0*'
# A marker may be more than one function to callgrind: parts this short are what lies between them.
SHORTEST = 10_000


def skip(why):
    print('skipped:', why)
    sys.exit(SKIPPED)


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **options)
    if done.returncode != 0:
        sys.exit(f'{" ".join(map(str, command))} failed:\n{done.stdout}')
    return done.stdout


def otp_release():
    return run(['erl', '-noshell', '-eval',
                'io:put_chars(erlang:system_info(otp_release)), halt().'])


def counts_of(joist, folder):
    """[(name, instructions)] of one run."""
    run(['erlc', '+deterministic', '-o', folder, HERE / 'cases' / 'bench_cases.erl'])
    # Callgrind gives up on debug information that it does not know.
    stripped = folder / 'joist'
    run(['objcopy', '--strip-debug', joist, stripped])
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(('ERL_', 'JOIST_'))}
    # What is counted is handlers. Their copies in functions that became hot would count by when.
    environment['JOIST_SPLICE'] = '0'
    output = run(['valgrind', '--tool=callgrind', f'--callgrind-out-file={folder}/counts',
                  f'--dump-before={MARKER}', stripped, 'exec', '--schedulers', '1',
                  '-pa', folder, 'bench_cases', 'all'], env=environment)
    names = re.findall(r'\{(\w+),\s*-?\d+\}', output)
    parts = []
    number = 1
    while (part := folder / f'counts.{number}').exists():
        total = int(re.search(r'^totals: (\d+)', part.read_text(), re.MULTILINE).group(1))
        if total >= SHORTEST:
            parts.append(total)
        number += 1
    # The first part is the start and the warming up.
    if not names or len(parts) != len(names) + 1:
        sys.exit(f'{len(names)} benchmarks, but {len(parts)} parts were counted:\n{output}')
    return list(zip(names, parts[1:]))


def compare(counts, figures):
    """Prints a line for each; the names of those that differ."""
    wrong = []
    for name, count in counts:
        figure = figures.get(name)
        if figure is None:
            wrong.append(name)
            print(f'{name:12} {count:12,}  new')
            continue
        change = count / figure - 1
        mark = ''
        if abs(change) > TOLERANCE:
            wrong.append(name)
            mark = '  SLOWER' if change > 0 else '  faster: write the new figures'
        print(f'{name:12} {count:12,} {100 * change:+7.2f} %{mark}')
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('joist', type=pathlib.Path)
    parser.add_argument('--write', action='store_true', help='store the counts as figures')
    arguments = parser.parse_args()
    for tool in ('valgrind', 'objcopy', 'erlc', 'erl'):
        if shutil.which(tool) is None:
            skip(f'no {tool}')
    joist = arguments.joist.resolve()
    key = f'{joist.parent.parent.name}, OTP {otp_release()}'
    all_figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    if not arguments.write and key not in all_figures:
        skip(f'no figures for {key}')
    with tempfile.TemporaryDirectory() as folder:
        counts = counts_of(joist, pathlib.Path(folder))
    wrong = compare(counts, all_figures.get(key, {}))
    if arguments.write:
        all_figures[key] = dict(counts)
        FIGURES.write_text(json.dumps(all_figures, indent=2, sort_keys=True) + '\n')
        print('written to', FIGURES)
    elif wrong:
        sys.exit(f'{", ".join(wrong)}: not within {100 * TOLERANCE:.0f} % of the figures. If it is '
                 f'meant to be so: {sys.argv[0]} {arguments.joist} --write')


if __name__ == '__main__':
    main()
