%% Compiles Erlang sources in memory.
-module(joist_source).
-export([compile/3, load/1]).
-export_type([compiled/0]).

-type compiled() :: {module(), file:filename(), binary()}.

%% What others need at compile time comes first: parse transforms, then behaviours.
-define(LAYERS, ["parse_transform/2", "behaviou?r_info/1|^-callback"]).

%% Compiles all files; warnings go to standard error, and so do errors, after which it fails.
%% Modules that others need while they are compiled are loaded.
-spec compile([file:filename()], [term()], pid() | none) -> {ok, [compiled()]} | error.
compile(Files, Options, Progress) ->
    layers(by_layer(Files), Options, Progress, {0, length(Files)}, []).

layers([], _, _, _, Compiled) ->
    {ok, lists:append(lists:reverse(Compiled))};
layers([Files | Layers], Options, Progress, {Done, All}, Compiled) ->
    Results = parallel(Files, Options, Progress, {Done, All}),
    [show(Result) || Result <- Results],
    case [Result || {ok, _, _, _, _} = Result <- Results] of
        Good when length(Good) =:= length(Files) ->
            Made = [{Module, File, Binary} || {ok, File, Module, Binary, _} <- Good],
            Layers =:= [] orelse load(Made),
            layers(Layers, Options, Progress, {Done + length(Files), All}, [Made | Compiled]);
        _ ->
            error
    end.

-spec load([compiled()]) -> ok.
load(Compiled) ->
    [{module, Module} = code:load_binary(Module, File, Binary)
     || {Module, File, Binary} <- Compiled],
    ok.

by_layer(Files) ->
    by_layer(?LAYERS, Files).

by_layer([], Files) ->
    [Files];
by_layer([Pattern | Patterns], Files) ->
    {First, Later} = lists:partition(fun(File) -> contains(File, Pattern) end, Files),
    [First | by_layer(Patterns, Later)].

contains(File, Pattern) ->
    {ok, Text} = file:read_file(File),
    re:run(Text, Pattern, [multiline, {capture, none}]) =:= match.

%% --- as many at once as there are processors ---

parallel(Files, Options, Progress, Count) ->
    Workers = min(length(Files), erlang:system_info(schedulers_online)),
    {Running, Waiting} = lists:split(Workers, Files),
    _ = [start(File, Options) || File <- Running],
    Results = collect(length(Files), Waiting, Options, Progress, Count, #{}),
    [maps:get(File, Results) || File <- Files].

collect(0, _, _, _, _, Results) ->
    Results;
collect(Left, Waiting, Options, Progress, {Done, All}, Results) ->
    receive
        {?MODULE, File, Result} ->
            joist_terminal:progress(Progress, io_lib:format("[~b/~b] compiled ~ts",
                                                            [Done + 1, All, File])),
            Rest = case Waiting of
                       [] -> [];
                       [Next | Others] -> start(Next, Options), Others
                   end,
            collect(Left - 1, Rest, Options, Progress, {Done + 1, All}, Results#{File => Result})
    end.

start(File, Options) ->
    Parent = self(),
    spawn_link(fun() -> Parent ! {?MODULE, File, compile_one(File, Options)} end).

compile_one(File, Options) ->
    Folder = filename:dirname(File),
    Includes = [{i, filename:join(Folder, Name)} || Name <- [".", "../include", "../src"]],
    case compile:file(filename:rootname(File), [binary, return | Includes ++ Options]) of
        {ok, Module, Binary, Warnings} -> {ok, File, Module, Binary, Warnings};
        {error, Errors, Warnings} -> {error, File, Errors, Warnings}
    end.

%% --- what the compiler says ---

show({ok, _, _, _, Warnings}) ->
    show("Warning: ", yellow, Warnings);
show({error, _, Errors, Warnings}) ->
    show("", red, Errors),
    show("Warning: ", yellow, Warnings).

show(Prefix, Colour, Files) ->
    [joist_terminal:message("~ts: ~ts~n", [joist_terminal:paint(errors, Colour, place(File, Info)),
                                            [Prefix, description(Info)]])
     || {File, Infos} <- Files, Info <- Infos].

place(File, {{Line, Column}, _, _}) -> io_lib:format("~ts:~b:~b", [File, Line, Column]);
place(File, {Line, _, _}) when is_integer(Line) -> io_lib:format("~ts:~b", [File, Line]);
place(File, _) -> File.

description({_, Module, Descriptor}) -> Module:format_error(Descriptor);
description({Module, Descriptor}) -> Module:format_error(Descriptor).
