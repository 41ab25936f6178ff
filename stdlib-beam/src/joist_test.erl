%% `joist test`: EUnit's tests and Common Test's suites, found and run.
%%
%% A target is a folder, a file or the name of a module on the code path. A folder's sources (its
%% own, those of src, test and of apps/*) are compiled in memory with TEST defined; a folder without
%% sources is searched for .beam files. A module has EUnit tests if it exports test/0 or *_test/0,
%% *_test_/0; it is a suite if its name ends in _SUITE. Ends with 0 if nothing failed, with 1 if
%% something did or nothing was found.
-module(joist_test).
-export([main/0]).

-record(found, {module, file, binary}).

main() ->
    Targets = init:get_plain_arguments(),
    joist_terminal:start(fun() -> run(Targets) end).

run(Targets) ->
    Found = lists:append([find(Target) || Target <- Targets]),
    Suites = [Each || Each <- Found, wanted(ct), is_suite(Each#found.module)],
    Tests = [Module || #found{module = Module} <- Found, wanted(eunit), has_tests(Module)],
    Tests =:= [] andalso Suites =:= [] andalso
        joist_terminal:fail("no tests found in ~ts", [lists:join(", ", Targets)]),
    Report = joist_test_report:start(),
    ok = run_eunit(without_doubles(Tests), Report),
    {AtLeast, Logs} = run_suites(Suites),
    case joist_test_report:finish(Report, AtLeast) of
        #{failed := 0} ->
            halt(0);
        _ ->
            Logs =:= none orelse joist_terminal:message("logs: ~ts/index.html~n", [Logs]),
            halt(1)
    end.

wanted(Kind) ->
    case init:get_argument(joist_tests) of
        {ok, Words} -> lists:member(atom_to_list(Kind), lists:append(Words));
        error -> true
    end.

%% --- finding ---

find(Target) ->
    case {filelib:is_dir(Target), filename:extension(Target)} of
        {true, _} ->
            joist_terminal:check_folder(Target),
            find_in(filename:absname(Target));
        {_, ".erl"} ->
            find_source(filename:absname(Target));
        {_, ".beam"} -> [loaded(filename:absname(Target))];
        _ -> [named(Target)]
    end.

%% The module that m_tests or m_SUITE is about is compiled with it, if its source is near.
find_source(File) ->
    Folder = filename:dirname(File),
    Name = re:replace(filename:basename(File), "_(tests|SUITE)\\.erl$", ".erl", [{return, list}]),
    Near = [filename:join(Folder, Place) || Place <- [Name, "../src/" ++ Name]],
    Subjects = [Source || Source <- Near, Source =/= File, filelib:is_regular(Source)],
    [Found || Found <- compiled(Subjects ++ [File]), Found#found.file =:= File].

find_in(Folder) ->
    ok = code:add_pathsa(wildcards(Folder, ["ebin", "_build/*/lib/*/ebin", "deps/*/ebin"])),
    case wildcards(Folder, source_patterns(Folder)) of
        [] -> [loaded(File) || File <- wildcards(Folder, ["*.beam", "ebin/*.beam"])];
        Sources -> compiled(Sources)
    end.

%% The test folder of a project is not alone.
source_patterns(Folder) ->
    Beside = case filename:basename(Folder) of
                 "test" -> ["../src/**/*.erl"];
                 _ -> []
             end,
    Beside ++ ["*.erl", "src/**/*.erl", "test/*.erl", "apps/*/src/**/*.erl", "apps/*/test/*.erl"].

compiled(Sources) ->
    Options = [debug_info, {d, 'TEST'}, nowarn_export_all],
    Compile = fun(Line) -> joist_source:compile(Sources, Options, Line) end,
    case joist_terminal:with_progress(Compile, "compiling") of
        {ok, Compiled} ->
            ok = joist_source:load(Compiled),
            [#found{module = Module, file = File, binary = Binary}
             || {Module, File, Binary} <- Compiled];
        error ->
            joist_terminal:fail("not compiled, see above", [])
    end.

loaded(File) ->
    ok = code:add_pathsa([filename:dirname(File)]),
    loaded(File, code:load_abs(filename:rootname(File))).

