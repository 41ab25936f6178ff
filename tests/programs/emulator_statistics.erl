%% statistics/1 item by item, the wall time of schedulers, and what they are bound to.
-module(emulator_statistics).
-export([main/0]).

main() ->
    [{shapes, shapes()}, {grow, grow()}, {since, since()}, {lengths, lengths()}, {bad, bad()},
     {wall_time, wall_time()}, {wall_time_all, wall_time_all()}, {wall_errors, wall_errors()},
     {work, work()}, {bindings, bindings()}, {topology, topology()}, {bad_bindings, bad_bindings()},
     {display, display()}, {offsets, offsets()}, {microstates, microstates()},
     {topology_flags, topology_flags()}].

outcome(Fun) -> prog:anonymous(prog:outcome(Fun)).

items() ->
    [active_tasks, active_tasks_all, context_switches, exact_reductions, garbage_collection, io,
     reductions, run_queue, run_queue_lengths, run_queue_lengths_all,
     runtime, scheduler_wall_time, scheduler_wall_time_all, total_active_tasks,
     total_active_tasks_all, total_run_queue_lengths, total_run_queue_lengths_all, wall_clock].

shapes() -> [{I, shape(statistics(I))} || I <- items()].

shape(N) when is_integer(N), N >= 0 -> natural;
shape(N) when is_integer(N) -> negative;
shape(L) when is_list(L) -> {list, lists:usort([shape(E) || E <- L])};
shape(T) when is_tuple(T) -> list_to_tuple([shape(E) || E <- tuple_to_list(T)]);
shape(A) when is_atom(A) -> A.

%% Work of every kind between two looks.
busy() ->
    [spawn_monitor(fun() -> lists:sum(lists:seq(1, 3000)) end) || _ <- lists:seq(1, 20)],
    [receive {'DOWN', _, _, _, _} -> ok end || _ <- lists:seq(1, 20)],
    erlang:garbage_collect(),
    Port = open_port({spawn, "cat"}, []),
    Port ! {self(), {command, lists:duplicate(1000, $x)}},
    receive {Port, {data, _}} -> ok end,
    port_close(Port),
    burn(erlang:monotonic_time(millisecond) + 30).

burn(End) ->
    case erlang:monotonic_time(millisecond) >= End of
        true -> ok;
        false -> burn(End)
    end.

first({N, _}) when is_integer(N) -> N;
first({N, _, _}) -> N;
first({{input, In}, {output, Out}}) -> In + Out.

grow() ->
    Items = [context_switches, exact_reductions, garbage_collection, io, reductions, runtime,
             wall_clock],
    Before = [first(statistics(I)) || I <- Items],
    busy(),
    After = [first(statistics(I)) || I <- Items],
    [{I, A > B} || {I, B, A} <- lists:zip3(Items, Before, After)].

%% The second number is what came since the item was asked last, by whomever.
since() ->
    [begin
         {First, _} = statistics(I),
         busy(),
         {Second, Since} = statistics(I),
         {I, Second - First - Since}
     end || I <- [exact_reductions, reductions, runtime, wall_clock]].

lengths() ->
    Schedulers = erlang:system_info(schedulers),
    [{I, length(statistics(I)) - Schedulers}
     || I <- [active_tasks, active_tasks_all, run_queue_lengths, run_queue_lengths_all]].

bad() ->
    [{I, outcome(fun() -> statistics(I) end)}
     || I <- [unknown, 1, "runtime", {runtime}, [], [runtime], {wall_clock, 1}, undefined]].

%% What system_flag(scheduler_wall_time, Value) asks a process of the kernel application for.
flag(Value) -> erts_internal:scheduler_wall_time(Value).

