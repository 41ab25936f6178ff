%% What a stack trace shows of a native that is applied in a tail call, at the bottom of a process.
-module(applied_raise).
-export([main/0, by_name/2, by_list/2, twice_by_name/3, twice_by_list/2]).

by_name(Function, X) -> erlang:Function(X).

by_list(Function, List) -> apply(erlang, Function, List).

%% apply applied to apply.
twice_by_name(Apply, Function, List) -> erlang:Apply(erlang, Function, List).

twice_by_list(Function, List) -> apply(erlang, apply, [erlang, Function, List]).

main() ->
    [reason(fun() -> by_name(Function, x) end) || Function <- [error, exit, throw, hd]] ++
        [reason(fun() -> by_list(Function, List) end)
         || {Function, List} <- [{error, [x]}, {error, [x, [1]]}, {throw, [x]}, {hd, [[]]}]] ++
        [reason(fun() -> twice_by_name(apply, Function, List) end)
         || {Function, List} <- [{error, [x]}, {error, [x, [1]]}, {hd, [[]]}, {hd, [1 | 2]}]] ++
        [reason(fun() -> twice_by_list(Function, List) end)
         || {Function, List} <- [{error, [x]}, {exit, [x]}, {hd, [[]]}, {1, []}, {hd, x}]] ++
        [reason(fun() -> twice_by_list(apply, [erlang, apply, [erlang, error, [x]]]) end),
         reason(fun() -> twice_by_list(self, []), twice_by_list(apply, [lists, sum, [[1, 2]]]) end)].

reason(Body) ->
    {Pid, Monitor} = spawn_monitor(Body),
    receive {'DOWN', Monitor, process, Pid, Reason} -> Reason end.
