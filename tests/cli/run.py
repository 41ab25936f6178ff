#!/usr/bin/env python3
"""The command line: exit codes, where output goes, and messages for wrong input.

    run.py JOIST    with the path of the program; needs erlc and an OTP root
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

JOIST = sys.argv.pop(1)
SOURCE = """
-module(sample).
-export([twice/1, 'odd name'/0, tables/0, throws/1, pick/1, sleeper/0]).
twice(N) -> 2 * N.
throws(What) -> throw(What), ok.
'odd name'() -> {'an atom', "text"}.
tables() -> ets:new(sample, []).
pick(a) -> 1; pick(b) -> 2; pick({_, _}) -> 3; pick({_, _, _}) -> 4.
sleeper() ->
    Parent = self(),
    spawn(fun() -> Parent ! asleep, receive never -> ok after 60000 -> ok end end),
    receive asleep -> asleep end.
"""
LOGS = """
-module(logs).
-behaviour(supervisor).
-export([run/0, wait/0, many/1, fail/0, crash/0, init/1, start/0]).
run() ->
    {ok, Supervisor} = supervisor:start_link(?MODULE, []),
    [{_, Child, _, _}] = supervisor:which_children(Supervisor),
    Monitor = monitor(process, Child),
    Child ! stop,
    Reason = receive {'DOWN', Monitor, process, Child, Why} -> Why end,
    [{_, New, _, _}] = supervisor:which_children(Supervisor),
    true = is_pid(New) andalso New =/= Child,
    logger:error("first ~p", [1]),
    logger:error("second ~p", [2]),
    #{level := Level} = logger:get_primary_config(),
    {Reason, restarted, Level}.
