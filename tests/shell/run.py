#!/usr/bin/env python3
"""Types into the interactive shell on a real terminal (tmux) and compares the screens.

    run.py --joist build/release/bin/joist [--only NAME] [--show]

Each scene of scenes.txt is played under the real erl and under Joist's: the screens must be the
same but for pids, references and versions. The shell of OTP 27, which draws by itself (prim_tty),
is played if there is a root of it: JOIST_OTP27_ROOT, or what ../shared/tools/otp brings. The real
erl of that release is not asked for: its scenes hold what must be seen. Exit 77: no tmux, no erl.

A scene is a block of lines:

    scene NAME            its name; then
    only 25 | only 27     for the shells of one release
    program iex           instead of erl, by the erl in question
    size 80 24            of the terminal, before the start or in between
    env NAME=VALUE        for the shell, before the start
    keys Enter C-a ...    as tmux names them
    type TEXT             the text as it is
    wait REGEX            until a line of the screen matches: at most 15 s
    pause SECONDS
    screen                the screen is compared

After keys and text the next step waits until the screen has stood still: a shell that is not yet
reading may lose what is typed. The real erl does so on a loaded machine, too: where it does not
come to the end of a scene, or shows something else than Joist, it is asked again, and only what
it shows twice counts.
"""

import argparse
import difflib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from side_by_side import newer_root  # noqa: E402

SECONDS = 15
TRIES = 4


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, command, folder, size, variables):
        self.socket = str(Path(folder) / "tmux")
        environment = {"HOME": folder, "PATH": os.environ["PATH"], "TERM": "xterm",
                       "LC_ALL": "C.UTF-8", **variables}
        inner = ["env", "-i", *(f"{k}={v}" for k, v in environment.items()), *command]
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", size[0], "-y", size[1],
                  "exec " + shlex.join(inner))

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-u", "-S", self.socket, *arguments], capture_output=True,
                              text=True, timeout=SECONDS).stdout

    def screen(self):
        lines = self.tmux("capture-pane", "-p").rstrip().split("\n")
        return "\n".join(line.rstrip() for line in lines)

    def settle(self, still=0.4):
        """The screen after nothing has changed for that many seconds."""
        last, since = None, time.monotonic()
        limit = since + SECONDS
        while time.monotonic() < limit:
            now = self.screen()
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > still:
                break
            time.sleep(0.02)
        return last or ""

    def wait(self, pattern):
        limit = time.monotonic() + SECONDS
        while time.monotonic() < limit:
            screen = self.screen()
            if re.search(pattern, screen, re.M):
                return None
            time.sleep(0.05)
        return f"no {pattern!r} on the screen:\n{screen}"

    def close(self):
        self.tmux("kill-server")


def read_scenes():
    scenes = []
    for line in (HERE / "scenes.txt").read_text().splitlines():
        if line.startswith("scene "):
            scenes.append((line[6:], []))
        elif line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            scenes[-1][1].append((word, rest))
    return scenes


def normalised(screen):
    screen = re.sub(r"Erlang/OTP[\s\S]*?\n\nEshell V[\d.]+", "Erlang/OTP\n\nEshell V", screen)
    screen = re.sub(r"Erlang/OTP[\s\S]*?\n\nInteractive Elixir.*", "Interactive Elixir", screen)
    screen = re.sub(r"<\d+\.\d+\.\d+>", "<PID>", screen)
    screen = re.sub(r"#Ref<[\d.]+>", "#Ref<>", screen)
    screen = re.sub(r"\d\d?-[A-Z][a-z]{2}-\d{4}::[\d:.]+", "TIME", screen)
    screen = re.sub(r"\d\d:\d\d:\d\d\.\d{3}", "TIME", screen)
    return screen + "\n"


def play(command, steps, variables):
    """The screens, and what did not come."""
    size = ("80", "24")
    while steps and steps[0][0] in ("size", "env", "only", "program"):
        word, rest = steps[0]
        if word == "program":
            path = f"{Path(command[0]).parent}:{os.environ['PATH']}"
            command, variables = [rest], {**variables, "PATH": path}
        elif word == "size":
            size = tuple(rest.split())
        elif word == "env":
            name, _, value = rest.partition("=")
            variables = {**variables, name: value}
        steps = steps[1:]
    screens = []
    with tempfile.TemporaryDirectory(prefix="joist-shell-") as folder:
        terminal = Terminal(command, folder, size, variables)
        try:
            for word, rest in steps:
                if word == "keys":
                    terminal.tmux("send-keys", *rest.split())
                    terminal.settle(still=0.1)
                elif word == "type":
                    terminal.tmux("send-keys", "-l", rest)
                    terminal.settle(still=0.1)
                elif word == "size":
                    width, height = rest.split()
                    terminal.tmux("resize-window", "-x", width, "-y", height)
                elif word == "pause":
                    time.sleep(float(rest))
                elif word == "wait":
                    problem = terminal.wait(rest)
                    if problem:
                        return screens, problem
                elif word == "screen":
                    screens.append(normalised(terminal.settle()))
                else:
                    sys.exit(f"scenes.txt: {word}?")
        finally:
            terminal.close()
    return screens, None


def first_difference(wanted, got):
    for number, (a, b) in enumerate(zip(wanted, got), 1):
        if a != b:
            lines = difflib.unified_diff(a.splitlines(), b.splitlines(), "erl", "joist", n=2,
                                         lineterm="")
            return f"screen {number}:\n" + "\n".join(lines)
    return None


def reference_screens(steps, got):
    """What the real erl shows: like Joist, or the same twice. And what is wrong if it never is."""
    before, problem = None, None
    for _ in range(TRIES):
        wanted, problem = play([shutil.which("erl")], steps, {})
        if problem is None and wanted in (got, before):
            return wanted, None
        before = wanted if problem is None else None
    return before, problem or "it shows something else each time"


def compare(command, steps, variables, show):
    got, problem = play(command, steps, variables)
    if show:
        print("\n".join(got))
    if problem:
        return problem
    wanted, problem = reference_screens(steps, got)
    if problem:
        return f"under the real erl: {problem}"
    return first_difference(wanted, got)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--joist", required=True)
    parser.add_argument("--only")
    parser.add_argument("--show", action="store_true", help="print Joist's screens")
    options = parser.parse_args()
    if not shutil.which("tmux") or not shutil.which("erl"):
        return 77
    command = [str(Path(options.joist).resolve().parent / "erl")]
    newer = newer_root(27, options.joist)
    if not newer:
        print("no root of OTP 27: its shell is left out")
    passed, failed = 0, 0
    for name, steps in read_scenes():
        if options.only and options.only not in name:
            continue
        if not all(shutil.which(rest) for word, rest in steps if word == "program"):
            print(f"{name}: left out, there is no such program")
            continue
        release = next((rest for word, rest in steps if word == "only"), "25")
        if release == "27" and not newer:
            continue
        if release == "27":
            screens, problem = play(command, steps, {"JOIST_OTP_ROOT": newer})
            if options.show:
                print("\n".join(screens))
        else:
            problem = compare(command, steps, {}, options.show)
        if problem:
            failed += 1
            print(f"{name}: {problem}")
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
