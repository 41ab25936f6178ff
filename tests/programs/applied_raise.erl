%% What a stack trace shows of a native that is applied in a tail call, at the bottom of a process.
-module(applied_raise).
-export([main/0, by_name/2, by_list/2]).

by_name(Function, X) -> erlang:Function(X).

by_list(Function, List) -> apply(erlang, Function, List).

main() ->
    [reason(fun() -> by_name(Function, x) end) || Function <- [error, exit, throw, hd]] ++
        [reason(fun() -> by_list(Function, List) end)
         || {Function, List} <- [{error, [x]}, {error, [x, [1]]}, {throw, [x]}, {hd, [[]]}]].

reason(Body) ->
    {Pid, Monitor} = spawn_monitor(Body),
    receive {'DOWN', Monitor, process, Pid, Reason} -> Reason end.
