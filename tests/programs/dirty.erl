%% Processes that run dirty natives, and what others may ask of them meanwhile.
-module(dirty).
-export([main/0]).

main() ->
    [{where, where()}, {errors, errors()}, {copy, copy()}, {reschedule, reschedule()},
     {parallel, parallel()}, {scheduler_free, scheduler_free()}, {asked, asked()},
     {messages, messages()}, {links, links()}, {killed, killed()}, {trapping, trapping()},
     {suspended, suspended()}, {collected, collected()}, {many, many()}, {online, online()},
     {blocked, blocked()}, {answers, answers()}, {ended, ended()}, {ended_many, ended_many()}].

where() ->
    [erts_debug:dirty(Kind, scheduler, type) || Kind <- [normal, dirty_cpu, dirty_io]]
        ++ [erts_debug:dirty_cpu(scheduler, type), erts_debug:dirty_io(scheduler, type)].

errors() ->
    [try F() catch C:R:S -> {C, R, element(1, hd(S)), element(2, hd(S)), element(3, hd(S))} end
     || F <- [fun() -> erts_debug:dirty_cpu(error, R) end
              || R <- [notsup, undef, badarith, noproc, system_limit, badarg, other]]
            ++ [fun() -> erts_debug:dirty(Kind, error, badarg) end
                || Kind <- [normal, dirty_cpu, dirty_io]]
            ++ [fun() -> erts_debug:dirty(other, scheduler, type) end,
                fun() -> erts_debug:dirty_io(scheduler, other) end,
                fun() -> erts_debug:dirty_io(wait, x) end,
                fun() -> erts_debug:dirty_cpu(reschedule, 1001) end,
                fun() -> erts_debug:dirty(normal, reschedule, 11) end]].

