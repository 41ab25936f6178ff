#!/usr/bin/env python3
"""Each table of natives that a file of bif/ defines is listed in bif/registry.cpp, once.

The other direction, a listed table that nobody defines, does not link.
"""

import re

import sources

DEFINITION = re.compile(r"^std::span<const NativeEntry> (\w+_natives)\(\)", re.MULTILINE)
LISTED = re.compile(r"X\((\w+)\)")


def check(root, files):
    listed = LISTED.findall(sources.read(root, "bif/registry.cpp"))
    findings = [f"bif/registry.cpp: lists {name} twice"
                for name in sorted(set(listed)) if listed.count(name) > 1]
    for path in files:
        if path.startswith("bif/") and path.endswith(".cpp"):
            findings += [f"{path}: {table} is not listed in bif/registry.cpp"
                         for table in DEFINITION.findall(sources.read(root, path))
                         if table not in listed]
    return findings


if __name__ == "__main__":
    sources.main(check, __doc__)
