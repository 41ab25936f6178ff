#!/usr/bin/env python3
"""literals.erl under OTP's erl and under Joist's, there also with eight schedulers and, in a build
with assertions, with a collection at every chance: what it prints must be the same.

    run.py --joist build/release/bin/joist
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from side_by_side import parse_options, run, show_difference  # noqa: E402

SECONDS = 240
WAYS = [([], {}), (["+S", "8"], {}), ([], {"JOIST_GC_STRESS": "1"}),
        (["+S", "8"], {"JOIST_GC_STRESS": "1"})]


def main():
    _, reference, ours = parse_options(__doc__)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["erlc", "-o", folder, str(HERE / "literals.erl")], check=True)
        start = ["-noshell", "-s", "literals", "main"]
        expected = run([reference] + start, folder, os.environ, SECONDS)
        if expected[2] != 0 or "true" not in expected[0]:
            sys.exit(f"the reference failed: {expected}")
        for flags, variables in WAYS:
            found = run([ours] + flags + start, folder, {**os.environ, **variables}, SECONDS)
            if found != expected:
                failed += 1
                show_difference(f"{flags} {variables}", ("stdout", "stderr", "status"), expected,
                                found)
    print(f"{len(WAYS) - failed} of {len(WAYS)} ways as under erl")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
