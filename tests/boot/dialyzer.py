#!/usr/bin/env python3
"""dialyzer --build_plt --apps erts kernel stdlib under the real erl and under Joist's: the same
summary, but for the time, and the same exit status. Takes minutes, so CI does not run it.

    tests/boot/dialyzer.py --joist build/release/bin/joist
"""
import os
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import side_by_side  # noqa: E402

COMMAND = ["dialyzer", "--build_plt", "--apps", "erts", "kernel", "stdlib", "--output_plt", "made"]
PARTS = ("stdout", "stderr", "status", "PLT made")
SECONDS = 3600


def outcome(erl):
    path = str(Path(erl).parent) + os.pathsep + os.environ["PATH"]
    with tempfile.TemporaryDirectory() as folder:
        output, errors, status = side_by_side.run(COMMAND, folder, {**os.environ, "PATH": path},
                                                  SECONDS)
        made = Path(folder, "made").exists()
    return re.sub(r"done in .*", "done in TIME", output), errors, status, made


def main():
    _, reference, ours = side_by_side.parse_options(__doc__)
    expected, found = outcome(reference), outcome(ours)
    print(found[0])
    if expected != found:
        side_by_side.show_difference("dialyzer", PARTS, expected, found)
        return 1
    print("the same as under erl")
    return 0


if __name__ == "__main__":
    sys.exit(main())
