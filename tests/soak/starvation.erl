%% How long a process waits for an answer while others keep the schedulers busy.
%% main/0: {What, Median, 99th percentile, longest}, microseconds each.
-module(starvation).
-export([main/0]).

main() ->
    [{busy_loops, loops()} | [{What, beside(F)} || {What, F} <- large()]].

loops() ->
    Busy = [spawn(fun busy/0) || _ <- lists:seq(1, 8)],
    Echo = spawn(fun echo/0),
    Times = [ping(Echo) || _ <- lists:seq(1, 300)],
    [exit(Pid, kill) || Pid <- [Echo | Busy]],
    summary(Times).

busy() -> busy(0).
busy(N) -> busy(N + 1).

echo() -> receive {From, Ref} -> From ! Ref, echo() end.

ping(Echo) ->
    Start = erlang:monotonic_time(microsecond),
    Ref = make_ref(),
    Echo ! {self(), Ref},
    receive Ref -> ok end,
    Time = erlang:monotonic_time(microsecond) - Start,
    receive after 2 -> Time end.

%% Natives that work on large terms. What they need is made before the measuring begins.
large() ->
    Numbers = fun() -> lists:seq(1, 2_000_000) end,
    Map = fun() -> maps:from_list([{N, N} || N <- lists:seq(1, 500_000)]) end,
    Pairs = fun() -> [{N, N} || N <- lists:seq(1, 500_000)] end,
    Big = fun() -> 1 bsl 400_000 - 1 end,
    Text = fun() -> binary:copy(<<"text ", 228, "rest"/utf8>>, 2_000_000) end,
    [{term_to_binary, {Numbers, fun(X) -> term_to_binary(X) end}},
     {binary_to_term, {fun() -> term_to_binary((Numbers)()) end, fun(X) -> binary_to_term(X) end}},
     {binary_to_map, {fun() -> term_to_binary((Map)()) end, fun(X) -> binary_to_term(X) end}},
     {append, {Numbers, fun(X) -> X ++ [] end}},
     {subtract, {Numbers, fun(X) -> X -- [0] end}},
     {length, {Numbers, fun(X) -> length(X) end}},
     {reverse, {Numbers, fun(X) -> lists:reverse(X) end}},
     {send, {Numbers, fun(X) -> self() ! X, receive Y -> Y end end}},
     {spawn, {Numbers, fun(X) -> {P, R} = spawn_monitor(erlang, hd, [X]),
                                 receive {'DOWN', R, _, P, _} -> ok end end}},
     {ets_insert, {Numbers, fun(X) -> T = ets:new(t, []), ets:insert(T, {a, X}),
                                      ets:lookup(T, a), ets:delete(T) end}},
     {from_list, {Pairs, fun(X) -> maps:from_list(X) end}},
     {from_keys, {Numbers, fun(X) -> maps:from_keys(X, v) end}},
     {keys, {Map, fun(X) -> maps:keys(X) end}},
     {values, {Map, fun(X) -> maps:values(X) end}},
     {merge, {Map, fun(X) -> maps:merge(X, X#{new => 1}) end}},
     {unicode, {Text, fun(X) -> unicode:characters_to_list(X) end}},
     {to_list, {Text, fun(X) -> binary_to_list(X) end}},
     {multiply, {Big, fun(X) -> X * (X - 1) end}},
     {print, {fun() -> 1 bsl 100_000 end, fun(X) -> integer_to_list(X) end}},
     {compare, {Numbers, fun(X) -> X =:= lists:reverse(lists:reverse(X)) end}},
     {garbage, {Numbers, fun(_) -> garbage_collect() end}},
     {phash2, {Numbers, fun(X) -> erlang:phash2(X) end}},
     {iolist, {fun() -> lists:duplicate(2_000_000, $a) end, fun(X) -> iolist_to_binary(X) end}},
     {list_to_tuple, {Numbers, fun(X) -> list_to_tuple(X) end}}].

%% The work runs on the only scheduler, next to a process that looks at the clock all the time.
beside({Make, Work}) ->
    Self = self(),
    Clock = spawn(fun() -> receive go -> watch(erlang:monotonic_time(microsecond), 0) end end),
    Worker = spawn(fun() ->
                       Term = Make(),
                       garbage_collect(),
                       Clock ! go,
                       receive after 20 -> ok end,
                       Start = erlang:monotonic_time(microsecond),
                       Work(Term),
                       Time = erlang:monotonic_time(microsecond) - Start,
                       Clock ! {stop, Self},
                       Self ! {self(), Time}
                   end),
    receive {Worker, Time} -> receive {longest, Longest} -> {{work, Time}, {pause, Longest}} end end.

watch(Before, Longest) ->
    Now = erlang:monotonic_time(microsecond),
    receive
        {stop, To} -> To ! {longest, max(Longest, Now - Before)}
    after 0 ->
        erlang:yield(),
        watch(Now, max(Longest, Now - Before))
    end.

summary(Times) ->
    Sorted = lists:sort(Times),
    N = length(Sorted),
    {{median, lists:nth((N + 1) div 2, Sorted)}, {percentile_99, lists:nth(N * 99 div 100, Sorted)},
     {longest, lists:last(Sorted)}}.
