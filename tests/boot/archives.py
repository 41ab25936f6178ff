"""Makes what archives.txt is about: an application in archives (.ez), sound and damaged, and
escripts with an archive, with a compiled module and with source."""

import subprocess
import zipfile

MODULE = """
-module(packed).
-behaviour(application).
-export([start/2, stop/1, where/0, greeting/0]).
start(_, _) -> io:format("packed starts~n"), {ok, spawn_link(fun() -> receive never -> ok end end)}.
stop(_) -> ok.
where() -> {code:which(packed), code:lib_dir(packed), code:priv_dir(packed),
            code:lib_dir(packed, include), code:is_loaded(packed)}.
greeting() -> erl_prim_loader:get_file(filename:join(code:priv_dir(packed), "greeting.txt")).
"""
APP = """{application, packed, [{vsn, "1.0"}, {mod, {packed, []}}, {modules, [packed]},
 {registered, []}, {applications, [kernel, stdlib]}, {env, [{from, archive}]}]}.
"""
ESCRIPT = """
-module(main_of).
-export([main/1]).
main(Arguments) ->
    io:format("~p ~p~n", [Arguments, filename:basename(escript:script_name())]),
    {ok, Sections} = escript:extract(escript:script_name(), []),
    io:format("~p~n", [[{Key, if is_binary(Value) -> binary; true -> Value end}
                        || {Key, Value} <- Sections]]),
    io:format("~p~n", [application:ensure_all_started(packed)]),
    io:format("~p ~p~n", [filename:basename(code:lib_dir(packed)), packed:greeting()]),
    io:format("~p~n", [catch packed:nosuch()]),
    halt(length(Arguments)).
"""
SOURCE = """#!/usr/bin/env escript
%%! -kernel colour green
-mode(MODE).
main([Word]) -> io:format("~p ~p~n", [application:get_env(kernel, colour), twice(Word)]);
main(["fail" | _] = All) -> error({failed, All});
main(Other) -> io:format("~p ~p~n", [Other, catch local(Other)]), {not_a, status}.
twice(Word) -> Word ++ Word.
local([]) -> exit(none);
local(X) -> throw(X).
"""
MAKE_ESCRIPT = """
{ok, Archive} = file:read_file("packed-1.0.ez"),
{ok, Main} = file:read_file("main_of.beam"),
Code = [{"main_of/ebin/main_of.beam", Main}, {"packed/ebin/packed.app", element(2,
         file:read_file("packed-1.0/ebin/packed.app"))},
        {"packed/ebin/packed.beam", element(2, file:read_file("packed-1.0/ebin/packed.beam"))},
        {"packed/priv/greeting.txt", <<"from the script">>}],
ok = escript:create("packed.escript", [shebang, {comment, "archive"},
     {emu_args, "-escript main main_of -kernel colour red"}, {archive, Code, []}]),
ok = escript:create("module.escript", [shebang, {beam, Main}]),
halt().
"""


def write(folder, name, text):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def pack(path, folder, names, how):
    with zipfile.ZipFile(path, "w", how) as archive:
        for name in names:
            archive.write(folder / name, name)


def make(folder):
    write(folder, "packed.erl", MODULE)
    write(folder, "main_of.erl", ESCRIPT)
    subprocess.run(["erlc", "packed.erl", "main_of.erl"], cwd=folder, check=True)
    (folder / "packed.erl").unlink()
    (folder / "main_of.erl").unlink()
    write(folder, "packed-1.0/ebin/packed.app", APP)
    write(folder, "packed-1.0/priv/greeting.txt", "hello from an archive\n")
    write(folder, "packed-1.0/priv/deep/er.txt", "deeper\n")
    write(folder, "packed-1.0/include/packed.hrl", "-define(packed, yes).\n")
    (folder / "packed.beam").rename(folder / "packed-1.0/ebin/packed.beam")
    names = sorted(str(path.relative_to(folder)) for path in (folder / "packed-1.0").rglob("*"))
    pack(folder / "packed-1.0.ez", folder, names, zipfile.ZIP_DEFLATED)
    (folder / "libs").mkdir()
    pack(folder / "libs/packed-1.0.ez", folder, names, zipfile.ZIP_STORED)
    files = [name for name in names if "." in name.rsplit("/", 1)[1]]
    pack(folder / "files-1.0.ez", folder, files, zipfile.ZIP_DEFLATED)
    data = (folder / "packed-1.0.ez").read_bytes()
    (folder / "short-1.0.ez").write_bytes(data[:len(data) // 2])
    (folder / "empty-1.0.ez").write_bytes(b"")
    middle = len(data) // 3
    (folder / "hurt-1.0.ez").write_bytes(data[:middle] + bytes(64) + data[middle + 64:])
    write(folder, "make.escript", "\nmain(_) ->" + MAKE_ESCRIPT)
    subprocess.run(["escript", "make.escript"], cwd=folder, check=True)
    for mode in ("interpret", "compile"):
        write(folder, f"{mode}.escript", SOURCE.replace("MODE", mode))
