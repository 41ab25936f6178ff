#!/usr/bin/env python3
"""soak.py [--build DIR] [--bench DIR] [--only STEP,...] [--short]: the long robustness runs.

Each step needs the presets it names, configured and built under --build (default: build):

  programs   stress, dev   tests/programs under erl and joist, collecting at every allocation
  benches    release, stress, dev   every benchmark of groups core and data against erl's checksum;
                     needs --bench, the folder of a benchmark set with `compare`
  modules    dev     200,000 mutants of 100 modules of the OTP and Elixir trees found
  terms      dev     200,000 mutants of external terms, decoded with `safe` and without
  fuzz       dev     ten minutes of each libFuzzer target (configure with -DJOIST_FUZZ=ON)

--short divides all of it by about 50. A step whose executables are missing fails; --only chooses
steps. A line for each part tells what ran and how it ended; the exit code is 0 if all passed."""

import argparse
import datetime
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
MODULES = 100
LARGEST_MODULE = 150_000  # bytes: larger ones take most of the time and show no more
MUTANTS = 200_000
FUZZ_SECONDS = 600
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
              "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}


class Failure(Exception):
    pass


def executable(options, preset, name):
    path = options.build.resolve() / preset / "bin" / name
    if not path.exists():
        raise Failure(f"{path} is not built")
    return str(path)


def run(command, timeout, **environment):
    """The output; raises Failure with its end if the command fails."""
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=timeout, env={**os.environ, **SANITIZERS, **environment})
    except subprocess.TimeoutExpired:
        raise Failure(f"{pathlib.Path(command[0]).name} did not end in {timeout} s") from None
    text = result.stdout.decode(errors="replace")
    if result.returncode != 0:
        raise Failure(f"exit code {result.returncode}\n{text[-4000:]}")
    return text


def last_line(text):
    return text.strip().splitlines()[-1]


def programs(options):
    for preset in ("stress",) if options.short else ("stress", "dev"):
        joist = executable(options, preset, "joist")
        text = run([sys.executable, "-B", TESTS / "programs/run_programs.py", joist], 7200,
                   JOIST_GC_STRESS="1")
        yield f"{preset}: {last_line(text)}"


def benches(options):
    if options.bench is None:
        raise Failure("needs --bench")
    for preset, divisor in (("release", 1), ("stress", 50), ("dev", 50)):
        joist = executable(options, preset, "joist")
        if options.short:
            divisor *= 50
        text = run([options.bench / "compare", "--a", "erl", "--b", f"bare:{joist} exec",
                    "--group", "core", "--group", "data", "--startup", "no", "--reps", "1",
                    "--rounds", "1", "--timeout", "600", "--div", str(divisor)], 14400)
        wrong = [line for line in text.splitlines() if re.search(r"timeout|crash|differs", line)]
        if wrong:
            raise Failure("\n".join([preset] + wrong))
        covered = re.search(r"^  all .*over (\d+ of \d+) benchmarks", text, re.M)
        if covered is None or len(set(covered.group(1).split(" of "))) != 1:
            raise Failure(f"{preset}: not all benchmarks ran\n{text[-2000:]}")
        yield f"{preset}, scale / {divisor}: {covered.group(1)} as under erl"


def library_roots():
    """lib folders of the OTP and Elixir on PATH."""
    roots = []
    for command, up in (("erl", 2), ("elixir", 2)):
        found = shutil.which(command)
        if found is not None:
            roots.append(pathlib.Path(found).resolve().parents[up - 1] / "lib")
    return roots


def some_modules(options):
    roots = [pathlib.Path(root) for root in options.trees] or library_roots()
    chosen, names = [], set()
    for i, root in enumerate(roots):
        files = [f for f in sorted(root.rglob("*.beam")) if f.stat().st_size <= LARGEST_MODULE]
        random.Random(options.seed).shuffle(files)
        share = (MODULES - len(chosen)) // (len(roots) - i)
        for file in files:
            if share == 0:
                break
            if file.name not in names:
                names.add(file.name)
                chosen.append(str(file))
                share -= 1
    if not chosen:
        raise Failure("no .beam files found")
    return chosen


def modules(options):
    files = some_modules(options)
    count = MUTANTS // 50 if options.short else MUTANTS
    text = run([executable(options, "dev", "beam_mutation"), "--count", str(count), "--seed",
                str(options.seed), *files], 7200)
    yield f"{len(files)} modules, seed {options.seed}: {last_line(text)}"


def terms(options):
    count = MUTANTS // 50 if options.short else MUTANTS
    text = run([executable(options, "dev", "external_term_mutation"), "--count", str(count),
                "--seed", str(options.seed)], 7200)
    yield f"seed {options.seed}: {last_line(text)}"


def fuzz(options):
    seconds = FUZZ_SECONDS // 50 if options.short else FUZZ_SECONDS
    for name in ("beam_file_fuzz", "external_term_fuzz"):
        fuzzer = executable(options, "dev", name)
        with tempfile.TemporaryDirectory() as folder:
            corpus = pathlib.Path(folder, "corpus")
            corpus.mkdir()
            if name == "beam_file_fuzz":
                for file in some_modules(options):
                    shutil.copy(file, corpus)
            else:
                mutation = executable(options, "dev", "external_term_mutation")
                run([mutation, "--count", "2000", "--write", str(corpus)], 600)
            text = run([fuzzer, f"-max_total_time={seconds}", "-timeout=25", "-rss_limit_mb=4096",
                        "-max_len=65536", f"-artifact_prefix={folder}/", str(corpus)],
                       seconds + 900)
        yield f"{name}: {last_line(text)}"


STEPS = (programs, benches, modules, terms, fuzz)


def main():
    names = [step.__name__ for step in STEPS]
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--bench", type=pathlib.Path)
    parser.add_argument("--tree", dest="trees", action="append", default=[],
                        help="a folder with .beam files; may be repeated")
    parser.add_argument("--only", default=",".join(names))
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    wanted = options.only.split(",")
    unknown = sorted(set(wanted) - set(names))
    if unknown:
        parser.error(f"no step {', '.join(unknown)}; there are {', '.join(names)}")
    failed = 0
    for step in STEPS:
        if step.__name__ not in wanted:
            continue
        try:
            for line in step(options):
                print(f"{datetime.datetime.now():%H:%M:%S} {step.__name__}: {line}", flush=True)
        except Failure as failure:
            failed += 1
            print(f"{datetime.datetime.now():%H:%M:%S} {step.__name__}: FAILED: {failure}",
                  flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
