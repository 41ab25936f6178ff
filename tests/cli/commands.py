#!/usr/bin/env python3
"""The commands that boot OTP: run, eval, shell, test, doctor.

    commands.py JOIST    with the path of the program; needs an OTP root
"""

import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

JOIST = sys.argv.pop(1)

HELLO = """
-module(hello).
-export([main/1]).
main([]) -> io:format("nothing~n");
main(["raise"]) -> lists:map(fun(X) -> X + a end, [1]);
main(["throw"]) -> throw(ball);
main(["exit", N]) -> halt(list_to_integer(N));
main(["stop", N]) -> init:stop(list_to_integer(N)), timer:sleep(10000);
main(["echo"]) -> io:put_chars(io:get_line(""));
main(Arguments) -> io:format("~tp~n", [Arguments]).
"""
SERVER = """
-module(server).
-export([start/0]).
start() -> {ok, spawn(fun() -> timer:sleep(300), io:format("served~n"), exit(REASON) end)}.
"""
CALC = """
-module(calc).
-export([add/2]).
-ifdef(TEST).
-include_lib("eunit/include/eunit.hrl").
add_test() -> 3 = add(1, 2).
more_test_() -> [{"named", ?_assertEqual(WANTED, add(1, 1))}, ?_assertError(badarith, add(a, 1))].
-endif.
add(A, B) -> A + B.
"""
SUITE = """
-module(calc_SUITE).
-include_lib("common_test/include/ct.hrl").
-export([all/0, groups/0, init_per_testcase/2, end_per_testcase/2]).
-export([good/1, data/1, left_out/1, in_group/1, bad/1]).
all() -> [good, data, left_out, {group, g} CASES].
groups() -> [{g, [parallel], [in_group]}].
init_per_testcase(left_out, _) -> {skip, "not today"};
init_per_testcase(_, Config) -> Config.
end_per_testcase(_, _) -> ok.
good(_) -> ct:pal("noise"), 3 = calc:add(1, 2).
bad(_) -> 4 = calc:add(1, 2).
left_out(_) -> ok.
in_group(_) -> ok.
data(Config) ->
    {ok, <<"x">>} = file:read_file(filename:join(proplists:get_value(data_dir, Config), "f")).
"""


def joist(*arguments, **more):
    environment = {**os.environ, "LC_ALL": "C.UTF-8", **more.pop("environment", {})}
    return subprocess.run([JOIST, *arguments], capture_output=True, text=True, timeout=120,
                          env=environment, stdin=more.pop("stdin", subprocess.DEVNULL), **more)