wall_time() ->
    Off = [statistics(scheduler_wall_time), statistics(scheduler_wall_time_all)],
    Switched = [flag(true), flag(true)],
    Normal = erlang:system_info(schedulers),
    Cpu = erlang:system_info(dirty_cpu_schedulers),
    First = lists:sort(statistics(scheduler_wall_time)),
    busy(),
    Second = lists:sort(statistics(scheduler_wall_time)),
    Grown = [[T2 > T1, A2 >= A1, A2 =< T2]
             || {{Id, A1, T1}, {Id, A2, T2}} <- lists:zip(First, Second)],
    Ids = [Id || {Id, _, _} <- First] =:= lists:seq(1, Normal + Cpu),
    [Off, Switched, Ids, lists:usort(Grown),
     [flag(false), statistics(scheduler_wall_time) =/= undefined, flag(false), flag(false),
      statistics(scheduler_wall_time)]].

wall_time_all() ->
    flag(true),
    Normal = erlang:system_info(schedulers),
    Dirty = erlang:system_info(dirty_cpu_schedulers) + erlang:system_info(dirty_io_schedulers),
    All = lists:sort(statistics(scheduler_wall_time_all)),
    flag(false),
    [[Id || {Id, _, _} <- All] =:= lists:seq(1, Normal + Dirty),
     lists:usort([shape(E) || E <- All])].

wall_errors() -> [outcome(fun() -> flag(V) end) || V <- [yes, 1, undefined, []]].

%% A scheduler that only works is active nearly all of the time.
work() ->
    flag(true),
    Before = lists:sort(statistics(scheduler_wall_time)),
    burn(erlang:monotonic_time(millisecond) + 200),
    After = lists:sort(statistics(scheduler_wall_time)),
    flag(false),
    Active = lists:sum([A2 - A1 || {{Id, A1, _}, {Id, A2, _}} <- lists:zip(Before, After)]),
    [{_, _, T1} | _] = Before,
    [{_, _, T2} | _] = After,
    Active > 0.8 * (T2 - T1).

bindings() ->
    Bindings = erlang:system_info(scheduler_bindings),
    [is_tuple(Bindings), tuple_size(Bindings) - erlang:system_info(schedulers),
     lists:usort(tuple_to_list(Bindings)), erlang:system_info(scheduler_bind_type)].

topology() ->
    [topology_kind(erlang:system_info(T))
     || T <- [cpu_topology, {cpu_topology, defined}, {cpu_topology, detected},
              {cpu_topology, used}]]
        ++ [is_count(erlang:system_info(I))
            || I <- [logical_processors, logical_processors_available,
                     logical_processors_online]]
        ++ [outcome(fun() -> erlang:system_info({cpu_topology, V}) end) || V <- [other, 1]].

%% Undefined where it is not known.
topology_kind(undefined) -> topology;
topology_kind([Level | _]) when is_tuple(Level) -> topology;
topology_kind(Other) -> Other.

is_count(unknown) -> true;
is_count(N) -> is_integer(N) andalso N > 0.

bad_bindings() ->
    [outcome(fun() -> erlang:system_flag(scheduler_bind_type, V) end)
     || V <- [other, 1, "unbound", [], unbound]]
        ++ [outcome(fun() -> erlang:system_flag(F, V) end)
            || {F, V} <- [{time_offset, finalize}, {time_offset, other}, {scheduler_bindings, 1}]]
        ++ [erlang:system_info(time_warp_mode), erlang:system_info(time_offset),
            erlang:system_info(time_correction)].

display() ->
    {Dead, Ref} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    Pid = spawn(fun() -> receive stop -> ok end end),
    Result = [outcome(fun() -> erlang:process_display(Pid, backtrace) end)]
        ++ [outcome(fun() -> erlang:process_display(P, I) end)
            || {P, I} <- [{Dead, backtrace}, {Pid, other}, {Pid, 1}, {self(), other},
                          {a, backtrace},
                          {1, backtrace}, {make_ref(), backtrace}, {a, other}]],
    Pid ! stop,
    Result.