copy() ->
    Term = {lists:seq(1, 20), <<0:10000>>, "text", #{a => 1.5}},
    Copies = erts_debug:dirty_cpu(copy, Term),
    [length(Copies), lists:usort(Copies) =:= [Term]].

reschedule() ->
    [try erts_debug:dirty(Kind, reschedule, N) catch C:R -> {C, R} end
     || Kind <- [normal, dirty_cpu, dirty_io], N <- [0, 2, 10, 100, 1000, 7]].

parallel() ->
    Start = erlang:monotonic_time(millisecond),
    Pids = [spawn_monitor(fun() -> exit(erts_debug:dirty_io(wait, 300)) end)
            || _ <- lists:seq(1, 10)],
    Ends = [receive {'DOWN', Ref, _, Pid, Reason} -> Reason end || {Pid, Ref} <- Pids],
    Time = erlang:monotonic_time(millisecond) - Start,
    [lists:usort(Ends), if Time < 290 -> {fast, Time}; Time < 1500 -> ok; true -> {slow, Time} end].

%% Within a native that ends by itself after Time milliseconds, or more where that was too short.
busy(Kind, Time) -> busy(Kind, Time, 8).

busy(Kind, _, 0) -> exit({never_dirty, Kind});
busy(Kind, Time, Tries) ->
    Self = self(),
    Pid = spawn(fun() ->
                    Self ! {self(), started},
                    Result = erts_debug:dirty(Kind, wait, Time),
                    Self ! {self(), Result},
                    receive {Self, ends} -> ok end
                end),
    receive {Pid, started} -> ok end,
    case wait_dirty(Pid) of
        seen -> Pid;
        missed -> Pid ! {self(), ends}, busy(Kind, Time * 2, Tries - 1)
    end.

%% On a machine with much to do the native may be over before it is seen.
wait_dirty(Pid) ->
    case erts_internal:is_process_executing_dirty(Pid) of
        true -> seen;
        false -> receive {Pid, _} -> missed after 0 -> erlang:yield(), wait_dirty(Pid) end
    end.

%% Within a native that tells so, and ends only when the process is killed: a second later.
lasting(Kind) -> lasting(Kind, fun() -> ok end).

lasting(Kind, Before) ->
    Self = self(),
    Pid = spawn(fun() -> Before(), erts_debug:dirty(Kind, alive_waitexiting, Self) end),
    receive {alive, Pid} -> ok end,
    true = erts_internal:is_process_executing_dirty(Pid),
    Pid.

ends(Pid) ->
    receive {Pid, Result} -> Pid ! {self(), ends}, Result after 10000 -> timeout end.

soon(F) ->
    Start = erlang:monotonic_time(millisecond),
    Result = F(),
    Time = erlang:monotonic_time(millisecond) - Start,
    if Time < 400 -> Result; true -> {late, Time, Result} end.

%% Other processes run while a native does.
scheduler_free() ->
    Pids = [busy(dirty_cpu, 500), busy(dirty_io, 500)],
    Sum = soon(fun() -> lists:sum(lists:seq(1, 1000)) end),
    [Sum | [ends(Pid) || Pid <- Pids]].

asked() ->
    Pid = lasting(dirty_io, fun() -> put(key, value) end),
    register(busy_one, Pid),
    Pid ! {message, 1},
    Items = [message_queue_len, messages, registered_name, status, links, dictionary, trap_exit,
             priority, group_leader],
    Told = soon(fun() -> process_info(Pid, Items) end),
    Alive = soon(fun() -> is_process_alive(Pid) end),
    All = soon(fun() -> is_list(process_info(Pid)) end),
    Memory = soon(fun() -> {memory, M} = process_info(Pid, memory), M > 0 end),
    [lists:keyreplace(group_leader, 1, Told,
                      {group_leader, element(2, lists:keyfind(group_leader, 1, Told))
                                         =:= group_leader()}),
     Alive, All, Memory, killed(Pid, kill)].

messages() ->
    Self = self(),
    {_, Ref} = spawn_monitor(fun() -> erts_debug:dirty_io(no_such_thing, x) end),
    Failed = receive {'DOWN', Ref, _, _, {badarg, [{M, F, _, _} | _]}} -> {M, F} end,
    Echo = spawn(fun() ->
                     erts_debug:dirty_io(send, Self),
                     ok = erts_debug:dirty_io(wait, 200),
                     Self ! {got, [receive {n, N} -> N end || _ <- lists:seq(1, 1000)]}
                 end),
    receive {ok, _} -> ok end,
    [Echo ! {n, N} || N <- lists:seq(1, 1000)],
    Got = receive {got, List} -> List =:= lists:seq(1, 1000) end,
    [Failed, Got].

links() ->
    Pid = lasting(dirty_cpu),
    Linked = soon(fun() -> link(Pid), {links, L} = process_info(Pid, links), lists:member(self(), L)
                  end),
    Ref = monitor(process, Pid),
    Watched = soon(fun() -> process_info(Pid, monitored_by) =:= {monitored_by, [self()]} end),
    unlink(Pid),
    Killed = killed(Pid, reason),
    [Linked, Watched, Killed, receive {'DOWN', Ref, _, _, Reason} -> Reason end].

%% By whatever killed it.
killed() ->
    [begin
         Pid = lasting(Kind),
         {Kind, How, killed(Pid, How), is_process_alive(Pid), process_info(Pid)}
     end || Kind <- [dirty_cpu, dirty_io], How <- [kill, other]].

killed(Pid, How) ->
    Ref = monitor(process, Pid),
    exit(Pid, How),
    receive {'DOWN', Ref, _, _, Reason} -> Reason after 5000 -> timeout end.

trapping() ->
    Self = self(),
    Pid = spawn_link(fun() ->
                         process_flag(trap_exit, true),
                         erts_debug:dirty_io(send, Self),
                         ok = erts_debug:dirty_io(wait, 300),
                         Self ! receive {'EXIT', From, Reason} -> {exit, From =:= Self, Reason}
                                after 5000 -> nothing
                                end
                     end),
    receive {ok, _} -> ok end,
    exit(Pid, reason),
    receive {exit, IsMe, Reason} -> {IsMe, Reason}; nothing -> nothing after 10000 -> timeout end.

suspended() ->
    Pid = busy(dirty_io, 300),
    true = erlang:suspend_process(Pid, [asynchronous]),
    Early = receive {Pid, _} -> early after 500 -> none end,
    true = erlang:resume_process(Pid),
    [Early, ends(Pid)].

collected() ->
    Pid = busy(dirty_cpu, 300),
    Done = garbage_collect(Pid),
    Checked = erlang:check_process_code(Pid, lists),
    [Done, Checked, ends(Pid)].

many() ->
    Pids = [spawn_monitor(fun() ->
                              Sum = lists:sum([length(erts_debug:dirty(Kind, copy, {N, <<"x">>}))
                                               || N <- lists:seq(1, 20),
                                                  Kind <- [dirty_cpu, dirty_io]]),
                              exit(Sum)
                          end) || _ <- lists:seq(1, 30)],
    lists:usort([receive {'DOWN', Ref, _, Pid, Reason} -> Reason end || {Pid, Ref} <- Pids]).

online() ->
    Before = erlang:system_info(dirty_cpu_schedulers_online),
    [erlang:system_flag(dirty_cpu_schedulers_online, 1) =:= Before,
     try erlang:system_flag(dirty_cpu_schedulers_online, 0) catch C:R -> {C, R} end,
     erts_debug:dirty_cpu(scheduler, type),
     begin erlang:system_flag(dirty_cpu_schedulers_online, Before), ok end,
     erlang:system_info(dirty_io_schedulers),
     %% one for each processor that there is a scheduler for
     erlang:system_info(dirty_cpu_schedulers)
         =:= min(erlang:system_info(schedulers), erlang:system_info(logical_processors_available))].

%% Blocking all schedulers waits for dirty ones and holds them up.
blocked() ->
    Pid = busy(dirty_io, 300),
    blocked = erlang:system_flag(multi_scheduling, block),
    Dirty = erts_internal:is_process_executing_dirty(Pid),
    enabled = erlang:system_flag(multi_scheduling, unblock),
    [Dirty, ends(Pid), erts_debug:dirty_cpu(wait, 1)].

%% What a process answers, and takes, while a dirty native runs for it.
answers() ->
    Me = self(),
    {Pid, Monitor} = spawn_monitor(fun() -> erts_debug:dirty_io(alive_waitexiting, Me) end),
    receive {alive, Pid} -> ok end,
    Leader = spawn(fun() -> receive stop -> ok end end),
    Answers = [erlang:check_process_code(Pid, ?MODULE), erlang:check_process_code(Pid, no_module),
               group_leader(Leader, Pid), process_info(Pid, group_leader) =:= {group_leader, Leader},
               process_info(Pid, status)],
    exit(Pid, bang),
    receive {'DOWN', Monitor, process, Pid, Reason} -> ok end,
    Leader ! stop,
    {Answers, Reason}.

%% Who is killed within a native is gone at once, for all to see, with its name and tables.
ended() -> [ended(Kind, How) || Kind <- [dirty_cpu, dirty_io], How <- [kill, [other, "reason"], link]].

ended(Kind, How) ->
    process_flag(trap_exit, true),
    Self = self(),
    Heir = spawn_link(fun() -> receive {'ETS-TRANSFER', T, _, D} -> Self ! {heir, ets:tab2list(T), D} end end),
    Linked = spawn(fun() -> receive stop -> exit(from_link) end end),
    Pid = lasting(Kind, fun() ->
                            register(ended_one, self()),
                            ets:new(ended_table, [named_table, public]),
                            ets:insert(ets:new(left, [{heir, Heir, data}]), {key, value}),
                            link(Linked),
                            monitor(process, Heir)
                        end),
    First = monitor(process, Pid),
    link(Pid),
    Second = monitor(process, ended_one),
    Start = erlang:monotonic_time(millisecond),
    case How of
        link -> Linked ! stop;
        _ -> exit(Pid, How)
    end,
    Downs = [receive {'DOWN', First, process, Pid, R1} -> R1 end,
             receive {'DOWN', Second, process, N, R2} -> {N =:= {ended_one, node()}, R2} end,
             receive {'EXIT', Pid, R3} -> R3 end],
    Gone = [whereis(ended_one), ets:info(ended_table), is_process_alive(Pid), process_info(Pid),
            process_info(Pid, status), lists:member(Pid, processes()),
            ets:new(ended_table, [named_table]), ets:delete(ended_table),
            catch element(1, element(2, (catch register(ended_one, Pid)))),
            Pid ! message, receive {heir, Rows, D} -> {Rows, D} end],
    Third = monitor(process, Pid),
    Late = receive {'DOWN', Third, process, Pid, R4} -> R4 end,
    Unlinked = unlink(Pid),
    Link = try link(Pid) of true -> receive {'EXIT', Pid, R5} -> R5 end catch error:noproc -> noproc end,
    Time = erlang:monotonic_time(millisecond) - Start,
    process_flag(trap_exit, false),
    receive {'EXIT', Heir, normal} -> ok after 0 -> ok end,
    {Downs, [case X of Pid -> pid; message -> sent; _ -> X end || X <- Gone], Late, Unlinked, Link,
     if Time < 1000 -> soon; true -> {late, Time} end}.

%% Many of them, linked with each other, killed at any moment of their calls.
ended_many() ->
    Keep = fun(F, Seed) ->
               case Seed rem 3 of
                   0 -> erts_debug:dirty_cpu(wait, Seed rem 4);
                   1 -> erts_debug:dirty_io(wait, Seed rem 3);
                   2 -> erts_debug:dirty_cpu(copy, lists:seq(1, Seed rem 300))
               end,
               F(F, Seed * 7 + 1)
           end,
    Reasons = [begin
                   Pids = [spawn_monitor(fun() ->
                                             ets:new(t, [public]),
                                             Keep(Keep, Round + N)
                                         end) || N <- lists:seq(1, 12)],
                   [begin erlang:yield(), exit(P, case N rem 2 of 0 -> kill; 1 -> {why, N} end) end
                    || {N, {P, _}} <- lists:zip(lists:seq(1, 12), Pids)],
                   [receive
                        {'DOWN', M, process, P, R} -> {R, is_process_alive(P), process_info(P, links)}
                    end || {P, M} <- Pids]
               end || Round <- lists:seq(1, 40)],
    [lists:usort(Reasons), [T || T <- ets:all(), ets:info(T, name) =:= t]].
