#!/usr/bin/env python3
"""Elixir's own test suites under the real erl and under Joist's, compared test by test.

    tests/conformance/elixir.py --erl build/release/bin/erl              all: a quarter of an hour
    tests/conformance/elixir.py --erl build/release/bin/erl --apps eex,logger
    tests/conformance/elixir.py --erl build/release/bin/erl --reference /tmp/reference.tsv

A test counts that passes under the real erl: run by this program, or as --reference says. Fails
when one fails on Joist that is not in expected_failures_elixir.tsv, and when one that is in it as
`fail` passes; `unstable` may do either. Needs Elixir (its ebin folders, --elixir) and the sources
of the same release (--sources), which ../shared/tools/otp brings if they are not given. Exit 77:
they are not there. Two runs that name the same --out do not run at once.
"""
import argparse
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHARED = HERE.parent.parent.parent / "shared"
WORK = Path(tempfile.gettempdir()) / "joist-elixir"
APPS = {"elixir": "test/elixir", "eex": "test", "ex_unit": "test", "logger": "test",
        "iex": "test", "mix": "test"}
SKIPPED = 77
SECONDS = 1800


def read_results(path):
    """{test: (outcome, why)}; of a test that was run twice the later counts."""
    results = {}
    for line in Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
        test, outcome, why = (line.split("\t") + ["", ""])[:3]
        results[test] = (outcome, why)
    return results


def read_expected(path):
    """{test: (fail or unstable, reason)}."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {fields[0]: (fields[1], fields[2]) for fields in (line.split("\t") for line in lines)}


def find_sources(given):
    if given:
        return Path(given)
    found = sorted(WORK.glob("sources/elixir-lang-*/lib/elixir/test"))
    if not found and (SHARED / "tools" / "otp").exists():
        subprocess.run([SHARED / "tools" / "otp", "elixir-source", "25", WORK / "sources"],
                       stdout=subprocess.DEVNULL, check=False)
        found = sorted(WORK.glob("sources/elixir-lang-*/lib/elixir/test"))
    return found[0].parents[2] if found else None


def prepare(tree, sources, elixir):
    """A tree as `make compile` leaves it, with the compiled modules of the installed Elixir."""
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(sources, tree, symlinks=True)
    for app in APPS:
        ebin = tree / "lib" / app / "ebin"
        shutil.copytree(elixir / "lib" / app / "ebin", ebin)


def environment(erl, tree, home, results, app):
    kept = {name: os.environ[name] for name in ("JOIST_OTP_ROOT", "JOIST_GC_STRESS")
            if name in os.environ}
    return {**kept, "HOME": str(home), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "dumb",
            "REBAR3": shutil.which("rebar3") or "",  # mix's suite wants one; Elixir has no copy
            "PATH": f"{erl.parent}:{tree / 'bin'}:{os.environ['PATH']}",
            "ERL_EPMD_PORT": str(20000 + os.getpid() % 20000),
            "JOIST_ELIXIR_RESULTS": str(results), "JOIST_ELIXIR_APPLICATION": app}


def run_app(app, erl, tree, out, pattern, options=()):
    """Appends to out/results.tsv; how it ended."""
    home = out / "home"
    home.mkdir(exist_ok=True)
    env = environment(erl, tree, home, out / "results.tsv", app)
    folder = APPS[app]
    command = [tree / "bin" / "elixir", "-r", HERE / "elixir_results.exs",
               "-r", f"{folder}/test_helper.exs", "-pr", f"{folder}/{pattern}", *options]
    with (out / f"{app}.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=tree / "lib" / app, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=subprocess.STDOUT, env=env,
                                   start_new_session=True)
        try:
            return process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            return "no end"
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            stop_epmd(env)


def stop_epmd(env):
    """The tests that make nodes leave a daemon behind, which is in no process group of ours."""
    if shutil.which("epmd"):
        subprocess.run(["epmd", "-kill"], env=env, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def claim(out):
    """`out` for this run alone. Another one would remove the tree below a suite that is at work
    there, and both would write to the same results; so would a suite that outlives its run."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    out.mkdir(parents=True, exist_ok=True)
    lock = (out / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"another run is at work in {out}: wait for it, or name another --out")
    return lock


def run_all(erl, apps, out, sources, elixir):
    out.mkdir(parents=True, exist_ok=True)
    results = out / "results.tsv"
    results.write_text("")
    tree = out / "tree"
    prepare(tree, sources, elixir)
    for app in apps:
        (out / f"{app}.log").unlink(missing_ok=True)
        ended = run_app(app, erl, tree, out, "**/*_test.exs")
        print(f"{app} under {erl}: ended with {ended}", flush=True)
    return read_results(results)


def compare(reference, found, expected, apps):
    """Prints what is not as expected; how much that is."""
    wrong = []
    count = {app: [0, 0] for app in apps}
    for test, (outcome, _) in reference.items():
        app = test.split(":", 1)[0]
        if outcome != "ok" or app not in count:
            continue
        got, why = found.get(test, ("missing", ""))
        count[app][0] += got == "ok"
        count[app][1] += 1
        kind = expected.get(test, (None, ""))[0]
        if got == "ok" and kind == "fail":
            wrong.append(f"{test}\tpasses, and is listed: take it off the list")
        elif got != "ok" and kind is None:
            wrong.append(f"{test}\t{got}\t{why}")
    print("\n".join(wrong))
    for app, (passed, of) in count.items():
        print(f"{app}: {passed} of {of} pass ({100 * passed / max(of, 1):.1f} %)")
    return len(wrong) + sum(of == 0 for _, of in count.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--erl", required=True, help="Joist's")
    parser.add_argument("--apps", default=",".join(APPS))
    parser.add_argument("--sources", help="Elixir's source tree")
    parser.add_argument("--elixir", default="/usr/lib/elixir", help="the compiled Elixir")
    parser.add_argument("--reference", help="results under the real erl, from an earlier run")
    parser.add_argument("--out", default=str(WORK), help="for trees, logs and results")
    options = parser.parse_args()
    sources, elixir, out = find_sources(options.sources), Path(options.elixir), Path(options.out)
    real = shutil.which("erl")
    if sources is None or not (elixir / "lib").is_dir() or real is None:
        print("SKIPPED: no Elixir, no sources of it, or no erl to compare with")
        return SKIPPED
    lock = claim(out)  # until the process ends
    apps = options.apps.split(",")
    ours = Path(options.erl).resolve()
    if options.reference:
        reference = read_results(options.reference)
    else:
        reference = run_all(Path(real), apps, out / "erl", sources, elixir)
    found = run_all(ours, apps, out / "joist", sources, elixir)
    return 1 if compare(reference, found, read_expected(HERE / "expected_failures_elixir.tsv"),
                        apps) else 0


if __name__ == "__main__":
    sys.exit(main())
