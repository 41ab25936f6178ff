%% What is asked of a table by a name that it loses meanwhile, and how an owner of many tables ends.
-module(ets_owners).
-export([main/0]).

main() -> [{renamed, renamed(300, 0)}, {owner, owner_ends()}, {binaries, binaries()},
          {names, names(100, 0)}, {dead, [dead(Type) || Type <- [set, bag, duplicate_bag, ordered_set]]}].

%% Rows inserted by the old name are there before the new name is, or never.
renamed(0, Late) -> Late;
renamed(N, Late) ->
    Table = ets:new(before, [named_table, public]),
    Id = ets:whereis(Table),
    Rows = [{I} || I <- lists:seq(1, 600 + 10 * (N rem 50))],
    {Pid, Monitor} = spawn_monitor(fun() -> insert(Rows) end),
    case N rem 2 of 0 -> erlang:yield(); 1 -> ok end,
    behind = ets:rename(before, behind),
    true = ets:delete_all_objects(behind),
    receive {'DOWN', Monitor, process, Pid, renamed} -> ok end,
    Left = ets:info(Id, size),
    true = ets:delete(behind),
    renamed(N - 1, Late + Left).

insert(Rows) ->
    case catch ets:insert(before, Rows) of
        true -> insert(Rows);
        {'EXIT', {badarg, _}} -> exit(renamed)
    end.

%% It does not keep its scheduler until all of them are gone.
owner_ends() ->
    Me = self(),
    Pid = spawn(fun() ->
        [ets:new(table, []) || _ <- lists:seq(1, 2000)],
        Me ! ready,
        receive never -> ok end
    end),
    receive ready -> ok end,
    1 = erlang:trace(Pid, true, [exiting]),
    exit(Pid, kill),
    {turns(Pid, 0) >= 3, length([T || T <- ets:all(), ets:info(T, owner) =:= Pid])}.

turns(Pid, N) ->
    receive
        {trace, Pid, in_exiting, 0} -> turns(Pid, N);
        {trace, Pid, out_exiting, 0} -> turns(Pid, N + 1);
        {trace, Pid, out_exited, 0} -> N
    end.

%% The order of a process' binaries outlasts collections.
binaries() ->
    Binaries = [binary:copy(<<"x">>, N) || N <- [100, 200, 300]],
    Sizes = fun() ->
        {binary, List} = process_info(self(), binary),
        [Size || {_, Size, _} <- List, lists:member(Size, [100, 200, 300])]
    end,
    Seen = [begin erlang:garbage_collect(), Sizes() end || _ <- [1, 2, 3]],
    Minor = [begin erlang:garbage_collect(self(), [{type, minor}]), Sizes() end || _ <- [1, 2, 3]],
    {Seen, Minor, length(Binaries)}.

%% Whose name is free has no tables any more.
names(0, Taken) -> Taken;
names(N, Taken) ->
    Me = self(),
    Pid = spawn(fun() ->
        register(ets_owner, self()),
        ets:new(ets_owned, [named_table]),
        [ets:new(other, []) || _ <- lists:seq(1, 300)],
        Me ! ready,
        receive stop -> ok end
    end),
    receive ready -> ok end,
    Pid ! stop,
    wait_until_free(),
    names(N - 1, Taken + case ets:whereis(ets_owned) of undefined -> 0; _ -> 1 end).

wait_until_free() ->
    case whereis(ets_owner) of
        undefined -> ok;
        _ -> wait_until_free()
    end.

%% What a row holds that was deleted while its table is fixed.
dead(Type) ->
    Table = ets:new(table, [Type]),
    Large = binary:copy(<<"x">>, 1000),
    true = ets:insert(Table, [{key, Large}, {other, 1}]),
    true = ets:safe_fixtable(Table, true),
    true = ets:delete(Table, key),
    Fixed = [Size || {_, Size, _} <- ets:info(Table, binary)],
    First = ets:next(Table, ets:first(Table)),
    true = ets:safe_fixtable(Table, false),
    {Type, Fixed, First, [Size || {_, Size, _} <- ets:info(Table, binary)], byte_size(Large),
     [ets:info(ets:new(locks, [public, {write_concurrency, {debug_hash_fixed_number_of_locks, N}}]),
               write_concurrency) || N <- [1, 3, 1024, 2049]]}.
