%% `joist run`: a module's main/1, main/0 or start/0, from a .beam file, a source, or a folder with
%% an application or sources. The VM ends with status 0 when that function returns, with 1 after an
%% exception, and otherwise as the program itself ends it. What start/0 returns as {ok, Pid} is
%% waited for, and so is an application that has no such function.
-module(joist_run).
-export([main/0]).

-include_lib("kernel/include/file.hrl").

-define(ENTRIES, [{main, 1}, {main, 0}, {start, 0}]).

main() ->
    [Path | Arguments] = init:get_plain_arguments(),
    joist_terminal:start(fun() -> run(Path, Arguments) end).

run(Path, Arguments) ->
    case file:read_file_info(Path) of
        {ok, #file_info{type = directory}} ->
            joist_terminal:check_folder(Path),
            run_folder(filename:absname(Path), Arguments);
        {ok, _} -> call(load(Path), Path, Arguments);
        {error, Reason} -> joist_terminal:fail("~ts: ~ts", [Path, file:format_error(Reason)])
    end.

%% --- one file ---

load(Path) ->
    ok = add_paths([filename:dirname(Path)]),
    case filename:extension(Path) of
        ".beam" -> load_beam(Path);
        ".erl" -> load_source(Path);
        _ -> joist_terminal:fail("~ts: neither a .beam, .erl or .escript file nor a folder", [Path])
    end.

load_beam(Path) ->
    case code:load_abs(filename:rootname(filename:absname(Path))) of
        {module, Module} -> Module;
        {error, Reason} -> joist_terminal:fail("~ts: cannot be loaded: ~tp", [Path, Reason])
    end.

load_source(Path) ->
    [{Module, _, _}] = compile([Path]),
    Module.

compile(Files) ->
    Compile = fun(Line) -> joist_source:compile(Files, [debug_info], Line) end,
    case joist_terminal:with_progress(Compile, "compiling") of
        {ok, Compiled} -> joist_source:load(Compiled), Compiled;
        error -> joist_terminal:fail("not compiled, see above", [])
    end.

%% --- a folder ---

run_folder(Folder, Arguments) ->
    ok = add_paths([Folder | wildcards(Folder, ["ebin", "deps/*/ebin", "_build/default/lib/*/ebin",
                                                "apps/*/ebin"])]),
    Application = application_of(Folder),
    Modules = modules(Folder),
    Wanted = [Application, filename:basename(Folder), "main"],
    Named = [Module || Name <- Wanted, Module <- Modules, atom_to_list(Module) =:= Name],
    Callable = [Module || Module <- Modules, entry(Module) =/= none],
    case {[Module || Module <- Named, entry(Module) =/= none], Callable} of
        {[Module | _], _} -> call(Module, Folder, Arguments);
        {[], _} when Application =/= none -> start_application(list_to_atom(Application));
        {[], [Module]} -> call(Module, Folder, Arguments);
        {[], []} when Modules =:= [] ->
            joist_terminal:fail("~ts: no .erl or .beam file in it, its src or its ebin", [Folder]);
        {[], []} -> no_entry(Folder);
        {[], _} ->
            Names = lists:join(", ", [atom_to_list(Module) || Module <- Callable]),
            joist_terminal:fail("~ts: several modules can be run (~ts): name the file of one",
                                [Folder, Names])
    end.

%% Sources if there are any, compiled; otherwise what is compiled already.
modules(Folder) ->
    case wildcards(Folder, ["*.erl", "src/**/*.erl"]) of
        [] ->
            Beams = wildcards(Folder, ["*.beam", "ebin/*.beam"]),
            [load_beam(Beam) || Beam <- Beams];
        Sources ->
            [Module || {Module, _, _} <- compile(Sources)]
    end.

application_of(Folder) ->
    case wildcards(Folder, ["ebin/*.app", "src/*.app.src", "*.app"]) of
        [] -> none;
        [File | _] -> filename:rootname(filename:basename(File, ".src"), ".app")
    end.

start_application(Application) ->
    case application:load(Application) of
        {error, {"no such file or directory", _}} -> load_description(Application);
        _ -> ok
    end,
    case application:ensure_all_started(Application) of
        {ok, _} -> wait_for_application(Application);
        {error, {Which, Reason}} ->
            joist_terminal:fail("application ~p does not start: ~tp", [Which, Reason])
    end.

%% The application is not built: its description is a source too.
load_description(Application) ->
    Files = [File || Folder <- code:get_path(),
                     File <- wildcards(Folder, ["src/*.app.src"]),
                     filename:basename(File, ".app.src") =:= atom_to_list(Application)],
    case Files =/= [] andalso file:consult(hd(Files)) of
        {ok, [{application, Application, Keys}]} ->
            application:load({application, Application, with_version(Keys)});
        _ ->
            joist_terminal:fail("~p: its .app.src cannot be read", [Application])
    end.

%% Build tools put the version in.
with_version(Keys) ->
    case proplists:get_value(vsn, Keys) of
        Version when is_list(Version) -> Keys;
        _ -> lists:keystore(vsn, 1, Keys, {vsn, "0"})
    end.

wait_for_application(Application) ->
    case lists:keymember(Application, 1, application:which_applications()) of
        true -> timer:sleep(200), wait_for_application(Application);
        false -> halt(0)
    end.

%% --- the call ---

entry(Module) ->
    case [Entry || {Name, Arity} = Entry <- ?ENTRIES,
                   erlang:function_exported(Module, Name, Arity)] of
        [Entry | _] -> Entry;
        [] -> none
    end.

call(Module, Path, Arguments) ->
    case entry(Module) of
        {main, 1} -> guarded(fun() -> Module:main(Arguments), 0 end);
        {main, 0} -> guarded(fun() -> Module:main(), 0 end);
        {start, 0} -> guarded(fun() -> started(Module:start()) end);
        none -> no_entry(Path)
    end.

guarded(Call) ->
    try Call() of
        Status -> halt(Status)
    catch
        Class:Reason:Stack ->
            joist_terminal:exception(Class, Reason, {Stack, [?MODULE]}),
            halt(1)
    end.

started({ok, Pid}) when is_pid(Pid) ->
    Monitor = monitor(process, Pid),
    unlink(Pid),
    receive
        {'DOWN', Monitor, process, Pid, Reason} when Reason =:= normal; Reason =:= shutdown -> 0;
        {'DOWN', Monitor, process, Pid, noproc} -> 0;
        {'DOWN', Monitor, process, Pid, _} -> 1
    end;
started({error, Reason}) ->
    exit(Reason);
started(_) ->
    0.

-spec no_entry(file:filename()) -> no_return().
no_entry(Path) ->
    joist_terminal:fail("~ts: exports neither main/1, main/0 nor start/0", [Path]).

wildcards(Folder, Patterns) ->
    [filename:join(Folder, Name) || Pattern <- Patterns, Name <- filelib:wildcard(Pattern, Folder)].

add_paths(Folders) ->
    code:add_pathsa(Folders).
