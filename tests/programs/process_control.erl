%% Processes that suspend, wake, collect, hibernate and lead others.
-module(process_control).
-export([main/0, counter/1, woken/2, woken_by/1, asleep/0]).

main() ->
    [{suspend, suspend()}, {suspend_counts, suspend_counts()}, {asynchronous, asynchronous()},
     {suspender_ends, suspender_ends()}, {suspend_errors, suspend_errors()},
     {collect, collect()}, {check_code, check_code()}, {hibernate, hibernate()}, {again, hibernate_again()},
     {leaders, leaders()}, {alive, alive()}, {yield, yields()}, {flags, flags()}].

error_of(F) ->
    try F() catch Class:Reason -> {Class, Reason} end.

counter(N) ->
    receive
        {From, read} -> From ! {self(), N}, counter(N + 1)
    end.

read(Pid) ->
    Pid ! {self(), read},
    receive {Pid, N} -> N after 5000 -> timeout end.

read_soon(Pid) ->
    Pid ! {self(), read},
    receive {Pid, N} -> N after 50 -> silent end.

suspend() ->
    Pid = spawn(?MODULE, counter, [0]),
    First = read(Pid),
    true = erlang:suspend_process(Pid),
    Suspended = process_info(Pid, status),
    Silent = read_soon(Pid),
    {suspending, [{Pid, Active, Pending}]} = process_info(self(), suspending),
    true = erlang:resume_process(Pid),
    Answer = receive {Pid, N} -> N after 5000 -> timeout end,
    exit(Pid, kill),
    [First, Suspended, Silent, {Active, Pending}, Answer, process_info(self(), suspending)].

suspend_counts() ->
    Pid = spawn(?MODULE, counter, [0]),
    Steps = [erlang:suspend_process(Pid), erlang:suspend_process(Pid, []),
             erlang:suspend_process(Pid, [unless_suspending]),
             erlang:resume_process(Pid), process_info(Pid, status), read_soon(Pid),
             erlang:resume_process(Pid), error_of(fun() -> erlang:resume_process(Pid) end),
             receive {Pid, N} -> N after 5000 -> timeout end],
    exit(Pid, kill),
    Steps.

asynchronous() ->
    Pid = spawn(?MODULE, counter, [0]),
    0 = read(Pid),
    true = erlang:suspend_process(Pid, [{asynchronous, here}]),
    Told = receive {here, What} -> What after 5000 -> timeout end,
    Status = process_info(Pid, status),
    exit(Pid, kill),
    false = is_process_alive(Pid),
    Dead = erlang:suspend_process(Pid, [{asynchronous, again}]),
    Exited = receive {again, State} -> State after 5000 -> timeout end,
    [Told, Status, Dead, Exited, error_of(fun() -> erlang:suspend_process(Pid) end),
     error_of(fun() -> erlang:resume_process(Pid) end)].

suspender_ends() ->
    Pid = spawn(?MODULE, counter, [0]),
    0 = read(Pid),
    Main = self(),
    {Other, Ref} = spawn_monitor(fun() ->
        true = erlang:suspend_process(Pid),
        Main ! ready,
        receive stop -> ok end
    end),
    receive ready -> ok end,
    Silent = read_soon(Pid),
    Other ! stop,
    receive {'DOWN', Ref, _, _, _} -> ok end,
    Answer = receive {Pid, N} -> N after 5000 -> timeout end,
    exit(Pid, kill),
    [Silent, Answer].

suspend_errors() ->
    [error_of(fun() -> erlang:suspend_process(self()) end),
     error_of(fun() -> erlang:suspend_process(self(), [no_option]) end),
     error_of(fun() -> erlang:suspend_process(not_a_pid) end),
     error_of(fun() -> erlang:resume_process(self()) end)].

collect() ->
    Pid = spawn(fun() ->
        put(garbage, lists:seq(1, 100000)),
        erase(garbage),
        receive stop -> ok end
    end),
    wait_for(Pid),
    {total_heap_size, Before} = process_info(Pid, total_heap_size),
    Collected = erlang:garbage_collect(Pid),
    {total_heap_size, After} = process_info(Pid, total_heap_size),
    async = erlang:garbage_collect(Pid, [{async, request}, {type, minor}]),
    Async = receive {garbage_collect, request, R} -> R after 5000 -> timeout end,
    Pid ! stop,
    false = alive_after(Pid),
    [Collected, Before > 10 * After, Async, erlang:garbage_collect(Pid),
     erlang:garbage_collect(self()),
     error_of(fun() -> erlang:garbage_collect(not_a_pid) end)].

alive_after(Pid) ->
    Ref = monitor(process, Pid),
    receive {'DOWN', Ref, _, _, _} -> is_process_alive(Pid) end.

wait_for(Pid) ->
    case process_info(Pid, status) of
        {status, waiting} -> ok;
        _ -> erlang:yield(), wait_for(Pid)
    end.

