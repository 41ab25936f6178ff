#!/usr/bin/env python3
"""Sources are formatted as .clang-format says. Exits 77 (skipped) without clang-format 19."""

import shutil
import subprocess
import sys

import sources

TOOL = "clang-format-19"


def check(root, files):
    if shutil.which(TOOL) is None:
        print(f"{TOOL} is not installed")
        sys.exit(77)
    code = [path for path in files if path.endswith((".h", ".cpp"))]
    result = subprocess.run([TOOL, "--dry-run", "-Werror", *code], cwd=root,
                            capture_output=True, text=True)
    wrong = sorted({line.split(":")[0] for line in result.stderr.splitlines()
                    if "-Wclang-format-violations" in line})
    findings = [f"{path}: run {TOOL} -i on it" for path in wrong]
    if result.returncode != 0 and not findings:
        findings.append(result.stderr.strip())
    return findings


if __name__ == "__main__":
    sources.main(check, __doc__)
