%% Schedulers that are counted, stopped and measured.
-module(scheduling).
-export([main/0]).

main() ->
    Busy = [spawn(fun() -> spin(0) end) || _ <- lists:seq(1, 6)],
    Result = [{lengths, lengths()}, {block, block()}, {blocker_ends, blocker_ends()},
              {online, online()}, {errors, errors()}, {times, times()}, {counts, counts()}, {fair, fair()}],
    [exit(Pid, kill) || Pid <- Busy],
    [false = is_process_alive(Pid) || Pid <- Busy],
    Result.

spin(N) -> put(n, N), spin(N + 1).

error_of(F) ->
    try F() catch Class:Reason -> {Class, Reason} end.

lengths() ->
    Normal = length(statistics(run_queue_lengths)),
    [length(statistics(run_queue_lengths_all)) - Normal, length(statistics(active_tasks)) - Normal,
     Normal - erlang:system_info(schedulers), statistics(total_active_tasks) > 0,
     is_integer(statistics(total_run_queue_lengths)), is_integer(statistics(run_queue))].

flag(Value) -> erlang:system_flag(multi_scheduling, Value).

state() ->
    {erlang:system_info(multi_scheduling), erlang:system_info(schedulers_active)}.

block() ->
    enabled = erlang:system_info(multi_scheduling),
    [flag(unblock), flag(block), state(), flag(block), flag(block_normal), flag(unblock),
     flag(unblock), erlang:system_info(multi_scheduling_blockers), flag(unblock_normal),
     erlang:system_info(multi_scheduling)].

blocker_ends() ->
    {Pid, Ref} = spawn_monitor(fun() -> exit({flag(block), state()}) end),
    receive {'DOWN', Ref, _, Pid, Why} -> [Why, erlang:system_info(multi_scheduling)] end.

online() ->
    Before = erlang:system_flag(schedulers_online, 1),
    [erlang:system_info(schedulers_online), erlang:system_info(schedulers_active),
     erlang:system_flag(schedulers_online, Before)].

errors() ->
    [error_of(fun() -> flag(unknown) end),
     error_of(fun() -> erlang:system_flag(schedulers_online, 0) end),
     error_of(fun() -> erlang:system_flag(no_flag, 1) end),
     error_of(fun() -> erlang:system_flag(system_logger, nobody) end),
     error_of(fun() -> statistics(nothing) end),
     error_of(fun() -> halt(-1) end), error_of(fun() -> halt(0, [flush]) end)].

times() ->
    Off = statistics(scheduler_wall_time),
    Before = erts_internal:scheduler_wall_time(true),
    receive after 50 -> ok end,
    [Off, Before, [Active > 0 andalso Active =< Total
                   || {1, Active, Total} <- statistics(scheduler_wall_time)]].

%% Two processes of normal priority and forty of low: each of these gets an eighth of what one of
%% those gets. One of high priority that never waits leaves the other scheduler to them all.
fair() ->
    process_flag(priority, max),
    High = spawn_opt(fun() -> spin(0) end, [{priority, high}]),
    Normal = [spinner(normal) || _ <- [1, 2]],
    Low = [spinner(low) || _ <- lists:seq(1, 40)],
    receive after 300 -> ok end,
    Before = [reductions_of(Pids) || Pids <- [Normal, Low]],
    receive after 1500 -> ok end,
    After = [reductions_of(Pids) || Pids <- [Normal, Low]],
    [exit(Pid, kill) || Pid <- [High | Normal ++ Low]],
    process_flag(priority, normal),
    [[N1, N2], Lows] = [lists:zipwith(fun(B, A) -> A - B end, Bs, As)
                        || {Bs, As} <- lists:zip(Before, After)],
    Ratio = lists:sum(Lows) / 40 / ((N1 + N2) / 2),
    case erlang:system_info(schedulers_online) of
        1 -> true;
        _ -> Ratio > 0.03 andalso Ratio < 0.4
    end.

spinner(Priority) -> spawn_opt(fun() -> spin(0) end, [{priority, Priority}]).

reductions_of(Pids) ->
    [element(2, process_info(Pid, reductions)) || Pid <- Pids].

counts() ->
    [erlang:system_info(process_count) > 6, erlang:system_info(scheduler_id) > 0].