%% Without a change nobody is told of one; a monitor of the offset is as any other.
offsets() ->
    Ref = monitor(time_offset, clock_service),
    Tagged = erlang:monitor(time_offset, clock_service, [{tag, changed}]),
    Bad = [outcome(fun() -> monitor(T, I) end)
           || {T, I} <- [{time_offset, other}, {time_offset, self()}, {time_offset, 1},
                         {other, clock_service}]],
    {monitors, Monitors} = process_info(self(), monitors),
    Offset = erlang:time_offset(),
    [receive
         {_, R, time_offset, clock_service, _} when R =:= Ref; R =:= Tagged -> told
     after 20 -> quiet
     end,
     Bad, lists:sort(Monitors), demonitor(Ref, [info]), demonitor(Ref, [info]), demonitor(Tagged),
     process_info(self(), monitors), erlang:time_offset() =:= Offset].

%% All threads that both have, and the states that they have been in.
microstates() ->
    Off = [time_in(S) || S <- states()],
    Flags = [erlang:system_flag(microstate_accounting, V) || V <- [reset, true, true]],
    busy(),
    receive after 50 -> ok end,
    On = erlang:statistics(microstate_accounting),
    Shape = [lists:all(fun(#{type := T, id := Id, counters := C} = M) ->
                           map_size(M) =:= 3 andalso is_atom(T) andalso is_integer(Id) andalso
                               maps:keys(C) =:= states() andalso
                               lists:all(fun(V) -> is_integer(V) andalso V >= 0 end, maps:values(C))
                       end, On),
             lists:sort([{T, Id} || #{type := T, id := Id} <- On, T =/= aux, T =/= async])],
    Spent = [{S, time_in(S) > 0} || S <- [emulator, gc, other, port, sleep]],
    Back = [erlang:system_flag(microstate_accounting, V) || V <- [false, false]],
    Kept = time_in(emulator),
    busy(),
    Stands = time_in(emulator) =:= Kept andalso Kept > 0,
    [Off, Flags, Shape, Spent, Back, Stands, erlang:system_flag(microstate_accounting, reset),
     [time_in(S) || S <- states()],
     [outcome(fun() -> erlang:system_flag(microstate_accounting, V) end)
      || V <- [on, 1, [], undefined]]].

states() -> [aux, check_io, emulator, gc, other, port, sleep].

time_in(State) ->
    lists:sum([maps:get(State, C) || #{counters := C} <- erlang:statistics(microstate_accounting)]).

topology_flags() ->
    Two = [{node, [{processor, [{core, [{thread, {logical, 3}}, {thread, {logical, 1}}]},
                                {core, {logical, 0}}]},
                   {processor, {logical, 7}}]}],
    Cpu = fun(Processor, Core, Logical) -> {cpu, -1, Processor, -1, Core, 0, Logical} end,
    [all_topologies(),
     [{erlang:system_flag(cpu_topology, V), all_topologies()}
      || V <- [Two, [{processor, {logical, 4}}], undefined, undefined]],
     [try erlang:system_flag(cpu_topology, V) catch C:R -> {C, R} end
      || V <- [other, 1, [], [x], [{core, {logical, -1}}], [{core, {logical, 65536}}],
               [{core, {logical, 1}}, {core, {logical, 1}}]]],
     [outcome(fun() -> erlang:system_flag(internal_cpu_topology, V) end)
      || V <- [other, [], [{cpu, 1}], [Cpu(0, 0, 0), Cpu(0, 0, 1)], [Cpu(0, 0, 0), Cpu(0, 1, 0)],
               [Cpu(0, 0, 65536)], [Cpu(0, 0, 0) | Cpu(0, 0, 1)],
               [{cpu, 0, 0, 0, 0, 0, 0}, {cpu, 0, 0, 0, 1, 0, 2}],
               [Cpu(1, 0, 5), Cpu(0, 0, 4)], undefined]],
     all_topologies()].

all_topologies() ->
    [erlang:system_info({Item, Which})
     || Item <- [cpu_topology, internal_cpu_topology], Which <- [defined, detected, used]]
        ++ [erlang:system_info(cpu_topology)].
