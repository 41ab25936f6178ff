%% Work with small keys goes on beside work with large ones in the same table, and nothing is lost.
-module(ets_beside).
-export([main/0]).

-define(TIMES, 300).

main() ->
    Options = [[Type, public | More] || Type <- [set, ordered_set],
                                        More <- [[], [{write_concurrency, true}]]],
    [beside(O) || O <- Options] ++ [bags(), deleted(), left_fixed()].

beside(Options) ->
    T = ets:new(t, Options),
    Key = lists:seq(1, 200_000),
    ets:insert(T, [{Key, 0}, {small, 0}, {gone, 0}]),
    Large = [run(fun() -> large(T, Key, 20) end) || _ <- [1, 2]],
    Small = [run(fun() -> small(T, ?TIMES) end) || _ <- [1, 2]],
    Rest = run(fun() -> rest(T, 20) end),
    [wait(Run) || Run <- [Rest | Large] ++ Small],
    Selected = ets:select(T, [{{'$1', '$2'}, [{is_atom, '$1'}], [{{'$1', '$2'}}]}]),
    {lists:sort(Selected), ets:lookup(T, Key) =:= [{Key, a}], ets:info(T, size), ets:info(T, protection)}.

large(_, _, 0) -> ok;
large(T, Key, N) ->
    true = ets:member(T, Key),
    true = ets:update_element(T, Key, {2, a}),
    true = ets:insert(T, {lists:reverse(Key), N}),
    [{_, _}] = ets:lookup(T, lists:reverse(Key)),
    large(T, Key, N - 1).

small(_, 0) -> ok;
small(T, N) ->
    ets:update_counter(T, small, 1),
    [{small, _}] = ets:lookup(T, small),
    true = ets:insert(T, {{N, self()}, b}),
    true = ets:delete(T, {N, self()}),
    small(T, N - 1).

rest(_, 0) -> ok;
rest(T, N) ->
    true = ets:insert(T, [{{N, I}, c} || I <- lists:seq(1, 5000)]),
    5000 = ets:select_delete(T, [{{{N, '_'}, c}, [], [true]}]),
    true = ets:insert_new(T, [{{N, I}, c} || I <- lists:seq(1, 600)]),
    Keys = [gone, absent, {N, 1}, {N, 2}],
    Spec = [{{K, '$1'}, [], [{{{const, K}, '$1'}}]} || K <- Keys],
    [{gone, 0}, {{N, 1}, c}, {{N, 2}, c}] = lists:sort(ets:select(T, Spec)),
    3 = ets:select_count(T, [{{K, '_'}, [], [true]} || K <- Keys]),
    2 = ets:select_delete(T, [{{{N, I}, '_'}, [], [true]} || I <- [1, 2]]),
    [true = ets:delete(T, {N, I}) || I <- lists:seq(3, 600)],
    true = is_stats(ets:info(T, stats)),
    true = is_integer(ets:info(T, memory)),
    1 = ets:select_count(T, [{{gone, '_'}, [], [true]}]),
    rest(T, N - 1).

is_stats(Stats) -> Stats =:= false orelse is_tuple(Stats).

%% What has been deleted while a process had the table fixed goes when that has ended.
left_fixed() ->
    T = ets:new(t, []),
    ets:insert(T, [{N, a} || N <- lists:seq(1, 100_000)]),
    Self = self(),
    {P, R} = spawn_monitor(fun() ->
                               [ets:safe_fixtable(T, true) || _ <- [1, 2, 3]],
                               Self ! fixed,
                               receive stop -> ok end
                           end),
    receive fixed -> ok end,
    90_000 = ets:select_delete(T, [{{'$1', '_'}, [{'>', '$1', 10_000}], [true]}]),
    [{P, 3}] = element(2, ets:info(T, safe_fixed)),
    P ! stop,
    receive {'DOWN', R, _, _, _} -> ok end,
    until(fun() -> ets:info(T, safe_fixed) =:= false andalso element(7, ets:info(T, stats)) =:= 0 end),
    ets:insert(T, {new, a}),
    {ets:info(T, size), length(ets:tab2list(T)), ets:info(T, fixed)}.

until(Holds) -> Holds() orelse receive after 10 -> until(Holds) end.

%% Rows that are large themselves.
bags() ->
    T = ets:new(t, [bag, public]),
    Value = lists:seq(1, 200_000),
    Runs = [run(fun() ->
                    [begin
                         ets:insert(T, {key, Value}),
                         ets:insert(T, {small, {N, I}}),
                         ets:delete_object(T, {key, Value})
                     end || I <- lists:seq(1, 30)],
                    ok
                end) || N <- [1, 2, 3]],
    [wait(Run) || Run <- Runs],
    {length(ets:lookup(T, small)), ets:lookup(T, key)}.

%% A table is renamed, changes its protection and goes while others are inside.
deleted() ->
    Key = lists:seq(1, 200_000),
    [begin
         Self = self(),
         Owner = spawn_link(fun() -> own(Self, Key) end),
         T = receive {Owner, Table} -> Table end,
         Readers = [run(fun() -> read(T, Key) end) || _ <- [1, 2]],
         Owner ! go,
         [wait(Reader) || Reader <- Readers],
         {ets:info(T), ets:whereis(other_name)}
     end || _ <- lists:seq(1, 10)].

own(Main, Key) ->
    ets:new(some_name, [named_table, public]),
    T = ets:whereis(some_name),
    ets:insert(T, {Key, a}),
    Main ! {self(), T},
    receive go -> ok end,
    other_name = ets:rename(some_name, other_name),
    true = ets:setopts(T, {protection, protected}),
    [{_, a}] = ets:lookup(other_name, Key),
    true = ets:delete(other_name).

read(T, Key) ->
    try ets:member(T, Key) of
        true -> read(T, Key)
    catch error:badarg -> ok
    end.

run(Work) -> spawn_monitor(fun() -> ok = Work() end).

wait({Pid, Ref}) -> receive {'DOWN', Ref, process, Pid, normal} -> ok end.
