%% Compiles sources in one VM: compile_sources:main(Out, List) with the name of a file of paths,
%% one a line. Beam files go to Out/<application>/, what the compiler says to Out/messages as Erlang
%% terms in order, times in milliseconds to Out/times.
-module(compile_sources).
-export([main/1]).

main([Out, List]) ->
    {ok, Text} = file:read_file(List),
    Files = string:lexemes(binary_to_list(Text), "\n"),
    {Messages, Times} = lists:unzip([compile(Out, File) || File <- Files]),
    ok = write(Out, "messages", Messages),
    ok = write(Out, "times", Times).

compile(Out, File) ->
    Source = filename:dirname(File),
    Application = filename:dirname(Source),
    [Name | _] = string:lexemes(filename:basename(Application), "-"),
    Folder = filename:join(Out, Name),
    ok = filelib:ensure_path(Folder),
    Options = [deterministic, debug_info, return, {outdir, Folder}, {i, Source},
               {i, filename:join(Application, "include")}
               | [{i, filename:join(code:lib_dir(Other, include), ".")}
                  || Other <- [kernel, stdlib]]],
    {Micros, Result} = timer:tc(fun() -> catch compile:file(File, Options) end),
    {{File, Result}, {File, Micros div 1000}}.

write(Out, Name, Terms) ->
    file:write_file(filename:join(Out, Name), [io_lib:format("~tp.~n", [T]) || T <- Terms]).
