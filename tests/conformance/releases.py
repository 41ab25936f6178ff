"""What runs a release's suites: its sources, its libraries, and what compiles them.

The machine's own erl compiles the suites of its own release. Those of another release are compiled
and run by Joist on that release's libraries, since that release's emulator may not run here.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHARED = ROOT.parent / "shared"
WORK = Path(tempfile.gettempdir()) / "joist-conformance"
# Module, whose it is, whose suites call it.
BORROWED = [("rtnode", "kernel", "stdlib"), ("error_info_lib", "stdlib", "emulator")]
sys.path.insert(0, str(HERE.parent))
from side_by_side import newer_root  # noqa: E402


def installed_release():
    """The release of the erl on the PATH; None: there is none."""
    if shutil.which("erl") is None:
        return None
    code = "io:put_chars(erlang:system_info(otp_release)), halt()."
    result = subprocess.run(["erl", "-noinput", "-eval", code], capture_output=True, text=True,
                            stdin=subprocess.DEVNULL, timeout=60)
    return int(result.stdout) if result.stdout.isdigit() else None


def unpacked(target):
    found = sorted(target.glob("*/erts/emulator/test"))
    return found[0].parents[2] if found else None


def find_source(release):
    """OTP's sources with their suites, fetched if need be."""
    target = WORK / f"source{release}"
    if unpacked(target) is None:
        target.mkdir(parents=True, exist_ok=True)
        if (SHARED / "tools" / "otp").exists():
            command = [str(SHARED / "tools" / "otp"), "source", str(release), str(target)]
        else:
            command = ["apt-get", "source", "erlang"]
        failed = subprocess.run(command, cwd=target).returncode != 0
        # An archive may have the sources, but no longer the packaging that is named beside them.
        for tarball in target.glob("erlang_*.orig.tar.*"):
            if unpacked(target) is None:
                failed = subprocess.run(["tar", "-xf", tarball.name], cwd=target).returncode != 0
        if failed:
            sys.exit("no sources of OTP: " + " ".join(command))
    if unpacked(target) is None:
        sys.exit(f"no suites in {target}")
    return unpacked(target)


class Release:
    """How to call the command under test, and what is to be said to the suite runner."""

    def __init__(self, number):
        self.number = number
        self.work = WORK / str(number)
        self.root = None  # of another release than the machine's

    def prepared(self):
        return (self.work / "PREPARED").exists()

    def prepare(self, runner, reference):
        """Compiles the suites. Libraries come without the headers of their sources, and suites of
        one application may need a module of another's."""
        source = find_source(self.number)
        options = f'[{{i,"{source / "lib"}"}}]'
        command = [sys.executable, str(runner / "run.py"), "prepare", "--src", str(source),
                   *reference]
        if subprocess.run(command, stdin=subprocess.DEVNULL,
                          env=dict(os.environ, ERL_COMPILER_OPTIONS=options)).returncode != 0:
            return False
        for module, owner, user in BORROWED:
            beam = self.work / f"{owner}_test" / f"{module}.beam"
            if beam.exists():
                shutil.copy(beam, self.work / f"{user}_test")
        return True

    def find_root(self, erl):
        """Unpacks the libraries if need be. False: there are none."""
        if self.number != installed_release():
            self.root = newer_root(self.number, Path(erl).resolve())
            return self.root is not None
        return True

    def commands(self, erl, folder):
        """(the command under test, arguments that say what compiles, further ones for a run);
        scripts go to `folder`. Without a baseline to keep to, suites run on a node that is alive,
        on which the cases that start other nodes can, too."""
        if self.root is None:
            return erl, [], []
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("erl", "erlc"):
            program = Path(erl).absolute().parent / name
            script = folder / name
            script.write_text(f'#!/bin/sh\nJOIST_OTP_ROOT="{self.root}" exec "{program}" "$@"\n')
            script.chmod(0o755)
        reference = ["--ref-erl", str(folder / "erl"), "--work", str(self.work)]
        return str(folder / "erl"), reference, ["--dist", "all"]
