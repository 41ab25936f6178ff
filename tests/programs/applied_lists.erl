%% apply with lists of any length, of funs that do not fit them, and what traces show of it.
-module(applied_lists).
-export([main/0, own/1]).

main() ->
    [[outcome(F) || F <- by_name(Arguments)] || Arguments <- lists([256, 257])]
    ++ [[outcome(F) || F <- of_funs(Arguments)] || Arguments <- lists([])]
    ++ [spawned(N) || N <- [256, 1023]]
    ++ [depths()].

%% Not of 256 or 257 elements for funs: ERTS takes their number modulo 256 there.
lists(Lengths) ->
    [lists:seq(1, N) || N <- Lengths ++ [0, 1, 2, 255, 260, 1000, 1022, 1023, 5000]]
    ++ [prog:id([1 | 2]), prog:id(x), lists:seq(1, 300) ++ prog:id(x)].

by_name(L) ->
    [fun() -> apply(prog:id(?MODULE), prog:id(no_such), L) end,
     fun() -> {apply(prog:id(?MODULE), prog:id(no_such), L)} end,
     fun() -> apply(prog:id(?MODULE), prog:id(own), L) end,
     fun() -> {apply(prog:id({a}), prog:id(own), L)} end,
     fun() -> apply(prog:id({a}), prog:id(own), L) end,
     fun() -> {apply(prog:id(?MODULE), prog:id("b"), L)} end].

of_funs(L) ->
    [fun() -> apply(prog:id(Fun), L) end || Fun <- some_funs()]
    ++ [fun() -> {apply(prog:id(Fun), L)} end || Fun <- some_funs()]
    ++ [fun() -> inner(prog:id(Fun), L) end || Fun <- some_funs()].

some_funs() ->
    K = prog:id(1),
    [fun(A) -> {A, K} end, fun(_, B) -> B end, fun ?MODULE:own/1, no_fun].

inner(Fun, L) -> [1 | prog:id(apply(Fun, L))].

outcome(Fun) ->
    case prog:outcome(Fun) of
        {value, Value} -> {value, short(Value)};
        {Class, Reason, Trace} -> {Class, short(Reason), [short(Entry) || Entry <- Trace]}
    end.

own(X) -> X.

short(List) when is_list(List) ->
    try length(List) of
        N when N > 40 -> {list, N, erlang:phash2(List)};
        _ -> [short(X) || X <- List]
    catch
        error:badarg -> {improper, erlang:phash2(List)}
    end;
short(Tuple) when is_tuple(Tuple) -> list_to_tuple([short(X) || X <- tuple_to_list(Tuple)]);
short(Fun) when is_function(Fun) -> {a_fun, erlang:fun_info(Fun, arity)};
short(Other) -> Other.

spawned(N) ->
    catch logger:set_primary_config(level, none),
    {Pid, Monitor} = spawn_monitor(?MODULE, prog:id(no_such), lists:seq(1, N)),
    receive
        {'DOWN', Monitor, process, Pid, {Why, [{M, F, A, _} | _]}} -> {Why, M, F, length(A)}
    after 5000 -> nothing
    end.

%% However few entries a trace may have, raise/3 keeps one.
depths() ->
    Before = erlang:system_flag(backtrace_depth, 8),
    Given = [{m, f, N, []} || N <- lists:seq(1, 10)],
    R = [begin
             erlang:system_flag(backtrace_depth, Depth),
             try erlang:raise(Class, why, Given) catch Class:why:Trace -> {Depth, Trace} end
         end || Depth <- [0, 1, 2, 9, 20], Class <- [error, exit, throw]],
    Empty = try erlang:raise(error, why, []) catch error:why:None -> None end,
    erlang:system_flag(backtrace_depth, Before),
    {Before, R, Empty}.
