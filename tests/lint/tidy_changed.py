#!/usr/bin/env python3
"""Runs clang-tidy (.clang-tidy: names, bug patterns) on the sources a change touches.

The change is what the work tree and HEAD have beyond --base (default: the merge base with
origin/main, or else the commit before HEAD). Not a ctest: it needs history and a configured build.
"""

import argparse
import shutil
import subprocess
import sys

TOOL = "clang-tidy-19"
FOLDERS = ("vm/", "loader/", "bif/", "tools/")


def git(*arguments):
    result = subprocess.run(["git", *arguments], capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/quick", help="folder of compile_commands.json")
    parser.add_argument("--base", help="commit to compare with")
    parser.add_argument("--most", type=int, default=40, help="check at most this many files")
    options = parser.parse_args()
    base = options.base or git("merge-base", "HEAD", "origin/main") or git("rev-parse", "HEAD~1")
    if base and base == git("rev-parse", "HEAD"):
        base = git("rev-parse", "HEAD~1")
    if shutil.which(TOOL) is None or not base:
        print(f"clang-tidy skipped: no {TOOL} or no history to compare with")
        return 0
    names = git("diff", "--name-only", "--diff-filter=d", base).splitlines()
    changed = [name for name in names if name.endswith(".cpp") and name.startswith(FOLDERS)]
    if len(changed) > options.most:
        print(f"clang-tidy: {len(changed)} changed files, checking the first {options.most}")
    if not changed:
        print("clang-tidy: no source changed")
        return 0
    result = subprocess.run([TOOL, "-p", options.build, "--quiet", *changed[:options.most]],
                            capture_output=True, text=True)
    print(result.stdout.strip() or f"clang-tidy: {len(changed)} files, nothing to report")
    if result.returncode != 0 and not result.stdout.strip():
        print(result.stderr)
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
