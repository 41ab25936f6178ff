#!/usr/bin/env python3
"""Includes follow the layers: a folder includes itself and what its line in layers.txt allows.

Also kept here, because they are about includes: only vm/base/log.cpp includes spdlog, and the
VM's own code does not include the standard headers that cost every compilation.
"""

import re

import sources

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
CODE = (".h", ".cpp", ".def", ".inc")
HEAVY = {"iostream", "regex", "format"}
HEAVY_IN_HEADERS = {"functional"}
NO_HEAVY_HEADERS = ("vm/", "loader/", "bif/")


def read_layers(text):
    """The allowed folders by folder, and what is wrong with the table itself."""
    allowed, findings = {}, []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        folder, _, lower = line.partition(":")
        for name in lower.split():
            if name not in allowed:
                findings.append(f"layers.txt: {folder} allows {name}, which is not a line above it")
        allowed[folder] = set(lower.split())
    return allowed, findings


def folder_of(path, folders):
    inside = [folder for folder in folders if path.startswith(folder + "/")]
    return max(inside, key=len, default=None)


def check(root, files):
    allowed, findings = read_layers(sources.read(root, "tests/lint/layers.txt"))
    for path in files:
        if not path.endswith(CODE):
            continue
        own = folder_of(path, allowed)
        for kind, included in INCLUDE.findall(sources.read(root, path)):
            if "spdlog" in included and path != "vm/base/log.cpp":
                findings.append(f"{path}: includes {included}; only vm/base/log.cpp may")
            heavy = included in HEAVY or included in HEAVY_IN_HEADERS and path.endswith(".h")
            if kind == "<" and heavy and path.startswith(NO_HEAVY_HEADERS):
                findings.append(f"{path}: includes <{included}>, too heavy for the VM's code")
            target = folder_of(included, allowed)
            if kind == "<" or own is None or target in (None, own):
                continue
            if target not in allowed[own]:
                findings.append(f"{path}: includes {included}; {own} may not see {target}")
        if own is None and path.startswith(NO_HEAVY_HEADERS) and path.endswith(".cpp"):
            findings.append(f"{path}: its folder has no line in layers.txt")
    return findings


if __name__ == "__main__":
    sources.main(check, __doc__)