loaded(File, {module, Module}) ->
    {ok, Binary} = file:read_file(File),
    #found{module = Module, file = File, binary = Binary};
loaded(File, {error, Reason}) ->
    joist_terminal:fail("~ts: cannot be loaded: ~tp", [File, Reason]).

named(Name) ->
    case code:which(list_to_atom(Name)) of
        File when is_list(File), File =/= [] ->
            loaded(File, code:ensure_loaded(list_to_atom(Name)));
        _ ->
            joist_terminal:fail("~ts: neither a file or folder nor a module on the code path "
                                "(see --pa)", [Name])
    end.

is_suite(Module) ->
    lists:suffix("_SUITE", atom_to_list(Module)).

has_tests(Module) ->
    not is_suite(Module) andalso
        lists:any(fun({test, 0}) -> true;
                     ({Name, 0}) -> is_test(atom_to_list(Name));
                     (_) -> false
                  end, Module:module_info(exports)).

is_test(Name) ->
    lists:suffix("_test", Name) orelse lists:suffix("_test_", Name).

%% EUnit runs m_tests along with m.
without_doubles(Modules) ->
    Along = [atom_to_list(Module) ++ "_tests" || Module <- Modules],
    [Module || Module <- Modules, not lists:member(atom_to_list(Module), Along)].

%% --- running ---

run_eunit([], _) ->
    ok;
run_eunit(Modules, Report) ->
    need(eunit),
    Options = [{report, {joist_eunit_listener, [{report, Report}]}}, no_tty],
    _ = eunit:test([{module, Module} || Module <- Modules], Options),
    ok.

%% Common Test wants files, and writes logs, which stay if something failed.
run_suites([]) ->
    {#{}, none};
run_suites(Suites) ->
    need(common_test),
    Folder = temporary_folder(),
    Logs = filename:join(Folder, "logs"),
    ok = filelib:ensure_path(Logs),
    [ok = prepare(Suite, Folder) || Suite <- Suites],
    ok = code:add_pathsa([Folder]),
    Options = [{dir, Folder}, {suite, [Module || #found{module = Module} <- Suites]},
               {auto_compile, false}, {logdir, Logs},
               {ct_hooks, [{joist_ct_hook, [{report, joist_test_report}]}]}],
    Result = quietly(filename:join(Folder, "output"), fun() -> ct:run_test(Options) end),
    case Result of
        {Passed, Failed, {User, Auto}} when Failed > 0 ->
            {#{passed => Passed, failed => Failed, skipped => User + Auto}, Logs};
        {Passed, 0, {User, Auto}} ->
            _ = file:del_dir_r(Folder),
            {#{passed => Passed, failed => 0, skipped => User + Auto}, none};
        Error ->
            joist_terminal:fail("Common Test: ~tp", [Error])
    end.

need(Application) ->
    case code:lib_dir(Application) of
        {error, _} -> joist_terminal:fail("this OTP root has no ~p application", [Application]);
        _ -> ok
    end.

temporary_folder() ->
    Name = "joist-test-" ++ os:getpid(),
    filename:join(filename:absname(os:getenv("TMPDIR", "/tmp")), Name).

%% Data folders are looked for beside the suite.
prepare(#found{module = Module, file = File, binary = Binary}, Folder) ->
    Name = atom_to_list(Module),
    Data = Name ++ "_data",
    _ = file:make_symlink(filename:join(filename:dirname(File), Data), filename:join(Folder, Data)),
    file:write_file(filename:join(Folder, Name ++ ".beam"), Binary).

%% Common Test tells the process `user` and its group leader all that it does, which belongs in a
%% file here.
quietly(File, Call) ->
    {ok, Output} = file:open(File, [write, {encoding, utf8}]),
    {User, Leader} = {whereis(user), group_leader()},
    true = group_leader(Output, self()),
    true = unregister(user),
    true = register(user, Output),
    try
        Call()
    after
        true = unregister(user),
        true = register(user, User),
        true = group_leader(Leader, self()),
        file:close(Output)
    end.

wildcards(Folder, Patterns) ->
    [filename:join(Folder, Name) || Pattern <- Patterns, Name <- filelib:wildcard(Pattern, Folder)].
