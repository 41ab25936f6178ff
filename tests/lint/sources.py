"""What the lints share: the project's files, and how findings are reported."""

import argparse
import os
import subprocess
import sys

SKIPPED_FOLDERS = {".git", "build", ".cache", "__pycache__"}


def project_files(root):
    """Paths of all files relative to root: those git knows or would add, else all."""
    listing = subprocess.run(
        ["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True)
    if listing.returncode == 0:
        names = set(listing.stdout.splitlines())
        return sorted(name for name in names if os.path.isfile(os.path.join(root, name)))
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def main(check, description):
    """Runs check(root, files), which returns findings as text; exits 1 if there are any."""
    parser = argparse.ArgumentParser(description=description)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(here)),
                        help="the tree to check (default: this one)")
    root = parser.parse_args().root
    findings = check(root, project_files(root))
    for finding in findings:
        print(finding)
    if findings:
        print(f"{len(findings)} finding(s)")
    sys.exit(1 if findings else 0)
