%% Tables among processes: rights, gifts, heirs, the end of an owner, many at once.
-module(ets_ownership).
-export([main/0]).

main() ->
    [rights(), gift(), heir(), gone(), fixed(), all(), counters(set, []),
     counters(set, [{write_concurrency, true}]), counters(ordered_set, []),
     counters(ordered_set, [{write_concurrency, true}]), lists_are_atomic(), cleared(),
     given_to_the_dying(), deleted_by_two()].

%% What a new process makes of it.
elsewhere(F) ->
    {Pid, Ref} = spawn_monitor(fun() -> exit({result, outcome(F)}) end),
    receive {'DOWN', Ref, process, Pid, {result, Result}} -> Result end.

outcome(F) ->
    try F()
    catch C:R:Trace ->
            [{M, N, A, Info} | _] = Trace,
            {C, R, {M, N, length(A), proplists:get_value(error_info, Info)}}
    end.

rights() ->
    [begin
         T = ets:new(t, [Protection]),
         ets:insert(T, {k, v}),
         R = [elsewhere(fun() -> ets:lookup(T, k) end),
              elsewhere(fun() -> ets:insert(T, {k, other}) end),
              elsewhere(fun() -> ets:delete(T) end),
              elsewhere(fun() -> ets:info(T, size) end)],
         {R, ets:info(T, protection)}
     end || Protection <- [private, protected, public]].

gift() ->
    Self = self(),
    T = ets:new(gift, [named_table]),
    ets:insert(T, {1, 2}),
    Pid = spawn_link(fun() ->
                             receive {'ETS-TRANSFER', Tab, From, Data} ->
                                     ets:insert(Tab, {from, From =:= Self, Data}),
                                     Self ! {self(), ets:tab2list(Tab), ets:info(Tab, owner) =:= self()},
                                     receive give_back -> ets:give_away(Tab, Self, back) end
                             end
                     end),
    Errors = [outcome(fun() -> ets:give_away(T, Self, x) end),
              outcome(fun() -> ets:give_away(T, not_a_pid, x) end),
              elsewhere(fun() -> ets:give_away(T, Self, x) end)],
    true = ets:give_away(T, Pid, {some, data}),
    Theirs = receive {Pid, Rows, Owns} -> {lists:sort(Rows), Owns} end,
    Mine = outcome(fun() -> ets:insert(T, {3, 4}) end),
    Pid ! give_back,
    Back = receive {'ETS-TRANSFER', gift, Pid, B} -> B end,
    ets:delete(T),
    {Errors, Theirs, Mine, Back}.

heir() ->
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() ->
                                       T = ets:new(t, [{heir, Self, "inheritance"}]),
                                       ets:insert(T, [{K, K} || K <- lists:seq(1, 100)]),
                                       Self ! {table, T}
                               end),
    T = receive {table, T0} -> T0 end,
    receive {'DOWN', Ref, process, Pid, normal} -> ok end,
    Got = receive {'ETS-TRANSFER', T, Pid, Data} -> Data after 5000 -> nothing end,
    R = {Got, ets:info(T, size), ets:info(T, owner) =:= self(), ets:info(T, heir) =:= self()},
    ets:delete(T),
    R.

gone() ->
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() ->
                                       Ts = [ets:new(gone, [named_table, public]), ets:new(t, [public])],
                                       [ets:insert(T, [{K, K} || K <- lists:seq(1, 20000)]) || T <- Ts],
                                       Self ! {tables, Ts}
                               end),
    Ts = receive {tables, T0} -> T0 end,
    receive {'DOWN', Ref, process, Pid, normal} -> ok end,
    [ets:info(T) || T <- Ts] ++ [outcome(fun() -> ets:lookup(T, 1) end) || T <- Ts].

fixed() ->
    T = ets:new(t, [public]),
    ets:insert(T, [{K} || K <- lists:seq(1, 50)]),
    Self = self(),
    {Pid, Ref} = spawn_monitor(fun() ->
                                       ets:safe_fixtable(T, true),
                                       ets:safe_fixtable(T, true),
                                       Self ! fixed,
                                       receive stop -> ok end
                               end),
    receive fixed -> ok end,
    {_, [{Pid, Times}]} = ets:info(T, safe_fixed),
    ets:delete(T, 7),
    Before = {ets:info(T, fixed), ets:info(T, size)},
    Pid ! stop,
    receive {'DOWN', Ref, process, Pid, normal} -> ok end,
    {Times, Before, ets:info(T, fixed), ets:info(T, safe_fixed), length(ets:tab2list(T))}.

all() ->
    Before = ets:all(),
    Named = ets:new(one_of_all, [named_table]),
    T = ets:new(t, []),
    After = ets:all(),
    R = {lists:member(Named, After), lists:member(T, After), lists:sort(After -- Before) =:=
             lists:sort([Named, T])},
    ets:delete(Named),
    ets:delete(T),
    {R, lists:sort(ets:all()) =:= lists:sort(Before)}.