class Commands(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return str(path)

    def check(self, result, code, stdout=None, stderr=None):
        self.assertEqual(result.returncode, code, result)
        if stdout is not None:
            self.assertIn(stdout, result.stdout)
        if stderr is not None:
            self.assertIn(stderr, result.stderr)

    def test_help_has_examples(self):
        for command in ("run", "eval", "shell", "test", "doctor"):
            result = joist(command, "--help")
            self.check(result, 0, stdout=f"Usage: joist {command}")
            self.assertIn("Examples:\n  joist " + command, result.stdout)
            self.assertIn("Exits ", result.stdout)

    def test_a_wrong_root_is_told_with_where_it_comes_from(self):
        source = self.write("hello.erl", HELLO)
        script = self.write("s.escript", "#!/usr/bin/env escript\nmain(_) -> ok.\n")
        for command in (["run", "-root", "/bad", source], ["run", "-root", "/bad", script],
                        ["eval", "-root", "/bad", "1"], ["shell", "-root", "/bad"],
                        ["test", "-root", "/bad", source], ["doctor", "-root", "/bad"]):
            self.check(joist(*command), 1, stderr="/bad (from -root) is no OTP root")
        for name in "ROOTDIR", "JOIST_OTP_ROOT":
            result = joist("eval", "1", environment={name: "/bad"})
            self.check(result, 1, stderr=f"/bad (from {name}) is no OTP root")

    # --- run ---

    def test_run_gives_arguments_as_they_are(self):
        source = self.write("hello.erl", HELLO)
        words = ["ü", "-root", "--", "+S", "[a, 'b']", "-extra", ""]
        self.check(joist("run", source, *words), 0,
                   stdout='["ü","-root","--","+S","[a, \'b\']","-extra",[]]\n')
        self.check(joist("run", source), 0, stdout="nothing\n")
        self.assertEqual(os.listdir(self.root), ["hello.erl"])

    def test_run_of_a_beam_file(self):
        source = self.write("hello.erl", HELLO)
        subprocess.run(["erlc", source], check=True, cwd=self.root)
        self.check(joist("run", str(self.root / "hello.beam"), "a"), 0, stdout='["a"]\n')

    def test_run_ends_as_the_program_does(self):
        source = self.write("hello.erl", HELLO)
        self.check(joist("run", source, "exit", "7"), 7)
        self.check(joist("run", source, "stop", "5"), 5)
        result = joist("run", source, "raise")
        self.check(result, 1, stderr="** exception error: an error occurred when evaluating an "
                                     "arithmetic expression")
        self.assertIn("called as 1 + a", result.stderr)
        self.assertNotIn("joist_run", result.stderr)
        self.check(joist("run", source, "throw"), 1, stderr="** exception throw: ball")

    def test_run_reads_standard_input(self):
        source = self.write("hello.erl", HELLO)
        result = subprocess.run([JOIST, "run", source, "echo"], input="a line\n", text=True,
                                capture_output=True, timeout=60)
        self.assertEqual((result.returncode, result.stdout), (0, "a line\n"))

    def test_run_of_start(self):
        for reason, code in (("normal", 0), ("bad", 1)):
            source = self.write("server.erl", SERVER.replace("REASON", reason))
            self.check(joist("run", source), code, stdout="served\n")

    def test_run_of_an_escript(self):
        script = self.write("s.escript", "#!/usr/bin/env escript\n%%! -setcookie x\n"
                            "main(A) -> io:format(\"~p ~p~n\", [A, escript:script_name()]), "
                            "halt(3).\n")
        self.check(joist("run", script, "-v", "b"), 3, stdout=f'["-v","b"] "{script}"\n')

    def test_run_of_folders(self):
        self.write("one/hello.erl", HELLO.replace("hello", "one"))
        self.write("one/helper.erl", "-module(helper).\n-export([f/0]).\nf() -> ok.\n")
        self.check(joist("run", str(self.root / "one"), "x"), 0, stdout='["x"]\n')
        self.write("two/src/a.erl", HELLO.replace("hello", "a"))
        self.write("two/src/b.erl", HELLO.replace("hello", "b"))
        self.check(joist("run", str(self.root / "two")), 1, stderr="several modules can be run")
        self.write("two/src/two.erl", "-module(two).\n-export([main/0]).\n"
                   "main() -> a:main([\"from two\"]).\n")
        self.check(joist("run", str(self.root / "two")), 0, stdout='["from two"]\n')
        self.write("app/src/app.app.src", "{application, app, [{vsn, git}, {mod, {app_app, []}},"
                   " {applications, [kernel, stdlib]}]}.\n")
        self.write("app/src/app_app.erl", "-module(app_app).\n-behaviour(application).\n"
                   "-export([start/2, stop/1]).\nstart(_, _) -> io:format(\"up~n\"),\n"
                   "  {ok, spawn_link(fun() -> timer:sleep(500) end)}.\nstop(_) -> ok.\n")
        self.check(joist("run", str(self.root / "app")), 0, stdout="up\n")

    def test_run_says_what_is_wrong(self):
        self.check(joist("run"), 2, stderr="PATH is required")
        self.check(joist("run", "/nowhere.erl"), 1, stderr="/nowhere.erl: no such file")
        self.check(joist("run", self.write("a.txt", "")), 1, stderr="neither a .beam")
        self.check(joist("run", self.write("a.beam", "no")), 1, stderr="cannot be loaded")
        broken = self.write("b.erl", "-module(b).\n-export([main/0]).\nmain() -> X.\n")
        result = joist("run", broken)
        self.check(result, 1, stderr=f"{broken}:3:11: variable 'X' is unbound")
        self.assertNotIn("\x1b", result.stderr)
        none = self.write("c.erl", "-module(c).\n")
        self.check(joist("run", none), 1, stderr="exports neither main/1, main/0 nor start/0")
        (self.root / "empty").mkdir()
        self.check(joist("run", str(self.root / "empty")), 1, stderr="no .erl or .beam file in it")

    def test_folders_that_may_not_be_read(self):
        shut = self.root / "shut"
        shut.mkdir()
        shut.chmod(0)
        if os.geteuid() == 0:
            self.skipTest("root may read all")
        for command in ("run", "test"):
            self.check(joist(command, str(shut)), 1, stderr="shut: permission denied")

    # --- eval ---

    def test_nothing_waits_for_ever(self):
        self.check(joist("eval", "exit(self(), kill)"), 1, stderr="joist: ended: killed")
        with open("/dev/full", "w") as full:
            text = 'io:format("x"), timer:sleep(300)'
            result = subprocess.run([JOIST, "eval", text], stdout=full, stderr=subprocess.PIPE,
                                    text=True, timeout=60)
        self.assertEqual(result.returncode, 1)
        self.assertIn("joist: standard output cannot be written to\n", result.stderr)

    def test_eval_prints_as_the_shell(self):
        for text, value in (("1 + 1", "2"), ("X = 6 * 7, {answer, X}.", "{answer,42}"),
                            ('"ab"', '"ab"'), ('<<"é"/utf8>>', '<<"é"/utf8>>'),
                            ("[1, 2 | c]", "[1,2|c]"), ("#{b => 1, a => 2}", "#{a => 2,b => 1}"),
                            ("lists:seq(1, 100)", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,"
                             "19,20,21,22,\n 23,24,25,26,27,28,29|...]"),
                            ("io:format(\"x~n\")", "x\nok")):
            result = joist("eval", text)
            self.check(result, 0)
            self.assertEqual(result.stdout, value + "\n", text)

    def test_eval_shows_errors_as_the_shell(self):
        self.check(joist("eval", "1 / 0"), 1, stderr="** exception error: an error occurred when "
                   "evaluating an arithmetic expression\n     in operator  '/'/2\n")
        self.check(joist("eval", "nosuch(1)"), 1,
                   stderr="** exception error: undefined shell command nosuch/1")
        self.check(joist("eval", "foo("), 1, stderr="joist: 1:5: syntax error before: ")
        self.check(joist("eval", "halt(9)"), 9)
        self.check(joist("eval"), 2, stderr="EXPRESSION is required")
        self.check(joist("eval", "a", "b"), 2, stderr="one text")

    def test_eval_boots_otp(self):
        running = "[element(1, A) || A <- application:which_applications()]"
        self.check(joist("eval", f"lists:sort({running})"), 0, stdout="[kernel,stdlib]\n")
        self.check(joist("eval", "+S", "1", "erlang:system_info(schedulers)"), 0,
                   stdout="1\n")
        self.check(joist("eval", "-root", "/nowhere", "1"), 1, stderr="/nowhere")
        self.check(joist("eval", "-pa", "/nowhere", "1"), 1, stderr="/nowhere (from -pa)")

    # --- shell ---

    def test_shell_is_erl(self):
        result = subprocess.run([JOIST, "shell", "--", "-eval", "io:format(\"hi~n\")"],
                                input="X = 1.\nX + 1.\nhalt(4).\n", text=True, timeout=60,
                                capture_output=True)
        self.assertEqual(result.returncode, 4)
        self.assertIn("hi\n", result.stdout)  # whenever its process gets to it
        for text in ("Eshell V", "2> 2\n"):
            self.assertIn(text, result.stdout.replace("hi\n", "", 1))

    # --- test ---

    def project(self, wanted=2, cases=""):
        self.write("src/calc.erl", CALC.replace("WANTED", str(wanted)))
        self.write("test/calc_SUITE.erl", SUITE.replace("CASES", cases))
        self.write("test/calc_SUITE_data/f", "x")

    def test_test_of_a_folder(self):
        self.project()
        with tempfile.TemporaryDirectory() as temporary:
            result = joist("test", str(self.root), environment={"TMPDIR": temporary})
            self.check(result, 0, stdout="6 passed, 0 failed, 1 skipped\n")
            self.assertEqual(os.listdir(temporary), [])
        self.assertNotIn("noise", result.stdout)
        self.assertIn("skipped calc_SUITE:left_out\n", result.stdout)
        self.check(joist("test", "--eunit", str(self.root)), 0, stdout="3 passed, 0 failed\n")

    def test_test_shows_what_failed(self):
        self.project(3, ", bad")
        with tempfile.TemporaryDirectory() as temporary:
            result = joist("test", str(self.root), environment={"TMPDIR": temporary})
            self.check(result, 1, stdout="5 passed, 2 failed, 1 skipped\n", stderr="logs: ")
            logs = re.search("^logs: (.*)$", result.stderr, re.M)[1]
            self.assertTrue(os.path.exists(logs))
        self.assertIn("FAILED calc:more_test_/0:7 (named)\n", result.stdout)
        self.assertIn("{expected,3}", result.stdout)
        self.assertIn("FAILED calc_SUITE:bad\n", result.stdout)
        self.assertIn("no match of right hand side value 3", result.stdout)

    def test_test_of_a_module_on_the_path(self):
        source = self.write("m.erl", CALC.replace("calc", "m").replace("WANTED", "2"))
        subprocess.run(["erlc", "-DTEST", source], check=True, cwd=self.root)
        self.check(joist("test", "-pa", str(self.root), "m"), 0, stdout="3 passed, 0 failed\n")

    def test_test_of_a_file_beside_its_subject(self):
        self.write("subject.erl", "-module(subject).\n-export([one/0]).\none() -> 1.\n")
        tests = self.write("subject_tests.erl", "-module(subject_tests).\n"
                           "-export([one_test/0]).\none_test() -> 1 = subject:one().\n")
        self.check(joist("test", tests), 0, stdout="1 passed, 0 failed\n")

    def test_test_without_tests(self):
        self.check(joist("test", self.write("n.erl", "-module(n).\n")), 1, stderr="no tests found")
        self.check(joist("test", "lists"), 1, stderr="no tests found in lists")
        self.check(joist("test", "nosuch_module"), 1, stderr="neither a file or folder")
        self.check(joist("test"), 2, stderr="TARGET is required")

    # --- doctor ---

    def test_doctor_boots(self):
        result = joist("doctor")
        self.check(result, 0, stdout="kernel and stdlib run after ")
        for word in ("terminal ", "companions ", "on PATH "):
            self.assertIn("\n" + word, result.stdout)

    # --- a terminal ---

    def on_terminal(self, *arguments):
        """What the command writes to a terminal."""
        child, terminal = pty.fork()
        if child == 0:
            os.environ.update(LC_ALL="C.UTF-8", TERM="xterm")
            os.environ.pop("NO_COLOR", None)
            os.execv(JOIST, [JOIST, *arguments])
        text, limit = b"", time.monotonic() + 60
        while time.monotonic() < limit:
            if select.select([terminal], [], [], 1)[0]:
                try:
                    text += os.read(terminal, 65536)
                except OSError:
                    break
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(terminal)
        return status, text.decode()

    def test_colour_and_progress_on_a_terminal(self):
        self.write("slow.erl", "-module(slow).\n-include_lib(\"eunit/include/eunit.hrl\").\n"
                   "slow_test() -> timer:sleep(1500).\n"
                   "z_test_() -> {timeout, 9, fun() -> timer:sleep(500), error(x) end}.\n")
        status, text = self.on_terminal("test", str(self.root))
        self.assertEqual(status, 1, text)
        self.assertIn("\r\x1b[K[1] slow:", text)
        self.assertIn("\r\x1b[K\x1b[31m1 passed", text)
        self.assertIn("\x1b[31mFAILED\x1b[0m slow:", text)
        self.assertIn("\x1b[31m1 passed, 1 failed\x1b[0m", text)
        status, text = self.on_terminal("eval", "1 + 1")
        self.assertEqual((status, text), (0, "2\r\n"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[1:]])
