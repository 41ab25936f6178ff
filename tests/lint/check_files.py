#!/usr/bin/env python3
"""Each file can be read in one sitting, and no line needs a wide window.

At most 600 lines a source file; a longer one says why in its first lines: `long-file: reason`.
At most 100 columns, no tabs, no trailing blanks, one newline at the end, no TODO and its kin.
Platform conditions stay in vm/os. Every folder of layers.txt has a README.md.
"""

import os
import re

import check_layers
import sources

MAX_LINES = 600
MAX_COLUMNS = 100
CODE = (".h", ".cpp", ".def", ".inc", ".py", ".erl", ".hrl", ".cmake")
TEXT = CODE + ("CMakeLists.txt", "layers.txt", "tools/setup", ".ci/run")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
PLATFORM = re.compile(r"^\s*#\s*(if|ifdef|elif).*\b(__linux__|__APPLE__|_WIN32|__FreeBSD__)\b")


def is_table(path):
    """Rows that nobody would fold: the layers, the cases of tests in Erlang."""
    return path.endswith("layers.txt") or path.startswith("tests/") and path.endswith(".erl")


def check_text(path, text):
    lines = text.split("\n")
    findings = []
    count = text.count("\n")
    if path.endswith(CODE) and count > MAX_LINES and "long-file:" not in "\n".join(lines[:12]):
        findings.append(f"{path}: {count} lines, over {MAX_LINES}, and no long-file: reason")
    if text and (not text.endswith("\n") or text.endswith("\n\n")):
        findings.append(f"{path}: does not end in exactly one newline")
    for number, line in enumerate(lines, 1):
        place = f"{path}:{number}"
        if len(line) > MAX_COLUMNS and not is_table(path):
            findings.append(f"{place}: {len(line)} columns")
        if "\t" in line:
            findings.append(f"{place}: a tab")
        if line != line.rstrip():
            findings.append(f"{place}: trailing blanks")
        if UNFINISHED.search(line) and not path.startswith("tests/lint/"):
            findings.append(f"{place}: unfinished: {line.strip()}")
        if PLATFORM.search(line) and not path.startswith("vm/os/"):
            findings.append(f"{place}: a platform condition outside vm/os")
    return findings


def check(root, files):
    findings = []
    for path in files:
        if path.endswith(TEXT):
            findings += check_text(path, sources.read(root, path))
    layers, _ = check_layers.read_layers(sources.read(root, "tests/lint/layers.txt"))
    for folder in layers:
        has_code = any(path.startswith(folder + "/") for path in files)
        if has_code and not os.path.exists(os.path.join(root, folder, "README.md")):
            findings.append(f"{folder}: has no README.md")
    return findings


if __name__ == "__main__":
    sources.main(check, __doc__)
