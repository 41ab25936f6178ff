%% How reads of an ETS table scale: lookups of random keys by one process, and by two at once.
%% main/0: {Options, [{one, Rate}, {two, Rate}, {apart, Rate}, ...]}: lookups a millisecond by one
%% process, by two, and by two that have a table each, which is what the machine can give at best; and
%% the same in nanoseconds of processor time a lookup, which tell of contention where the machine has
%% other things to do, too. Of several rounds the best.
-module(reads).
-export([main/0]).

-define(KEYS, 10_000).
-define(LOOKUPS, 400_000).
-define(ROUNDS, 7).

main() ->
    [{Options, rates(Options)} || Options <- options()].

options() ->
    [[set], [set, {read_concurrency, true}], [set, {write_concurrency, true}], [ordered_set],
     [ordered_set, {read_concurrency, true}], [ordered_set, {write_concurrency, true}]].

rates(Options) ->
    Tables = [filled(Options), filled(Options)],
    [Table, _] = Tables,
    %% In turn, so that all see the same machine.
    Rounds = [[{What, rate(Used)} || {What, Used} <- [{one, [Table]}, {two, [Table, Table]},
                                                      {apart, Tables}]]
              || _ <- lists:seq(1, ?ROUNDS)],
    [ets:delete(T) || T <- Tables],
    All = lists:append(Rounds),
    [{What, lists:max([Rate || {W, {Rate, _}} <- All, W =:= What])} || What <- [one, two, apart]]
        ++ [{cpu, What, lists:min([Cpu || {W, {_, Cpu}} <- All, W =:= What])}
            || What <- [one, two, apart]].

filled(Options) ->
    Table = ets:new(table, [public | Options]),
    ets:insert(Table, [{K, {value, K}, "text"} || K <- lists:seq(1, ?KEYS)]),
    Table.

%% A reader for each of the tables.
rate(Tables) ->
    Self = self(),
    Readers = length(Tables),
    Pids = [spawn_opt(fun() ->
                          Self ! {ready, self()},
                          receive go -> read(Table, N * 7919, ?LOOKUPS) end,
                          Self ! {done, self()}
                      end, [{scheduler, N}, {min_heap_size, 10_000}])
            || {N, Table} <- lists:zip(lists:seq(1, Readers), Tables)],
    [receive {ready, Pid} -> ok end || Pid <- Pids],
    {Cpu, _} = statistics(runtime),
    Start = erlang:monotonic_time(microsecond),
    [Pid ! go || Pid <- Pids],
    [receive {done, Pid} -> ok end || Pid <- Pids],
    Time = erlang:monotonic_time(microsecond) - Start,
    {CpuEnd, _} = statistics(runtime),
    Lookups = Readers * ?LOOKUPS,
    {Lookups * 1000 div Time, (CpuEnd - Cpu) * 1_000_000 div Lookups}.

read(_, _, 0) -> ok;
read(Table, Random, N) ->
    Next = (Random * 1103515245 + 12345) band 16#7fffffff,
    Key = 1 + (Next bsr 8) rem ?KEYS,
    [{Key, _, _}] = ets:lookup(Table, Key),
    read(Table, Next, N - 1).