%% No addition is lost, whatever else happens in the table.
counters(Type, Options) ->
    T = ets:new(t, [Type, public | Options]),
    ets:insert(T, [{{counter, K}, 0} || K <- lists:seq(0, 9)]),
    Work = fun(Id) ->
                   fun() ->
                           [begin
                                ets:update_counter(T, {counter, N rem 10}, 1),
                                ets:insert(T, {{Id, N rem 100}, N}),
                                N rem 3 =:= 0 andalso ets:delete(T, {Id, N rem 50}),
                                N rem 100 =:= 0 andalso
                                    (10 = ets:select_count(T, [{{{counter, '_'}, '_'}, [], [true]}]))
                            end || N <- lists:seq(1, 3000)]
                   end
           end,
    Workers = [spawn_monitor(Work(Id)) || Id <- [a, b, c, d]],
    Ends = [receive {'DOWN', Ref, process, Pid, Reason} -> Reason end || {Pid, Ref} <- Workers],
    Sum = lists:sum([V || {{counter, _}, V} <- ets:tab2list(T)]),
    {Ends, Sum, ets:info(T, size) =:= length(ets:tab2list(T))}.

%% Who sees one row of a list sees all.
lists_are_atomic() ->
    T = ets:new(t, [public]),
    Writer = spawn_link(fun() -> write_lists(T, 200) end),
    Ref = monitor(process, Writer),
    watch(T, Ref, 0).

write_lists(_, 0) -> ok;
write_lists(T, N) ->
    ets:insert(T, [{K, N} || K <- lists:seq(1, 50)]),
    write_lists(T, N - 1).

watch(T, Ref, Wrong) ->
    receive
        {'DOWN', Ref, process, _, normal} -> {Wrong, lists:usort([V || {_, V} <- ets:tab2list(T)])}
    after 0 ->
            A = ets:lookup(T, 1),
            B = ets:lookup(T, 50),
            %% The writer counts down: what is read later is newer.
            case {A, B} of
                {[{_, X}], [{_, Y}]} when Y > X -> watch(T, Ref, Wrong + 1);
                {[_], []} -> watch(T, Ref, Wrong + 1);
                _ -> watch(T, Ref, Wrong)
            end
    end.

%% Deleting all rows at once while others look and write.
cleared() ->
    T = ets:new(t, [public]),
    ets:insert(T, [{K, K} || K <- lists:seq(1, 100000)]),
    Self = self(),
    Pid = spawn_link(fun() -> Self ! {size, ets:info(T, size), ets:insert(T, {new, row})} end),
    true = ets:delete_all_objects(T),
    receive {size, Size, true} -> true = Size =:= 100000 orelse Size =:= 0 end,
    unlink(Pid),
    ets:insert(T, {another, row}),
    {ets:lookup(T, 5), ets:info(T, size) =< 2}.

%% Whoever is given a table while it ends: the giver keeps it, or it goes with the one who has it.
given_to_the_dying() ->
    Lost = [N || N <- lists:seq(1, 3000), given_to_one(N) =:= lost],
    {Lost, [T || T <- ets:all(), ets:info(T, name) =:= given]}.

given_to_one(N) ->
    given = ets:new(given, [named_table, public]),
    Pid = spawn(fun() -> spin(N rem 40) end),
    spin(N rem 37),
    Given = try ets:give_away(given, Pid, gift) catch error:badarg -> false end,
    Ref = monitor(process, Pid),
    receive {'DOWN', Ref, process, Pid, _} -> ok end,
    case Given of
        true -> soon(fun() -> ets:whereis(given) =:= undefined end, 2000);
        false ->
            Owner = ets:info(given, owner),
            ets:delete(given),
            if Owner =:= self() -> kept; true -> lost end
    end.

spin(0) -> ok;
spin(N) -> _ = lists:seq(1, 10), spin(N - 1).

soon(_, 0) -> lost;
soon(F, N) ->
    case F() of
        true -> gone;
        false -> receive after 1 -> soon(F, N - 1) end
    end.

%% Deleted by another process while its owner ends.
deleted_by_two() ->
    Before = length(ets:all()),
    Pids = [begin
                Self = self(),
                Owner = spawn(fun() ->
                                  T = ets:new(t, [public]),
                                  ets:insert(T, [{K, K} || K <- lists:seq(1, 200)]),
                                  Self ! {table, T},
                                  spin(N rem 30)
                              end),
                T = receive {table, Table} -> Table end,
                spin(N rem 29),
                catch ets:delete(T),
                Owner
            end || N <- lists:seq(1, 3000)],
    [begin
         Ref = monitor(process, Pid),
         receive {'DOWN', Ref, process, Pid, _} -> ok end
     end || Pid <- Pids],
    soon(fun() -> length(ets:all()) =:= Before end, 2000).