check_code() ->
    Pid = spawn(?MODULE, counter, [0]),
    Result = [erlang:check_process_code(Pid, ?MODULE), erlang:check_process_code(Pid, no_module),
              erlang:check_process_code(self(), lists),
              erlang:check_process_code(Pid, lists, [{async, mine}]),
              receive {check_process_code, mine, R} -> R after 5000 -> timeout end],
    exit(Pid, kill),
    Result.

woken(Main, State) ->
    receive
        {wake, X} ->
            Main ! {self(), State, X},
            erlang:hibernate(?MODULE, woken, [Main, State + 1])
    end.

woken_by(Main) -> Main ! {ready, self()}, ok.

%% A process without anything on its heap gets small each time that it hibernates.
hibernate_again() ->
    Pid = spawn_link(fun() -> asleep() end),
    [begin
         wait_asleep(Pid),
         {total_heap_size, Words} = process_info(Pid, total_heap_size),
         Pid ! again,
         Words < 10
     end || _ <- lists:seq(1, 5)].

asleep() ->
    receive _ -> ok after 0 -> ok end,
    erlang:hibernate(?MODULE, asleep, []).

wait_asleep(Pid) ->
    receive after 20 -> ok end,
    case process_info(Pid, [current_function, status]) of
        [{_, {erlang, hibernate, _}}, {_, waiting}] -> ok;
        _ -> wait_asleep(Pid)
    end.

hibernate() ->
    Main = self(),
    Pid = spawn(erlang, hibernate, [?MODULE, woken, [Main, 0]]),
    wait_for(Pid),
    Place = process_info(Pid, current_function),
    %% Signals that are no messages do not wake it.
    link(Pid), unlink(Pid),
    wait_for(Pid),
    Still = process_info(Pid, current_function),
    First = wake(Pid, a),
    wait_for(Pid),
    Again = process_info(Pid, [current_function, stack_size, status]),
    Second = wake(Pid, b),
    exit(Pid, kill),
    %% The stack is gone, so are its catches; a message that is there wakes at once.
    {Other, Ref} = spawn_monitor(fun() ->
        self() ! already,
        try erlang:hibernate(?MODULE, woken_by, [Main]) of
            _ -> Main ! not_reached
        catch
            _:_ -> Main ! not_reached
        end
    end),
    Ready = receive {ready, Other} -> ready; not_reached -> wrong end,
    receive {'DOWN', Ref, _, _, Reason} -> ok end,
    [Place, Still, First, Again =/= [], Second, Ready, Reason,
     error_of(fun() -> erlang:hibernate(?MODULE, 1, []) end),
     error_of(fun() -> erlang:hibernate(?MODULE, x, [a | b]) end)].

wake(Pid, X) ->
    Pid ! {wake, X},
    receive {Pid, State, X} -> {State, X} after 5000 -> timeout end.

leaders() ->
    Pid = spawn(?MODULE, counter, [0]),
    Leader = spawn(?MODULE, counter, [0]),
    {group_leader, Before} = process_info(Pid, group_leader),
    true = group_leader(Leader, Pid),
    {group_leader, After} = process_info(Pid, group_leader),
    Own = group_leader(),
    true = group_leader(Leader, self()),
    {Child, Ref} = spawn_monitor(fun() -> exit({leader, group_leader()}) end),
    ChildLeader = receive {'DOWN', Ref, _, Child, {leader, L}} -> L end,
    true = group_leader(Own, self()),
    exit(Pid, kill),
    false = is_process_alive(Pid),
    Errors = [error_of(fun() -> group_leader(Leader, Pid) end),
              error_of(fun() -> group_leader(no_pid, self()) end)],
    exit(Leader, kill),
    [Before =:= Own, After =:= Leader, ChildLeader =:= Leader, group_leader() =:= Own, Errors].

alive() ->
    Pid = spawn(?MODULE, counter, [0]),
    First = is_process_alive(Pid),
    exit(Pid, die),
    Ref = make_ref(),
    Second = is_process_alive(Pid),
    ok = erts_internal:is_process_alive(Pid, Ref),
    Third = receive {Ref, Alive} -> Alive after 5000 -> timeout end,
    [First, Second, Third, is_process_alive(self()), erts_internal:is_system_process(Pid),
     error_of(fun() -> is_process_alive(no_pid) end)].

yields() ->
    Main = self(),
    Pid = spawn(fun() -> Main ! {self(), ran} end),
    spin(Pid, 0).

spin(_, 1000000) -> never;
spin(Pid, N) ->
    true = erlang:yield(),
    receive {Pid, ran} -> ran after 0 -> spin(Pid, N + 1) end.

flags() ->
    Pid = spawn(?MODULE, counter, [0]),
    Result = [error_of(fun() -> process_flag(Pid, trap_exit, true) end),
              error_of(fun() -> process_flag(no_pid, save_calls, 10) end)],
    exit(Pid, kill),
    Result.