wait() -> logger_simple_h:removing_handler(#{id => simple}).
many(Count) ->
    Parent = self(),
    [spawn(fun() -> Parent ! maps:get(level, logger:get_primary_config()) end)
     || _ <- lists:seq(1, Count)],
    length([receive notice -> ok end || _ <- lists:seq(1, Count)]).
fail() -> logger:error("before"), error(after_it).
crash() ->
    {_, Ref} = spawn_monitor(fun() -> error(oops) end),
    receive {'DOWN', Ref, _, _, _} -> ok end.
init([]) ->
    Child = #{id => child, start => {?MODULE, start, []}},
    {ok, {#{strategy => one_for_one, intensity => 5}, [Child]}}.
start() -> {ok, spawn_link(fun() -> receive stop -> exit(broken) end end)}.
"""
# Terms as deep as the number says, of lists and of all that nests: all of what walks over terms.
DEEP = """
-module(deep).
-export([walk/1, show/1]).
-compile(nowarn_deprecated_function).
walk(Depth) ->
    [walked(Depth, Make) || Make <- [fun list/2, fun mixed/2]].
walked(Depth, Make) ->
    {Term, Same} = {Make(Depth, []), Make(Depth, [])},
    true = Term =:= Same,
    true = Term == Same,
    true = Term < Make(Depth, [1]),
    Hashes = {erlang:phash2(Term), erlang:phash(Term, 1000000)},
    Hashes = {erlang:phash2(Same), erlang:phash(Same, 1000000)},
    Bytes = term_to_binary(Term),
    true = erlang:external_size(Term) =:= byte_size(Bytes),
    true = binary_to_term(Bytes) =:= Term,
    persistent_term:put({deep, Depth}, Term),
    true = persistent_term:get({deep, Depth}) =:= Term,
    true = garbage_collect(),
    true = Term =:= Same,
    true = erts_debug:flat_size(Term) > Depth,
    {Hashes, byte_size(Bytes)}.
show(Depth) ->
    erlang:display(list(Depth, [])),
    erlang:display(mixed(Depth, [])),
    {list(Depth, []), tuple_size(mixed(3 * Depth + 2, []))}.
list(0, Term) -> Term;
list(N, Term) -> list(N - 1, [Term]).
mixed(0, Term) -> Term;
mixed(N, Term) ->
    mixed(N - 1, case N rem 4 of
                     0 -> #{a => Term, b => N};
                     1 -> {Term, N};
                     2 -> [N, Term];
                     3 -> #{Term => a}
                 end).
"""
# Fills the atom table; what still wants a new atom then is refused, and nobody else notices.
NO_ATOMS = """
-module(no_atoms).
-export([run/1]).
run(Name) ->
    {_, Early} = spawn_monitor(fun() -> ok end),  % loads what it takes
    receive {'DOWN', Early, _, _, normal} -> ok end,
    system_limit = fill(0),
    Errors = [try F(), made catch _:Reason -> Reason end
              || F <- [fun() -> list_to_atom(Name ++ "_1") end,
                       fun() -> binary_to_atom(list_to_binary(Name)) end,
                       fun() -> binary_to_term(<<131, 119, 9, "never yet">>) end,
                       fun() -> binary_to_term(<<131, 119, 9, "never yet">>, [safe]) end,
                       fun() -> list_to_existing_atom(Name) end,
                       fun() -> open_port({spawn, "true"}, []), throw(opened) end,
                       fun() -> list_to_atom("ok") end]],
    {Pid, Ref} = spawn_monitor(fun() -> list_to_atom(Name) end),
    receive {'DOWN', Ref, process, Pid, {Reason, _}} -> {Errors, Reason} end.
fill(N) ->
    try list_to_atom("atom_" ++ integer_to_list(N)) of _ -> fill(N + 1)
    catch error:Reason -> Reason
    end.
"""


def joist(*arguments, environment=None):
    return subprocess.run([JOIST, *arguments], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **(environment or {})})


class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        path = os.path.join(cls.folder.name, "sample.erl")
        with open(path, "w", encoding="utf-8") as file:
            file.write(SOURCE)
        subprocess.run(["erlc", "sample.erl"], check=True, cwd=cls.folder.name)
        cls.beam = os.path.join(cls.folder.name, "sample.beam")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def path(self, name, content=None):
        path = os.path.join(self.folder.name, name)
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        return path

    def check(self, result, code, stdout=None, stderr=None):
        self.assertEqual(result.returncode, code, result)
        if stdout is not None:
            self.assertIn(stdout, result.stdout)
        if stderr is not None:
            self.assertIn(stderr, result.stderr)
        if code == 0:
            self.assertEqual(result.stderr, "")
        if code == 1:  # one line says what is wrong
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)

    def test_help_goes_to_standard_output(self):
        self.check(joist("--help"), 0, stdout="joist COMMAND --help")
        for command in ("exec", "inspect", "disasm", "natives", "doctor"):
            self.check(joist(command, "--help"), 0, stdout=f"Usage: joist {command}")

    def test_wrong_usage_exits_with_2(self):
        self.check(joist(), 2, stderr="Usage")
        self.check(joist("nonsense"), 2, stderr="no command nonsense")
        self.check(joist("disasm"), 2, stderr="FILE.beam is required")
        self.check(joist("exec", "lists"), 2, stderr="FUNCTION is required")
        self.check(joist("doctor", "--nonsense"), 2, stderr="--nonsense")
        self.check(joist("natives", "--missing", "--release", "24"), 2, stderr="24")

    def test_doctor_names_the_root_and_its_origin(self):
        self.check(joist("doctor"), 0, stdout="OTP release")
        wrong = joist("doctor", "-root", self.folder.name)
        self.check(wrong, 1, stderr=f"{self.folder.name} (from -root) is no OTP root")
        wrong = joist("doctor", environment={"JOIST_OTP_ROOT": "/nowhere"})
        self.check(wrong, 1, stderr="/nowhere (from JOIST_OTP_ROOT) is no OTP root")

    def test_inspect_shows_the_interface(self):
        result = joist("inspect", self.beam)
        self.check(result, 0, stdout="module    sample\n")
        self.assertIn("  twice/1\n", result.stdout)
        self.assertIn("  ets:new/2\n", result.stdout)
        self.assertIn(" Code:", result.stdout)
        self.assertNotIn("verified", result.stdout)
        self.check(joist("inspect", "--verify", self.beam), 0, stdout="verified  yes\n")

    def test_inspect_summarises_a_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(self.beam, folder)
            broken = os.path.join(folder, "broken.beam")
            with open(broken, "wb") as file:
                file.write(b"FOR1\0\0\0\4BEAM")
            result = joist("inspect", folder)
            self.assertEqual(result.returncode, 1)
            self.assertIn("refused   " + broken, result.stdout)
            self.assertIn("2 files, ", result.stdout)
            os.remove(broken)
            self.check(joist("inspect", folder), 0, stdout="1 files, ")

    def test_verify_refuses_code_that_the_summary_alone_accepts(self):
        with open(self.beam, "rb") as file:
            content = bytearray(file.read())
        # Within twice/1, `return` (opcode 19) becomes `send` (20), which leaves the end of the
        # function without a jump.
        code = content.index(b"Code")
        content[content.index(b"\x13", code + 28)] = 20
        broken = self.path("unverified.beam", bytes(content))
        self.check(joist("inspect", "--verify", broken), 1, stderr=broken)
        os.remove(broken)

    def test_disasm_lists_one_function_or_all(self):
        result = joist("disasm", self.beam, "twice/1")
        self.check(result, 0, stdout="func_info sample twice 1\n")
        self.assertNotIn("odd name", result.stdout)
        every = joist("disasm", self.beam)
        self.check(every, 0, stdout="'odd name'/0:\n")
        self.assertIn("  move `{'an atom',\"text\"}` x0\n", every.stdout)
        transformed = joist("disasm", self.beam, "twice/1", "--stage", "transformed")
        self.check(transformed, 0, stdout="  % sample.erl:4\n  func_info sample twice 1\n")
        self.assertIn("  line ", result.stdout)
        self.assertNotIn("  line ", transformed.stdout)
        self.check(joist("disasm", self.beam, "twice/2"), 1, stderr="has no function twice/2")
        self.check(joist("disasm", self.beam, "twice"), 1, stderr="not of the form")

    def test_bad_files_are_named(self):
        empty = self.path("empty", b"")
        text = self.path("text", b"-module(x).\n" * 10)
        with open(self.beam, "rb") as file:
            cut = self.path("cut", file.read()[:-40])
        cases = [("/nowhere.beam", "no such file"), (empty, "corrupt file header: it is empty"),
                 (text, "corrupt file header: not an IFF file"), (cut, "corrupt file header")]
        for path, reason in cases:
            for command in ("inspect", "disasm"):
                self.check(joist(command, path), 1, stderr=f"joist: {path}: {reason}")
        self.check(joist("disasm", self.folder.name), 1, stderr="is a directory")

    def test_each_native_is_one_of_otp_and_listed_once(self):
        facts = os.path.join(os.path.dirname(__file__), "..", "..", "tools", "facts")
        known = set()
        for table in ("bifs.tsv", "natives.tsv"):
            with open(os.path.join(facts, table), encoding="utf-8") as file:
                rows = [line.split("\t") for line in file.read().splitlines()[1:]]
            known |= {f"{row[0]}:{row[1]}/{row[2]}" for row in rows}
        listed = joist("natives").stdout.splitlines()[:-1]
        # apply, yield and hibernate are instructions that erlang exports.
        known |= {f"erlang:{name}" for name in ("apply/2", "apply/3", "yield/0", "hibernate/0")}
        self.assertEqual([name for name in listed if name not in known], [])
        self.assertEqual(len(listed), len(set(listed)))

    def test_exec_prints_what_io_format_prints(self):
        cases = [
            ("lists", "reverse", "[1,[2],{3,'A b'}]"),
            ("lists", "seq", "1", "60"),
            ("erlang", "abs", "-5"),
            ("maps", "from_list", '[{a,1.5},{"b",<<"bin">>},{1 bsl 70,[]}]'.replace(
                "1 bsl 70", "1180591620717411303424")),
            ("unicode", "characters_to_list", '"a\u00df\u20ac"'),
            ("unicode", "characters_to_binary", '[16#20ac, "text"]'),
            ("string", "uppercase", '"stra\u00dfe"'),
        ]
        for module, function, *terms in cases:
            call = f"{module}:{function}({','.join(terms)})"
            # ~ts writes what the format made, in UTF-8 whatever the encoding of the terminal.
            program = (f'io:setopts([{{encoding,unicode}}]),'
                       f'io:format("~ts", [io_lib:format("~tp~n", [{call}])]), halt().')
            expected = subprocess.run(["erl", "+pc", "latin1", "-noshell", "-eval", program],
                                      capture_output=True, check=True).stdout.decode()
            result = joist("exec", module, function, *terms)
            self.check(result, 0)
            self.assertEqual(result.stdout, expected, call)

    def test_exec_finds_modules_of_pa(self):
        found = joist("exec", "-pa", self.folder.name, "sample", "twice", "21")
        self.check(found, 0, stdout="42\n")
        self.check(joist("exec", "-pa", "/nowhere", "sample", "twice", "21"), 1,
                   stderr="/nowhere (from -pa): no such folder")

    def test_exec_ends_while_processes_wait_with_timers(self):
        for _ in range(5):
            result = joist("exec", "+S", "1", "-pa", self.folder.name, "sample", "sleeper")
            self.check(result, 0, stdout="asleep\n")

    def test_exec_starts_the_logger_for_who_logs(self):
        subprocess.run(["erlc", self.path("logs.erl", LOGS.encode())], check=True,
                       cwd=self.folder.name)
        # The handler that OTP has until the kernel's own takes over: here it never does.
        erl = subprocess.run(["erl", "-noshell", "-pa", self.folder.name, "-kernel", "logger",
                              "[{handler,default,undefined}]", "-eval", "logs:run(), logs:wait(), "
                              "halt()."], capture_output=True, text=True, check=True)
        def reports(text):  # without the times
            return [line.strip() for line in text.replace("\r", "").splitlines()
                    if not line.startswith("=ERROR REPORT====") and line.strip()]
        # The kernel lets it print the supervisor's report as well.
        wanted = reports(erl.stderr)[-2:]
        self.assertEqual(wanted, ["first 1", "second 2"], erl)
        for schedulers in "1", "2", "8":
            result = joist("exec", "+S", schedulers, "-pa", self.folder.name, "logs", "run")
            self.assertEqual((result.returncode, result.stdout),
                             (0, "{broken,restarted,notice}\n"), result)
            self.assertEqual(reports(result.stderr), wanted, result)
            # All who log first wait for the logger.
            result = joist("exec", "+S", schedulers, "-pa", self.folder.name, "logs", "many", "50")
            self.check(result, 0, stdout="50\n")
        result = joist("exec", "logger", "get_primary_config")
        self.assertIn("level => notice", result.stdout)
        # The emulator's messages go to it where it was asked for.
        for options, told in ([], "(no logger present)"), (["--logger"], "=ERROR REPORT===="):
            result = joist("exec", *options, "-pa", self.folder.name, "logs", "crash")
            self.assertEqual((result.returncode, result.stdout), (0, "ok\n"), result)
            self.assertTrue(result.stderr.startswith(told), result)
        # An exception, too, comes after what was logged.
        result = joist("exec", "-pa", self.folder.name, "logs", "fail")
        self.assertEqual(result.returncode, 1, result)
        self.assertLess(result.stderr.index("before"), result.stderr.index("** exception error"))

    def test_exec_prints_exceptions_as_the_shell(self):
        result = joist("exec", "-pa", self.folder.name, "sample", "throws", "{a,1}")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertEqual(result.stderr, "** exception throw: {a,1}\n"
                         "     in function  sample:throws/1 (sample.erl, line 5)\n")
        result = joist("exec", "erlang", "atom_to_list", "1")
        self.assertEqual(result.stderr, "** exception error: bad argument\n"
                         "     in function  atom_to_list/1\n        called as atom_to_list(1)\n"
                         "        *** argument 1: not an atom\n")

    def test_a_full_atom_table_stops_nobody_but_who_wants_more(self):
        subprocess.run(["erlc", self.path("no_atoms.erl", NO_ATOMS.encode())], check=True,
                       cwd=self.folder.name)
        result = joist("exec", "-pa", self.folder.name, "no_atoms", "run", '"never seen"')
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual("".join(result.stdout.split()), "{[system_limit,system_limit,system_limit,"
                         "badarg,badarg,opened,made],system_limit}", result)

    def test_exec_names_what_is_wrong_with_its_operands(self):
        self.check(joist("exec", "no_such_module", "f"), 1, stderr="no module no_such_module")
        self.check(joist("exec", "lists", "reverse", "1", "2", "3"), 1,
                   stderr="exports no reverse/3; it has arity 1, 2")
        self.check(joist("exec", "lists", "reverse", "[1,"), 1, stderr="joist: [1,: no term:")
        self.check(joist("exec", "lists", "reverse", "[1", "2]"), 1, stderr="joist: [1: no term:")
        self.path("hollow.beam", b"")
        hollow = joist("exec", "-pa", self.folder.name, "hollow", "f")
        os.remove(self.path("hollow.beam"))
        self.check(hollow, 1, stderr="hollow.beam")

    def test_terms_are_told_to_be_wrong_in_one_line(self):
        for text, reason in [("[1\n,", "joist: [1\\n,: no term: "), ("", "joist: : no term: "),
                             ('"abc', "no term: unterminated string"), ("$", "joist: $: no term: "),
                             ("1. 2", "no term: syntax error"), ("1,2", "no term: bad term"),
                             ("X", "no term: bad term"), ("f(1)", "no term: bad term"),
                             ("{1", "no term: syntax error"), ("'a", "unterminated atom")]:
            self.check(joist("exec", "erlang", "abs", text), 1, stderr=reason)
        wrong = subprocess.run([JOIST.encode(), b"exec", b"erlang", b"abs", b"\"\xff\""],
                               capture_output=True, check=False, timeout=120)
        self.assertEqual((wrong.returncode, wrong.stderr), (1, b"joist: \"\xff\": not UTF-8\n"))
        self.check(joist("exec", "erlang", "abs", "-1 % one"), 0, stdout="1\n")

    def test_names_are_shown_in_one_line(self):
        self.check(joist("exec", "no\nmodule", "f"), 1, stderr="no module no\\nmodule on")
        self.check(joist("exec", "lists", "no\tfunction"), 1, stderr="exports no no\\x09function/0")
        self.check(joist("exec", "-pa", "no\nfolder", "lists", "f"), 1,
                   stderr="no\\nfolder (from -pa): no such folder")
        self.check(joist("disasm", "no\nfile"), 1, stderr="joist: no\\nfile: no such file")

    def test_module_files_that_cannot_be_loaded_are_named(self):
        def refused(name, reason):
            result = joist("exec", "-pa", folder, name, "f")
            self.check(result, 1, stderr=f"joist: {folder}/{name}.beam: {reason}")
            for command in ("inspect", "disasm"):
                self.check(joist(command, f"{folder}/{name}.beam"), 1, stderr=f"{name}.beam: ")

        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(f"{folder}/directory.beam")
            refused("directory", "is a directory")
            with open(f"{folder}/empty.beam", "wb"):
                refused("empty", "corrupt file header: it is empty")
            # Reading memory at address 0 is an error, whoever reads.
            os.symlink("/proc/self/mem", f"{folder}/memory.beam")
            refused("memory", "Input/output error")
            os.symlink("nowhere", f"{folder}/dangling.beam")
            self.check(joist("exec", "-pa", folder, "dangling", "f"), 1,
                       stderr="no module dangling")
            os.symlink("loop.beam", f"{folder}/loop.beam")
            self.check(joist("inspect", f"{folder}/loop.beam"), 1, stderr="loop.beam: ")

    def test_modules_of_a_later_release_are_refused(self):
        with open(self.beam, "rb") as file:
            content = bytearray(file.read())
        # The chunk: name, size, size of the header, instruction set, highest opcode...
        highest = content.index(b"Code") + 16
        content[highest:highest + 4] = (250).to_bytes(4, "big")
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/sample.beam"
            with open(path, "wb") as file:
                file.write(content)
            reason = "compiled for a later OTP release: it uses opcode 250"
            self.check(joist("exec", "-pa", folder, "sample", "twice", "1"), 1,
                       stderr=f"joist: {path}: module sample: {reason}")
            self.check(joist("inspect", "--verify", path), 1, stderr=reason)

    def test_unreadable_files_are_named(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/sample.beam"
            with open(self.beam, "rb") as source, open(path, "wb") as copy:
                copy.write(source.read())
            os.chmod(folder, 0o755)
            os.chmod(path, 0)
            prefix = []
            if os.geteuid() == 0:  # whom no file mode stops
                prefix = ["setpriv", "--reuid=65534", "--clear-groups"]
                allowed = shutil.which("setpriv") and subprocess.run(
                    [*prefix, JOIST, "--help"], capture_output=True, check=False).returncode == 0
                if not allowed:
                    self.skipTest("cannot run the program as another user")
            for command in (["exec", "-pa", folder, "sample", "twice", "1"], ["disasm", path]):
                result = subprocess.run([*prefix, JOIST, *command], capture_output=True, text=True,
                                        check=False, timeout=120)
                self.check(result, 1, stderr=f"joist: {path}: Permission denied")

    def test_depth_needs_no_native_stack(self):
        def bounded(function, depth):
            return subprocess.run(["sh", "-c", 'ulimit -s 256 && exec "$0" "$@"', JOIST, "exec",
                                   "-pa", folder, "deep", function, str(depth)],
                                  capture_output=True, text=True, check=False, timeout=300)

        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/deep.erl", "w", encoding="utf-8") as file:
                file.write(DEEP)
            subprocess.run(["erlc", "deep.erl"], check=True, cwd=folder)
            program = 'io:format("~tp~n", [deep:walk(100000)]), halt().'
            expected = subprocess.run(["erl", "-noshell", "-pa", folder, "-eval", program],
                                      capture_output=True, check=True, text=True, timeout=300)
            walked = bounded("walk", 100000)
            self.check(walked, 0)
            self.assertEqual(walked.stdout, expected.stdout)
            self.check(bounded("walk", 1000000), 0)
            # What is displayed, and what io_lib, running on Joist, makes of the result.
            shown = bounded("show", 20000)
            self.check(shown, 0)
            self.assertEqual(shown.stdout.count("[" * 20001 + "]" * 20001), 2)

    def test_threaded_listing_covers_a_whole_module(self):
        result = joist("disasm", self.beam, "--stage", "threaded")
        self.check(result, 0, stdout="twice/1:\n")
        self.assertNotIn("not a handler", result.stdout)
        self.assertIn("func_info sample twice 1\n", result.stdout)
        # The cells of lists: constants or headers, then labels.
        pick = result.stdout[result.stdout.index("pick/1:\n"):]
        self.assertRegex(pick, r" select_\w+ x0 @\d+ \[(a b|b a) @\d+ @\d+\]\n")
        self.assertRegex(pick, r" select_arity x0 @\d+ \[\{2\} \{3\} @\d+ @\d+\]\n")

    def test_natives_missing_counts_for_a_release(self):
        for release in ("25", "27", "29"):
            result = joist("natives", "--missing", "--release", release)
            self.check(result, 0, stdout=" natives missing\n")
        self.check(joist("natives", "--missing", "--facts", "/nowhere"), 1,
                   stderr="/nowhere/bifs.tsv: no such file")


if __name__ == "__main__":
    unittest.main()
