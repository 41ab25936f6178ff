%% Spawning in all forms, messages and selective receive, timeouts, names, exit reasons.
-module(processes).
-export([main/0, child/2, echo/0]).

main() ->
    process_flag(trap_exit, true),
    prog:anonymous(
    [spawns(), bad_spawns(), spawn_requests(), receives(), order(), timeouts(), names(),
     sends(), exits(), ends_of_children(), self_exits(), markers(), big_messages(), aliases(),
     monitors(), timers(), flags(), gone()]).

%% Whoever has heard of the end of a process does not find it any more.
gone() ->
    Main = self(),
    Pid = spawn(fun() -> receive stop -> ok end end),
    Watchers = [spawn_link(fun() ->
                               Ref = monitor(process, Pid),
                               Main ! {self(), ready},
                               receive {'DOWN', Ref, _, _, normal} -> ok end,
                               Main ! {self(), lists:member(Pid, processes())}
                           end) || _ <- lists:seq(1, 300)],
    [receive {Watcher, ready} -> ok end || Watcher <- Watchers],
    Pid ! stop,
    lists:usort([receive {Watcher, Seen} -> Seen end || Watcher <- Watchers]).

child(Parent, Message) -> Parent ! {child, Message}.
echo() -> receive {From, What} -> From ! {echo, What}, echo(); stop -> stopped end.

next() -> receive M -> M after 2000 -> nothing end.
flush() -> receive _ -> flush() after 20 -> ok end.

down(Monitor) -> receive {'DOWN', Monitor, Type, _, Reason} -> {Type, strip(Reason)} after 2000 -> nothing end.
strip({Reason, [{M, F, A, _} | _]}) when is_atom(M) -> {Reason, M, F, A};
strip(Reason) -> Reason.

spawns() ->
    Me = self(),
    P1 = spawn(fun() -> Me ! {fun0, self()} end),
    A = receive {fun0, P1} -> ok after 2000 -> nothing end,
    spawn(?MODULE, child, [self(), mfa]),
    B = next(),
    P3 = spawn_link(?MODULE, child, [self(), linked]),
    C = [receive {child, linked} -> child after 2000 -> nothing end,
         receive {'EXIT', P3, normal} -> exit after 2000 -> nothing end],
    {P4, R4} = spawn_monitor(fun() -> exit(bye) end),
    D = receive {'DOWN', R4, process, P4, bye} -> bye after 2000 -> nothing end,
    {P5, R5} = spawn_opt(fun() -> receive go -> ok end end,
                         [link, monitor, {priority, high}, {min_heap_size, 1000},
                          {fullsweep_after, 3}, {message_queue_data, off_heap}]),
    P5 ! go,
    E = [receive {'EXIT', P5, X} -> X after 2000 -> nothing end, down(R5)],
    [A, B, C, D, E].

bad_spawns() ->
    prog:outcomes([fun() -> spawn(prog:id("no"), f, []) end,
                   fun() -> spawn(m, prog:id(1), []) end,
                   fun() -> spawn(m, f, prog:id(not_a_list)) end,
                   fun() -> spawn(m, f, prog:id([a | b])) end,
                   fun() -> spawn_opt(m, f, [], prog:id([{priority, none}])) end,
                   fun() -> spawn_opt(m, f, [], prog:id(link)) end,
                   fun() -> spawn(prog:id(17)) end]).

spawn_requests() ->
    R1 = spawn_request(?MODULE, child, [self(), requested], []),
    A = receive {spawn_reply, R1, ok, P1} when is_pid(P1) -> ok after 2000 -> nothing end,
    B = next(),
    R2 = spawn_request(fun() -> ok end, [{reply_tag, mine}, monitor]),
    C = receive {mine, R2, ok, P2} when is_pid(P2) -> ok after 2000 -> nothing end,
    D = down(R2),
    R3 = spawn_request(fun() -> ok end, [{reply, no}]),
    E = [is_reference(R3), next_or_none()],
    [A, B, C, D, E, prog:outcome(fun() -> spawn_request(fun() -> ok end, [{no_such, option}]) end)].

next_or_none() -> receive M -> M after 30 -> none end.

receives() ->
    [self() ! M || M <- [a, {b, 1}, c, {b, 2}, d]],
    X = receive {b, N} -> N end,
    Y = receive {b, N1} when N1 > 1 -> N1 end,
    Z = receive c -> c end,
    Rest = [receive M1 -> M1 end || _ <- [1, 2]],
    Guarded = begin
        [self() ! L || L <- [[1, 2, 3], [1], [1, 2]]],
        receive L1 when length(L1) =:= 2 -> L1 end
    end,
    Left = [receive L2 -> L2 end || _ <- [1, 2]],
    [X, Y, Z, Rest, Guarded, Left].

order() ->
    Me = self(),
    P = spawn(fun() -> [Me ! {n, I} || I <- lists:seq(1, 1000)] end),
    Got = [receive {n, I} -> I end || _ <- lists:seq(1, 1000)],
    {is_pid(P), Got =:= lists:seq(1, 1000)}.

timeouts() ->
    A = receive never -> x after 0 -> zero end,
    self() ! here,
    B = receive here -> here after 0 -> zero end,
    C = receive never -> x after 10 -> ten end,
    D = prog:outcome(fun() -> receive never -> x after prog:id(-1) -> y end end),
    E = prog:outcome(fun() -> receive never -> x after prog:id(bad) -> y end end),
    F = prog:outcome(fun() -> receive never -> x after prog:id(1 bsl 32) -> y end end),
    Me = self(),
    spawn(fun() -> receive after 5 -> Me ! late end end),
    G = receive late -> late after infinity -> never end,
    H = receive_twice(3, []),
    %% Messages wake them; the time, in a register, is not looked at again.
    Sleepers = [spawn(timer, sleep, [infinity]) || _ <- lists:seq(1, 20)],
    receive after 5 -> ok end,
    [begin [P ! N || P <- Sleepers], receive after 1 -> ok end end || N <- lists:seq(1, 20)],
    I = length([P || P <- Sleepers, is_process_alive(P)]),
    [exit(P, kill) || P <- Sleepers],
    [A, B, C, D, E, F, G, H, I].

receive_twice(0, Acc) -> Acc;
receive_twice(N, Acc) ->
    self() ! {skip, N},
    receive_twice(N - 1, [receive never -> x after 1 -> receive {skip, N} -> N end end | Acc]).

names() ->
    P = spawn(fun echo/0),
    true = register(echo_name, P),
    A = [whereis(echo_name) =:= P, lists:member(echo_name, registered()),
         whereis(nobody_here)],
    echo_name ! {self(), by_name},
    B = next(),
    {echo_name, node()} ! {self(), by_name_and_node},
    C = next(),
    D = prog:outcomes([fun() -> register(echo_name, self()) end,
                       fun() -> register(prog:id(other), P) end,
                       fun() -> register(prog:id(undefined), self()) end,
                       fun() -> register(prog:id("x"), self()) end,
                       fun() -> unregister(prog:id(nobody_here)) end,
                       fun() -> nobody_here ! x end,
                       fun() -> prog:id(nobody_here) ! x end,
                       fun() -> {nobody_here, node()} ! x end,
                       fun() -> prog:id(17) ! x end,
                       fun() -> prog:id({a, b, c}) ! x end]),
    M = monitor(process, echo_name),
    exit(P, kill),
    E = receive {'DOWN', M, process, {echo_name, N}, R} when N =:= node() -> R after 2000 -> no end,
    [A, B, C, D, E, whereis(echo_name)].

sends() ->
    P = spawn(fun echo/0),
    A = erlang:send(P, {self(), one}),
    B = next(),
    C = erlang:send(P, {self(), two}, [nosuspend, noconnect]),
    D = next(),
    P ! stop,
    prog:outcomes([fun() -> erlang:send(P, x, prog:id([what])) end]) ++
        [is_tuple(A), B, C, D].

exits() ->
    Reasons = [normal, kill, killed, {a, "term", <<1, 2>>}, shutdown],
    [begin
         Self = self(),
         P = spawn(fun() -> process_flag(trap_exit, Trap), Self ! {ready, self()},
                            receive M when element(1, M) =:= 'EXIT' -> exit({got, element(3, M)})
                            after 100 -> exit(nothing_came) end end),
         M = monitor(process, P),
         receive {ready, P} -> ok end,
         exit(P, Reason),
         {Reason, Trap, down(M)}
     end || Reason <- Reasons, Trap <- [false, true]].

ends_of_children() ->
    Ends = [fun() -> ok end, fun() -> exit(normal) end, fun() -> exit(reason) end,
            fun() -> error(oops) end, fun() -> throw(ball) end, fun() -> 1 + prog:id(a) end,
            fun() -> no_module:no_function() end, fun() -> exit({shutdown, x}) end],
    [begin
         P = spawn_link(End),
         M = monitor(process, P),
         [down(M), receive {'EXIT', P, Reason} -> strip(Reason) after 2000 -> nothing end]
     end || End <- Ends].

self_exits() ->
    [begin
         {_, M} = spawn_monitor(fun() -> process_flag(trap_exit, Trap), exit(self(), Reason),
                                         receive X -> exit({message, element(3, X)})
                                         after 5 -> exit(still_here) end end),
         {Trap, Reason, down(M)}
     end || Trap <- [true, false], Reason <- [normal, kill, other]].

markers() ->
    P = spawn(fun echo/0),
    [self() ! {noise, I} || I <- lists:seq(1, 50)],
    A = [call(P, I) || I <- lists:seq(1, 20)],
    flush(),
    A =:= lists:seq(1, 20).

call(P, What) ->
    Ref = monitor(process, P),
    P ! {self(), {Ref, What}},
    receive
        {echo, {Ref, Answer}} -> demonitor(Ref, [flush]), Answer;
        {'DOWN', Ref, _, _, Reason} -> Reason
    end.

big_messages() ->
    P = spawn(fun echo/0),
    Terms = [lists:seq(1, 5000), binary:copy(<<"abc">>, 100000), #{k => lists:duplicate(100, <<"x">>)},
             [1.5, 1 bsl 200, -(1 bsl 70), <<1:3>>, fun(X) -> X end, fun lists:map/2, make_ref(), self()],
             list_to_tuple(lists:seq(1, 300)), maps:from_list([{I, I * I} || I <- lists:seq(1, 200)])],
    Same = [begin P ! {self(), T}, receive {echo, T1} -> T1 =:= T after 2000 -> nothing end end || T <- Terms],
    P ! stop,
    Same.

aliases() ->
    A = alias(),
    A ! one, R1 = next(),
    R2 = unalias(A), A ! two, R3 = next_or_none(), R4 = unalias(A),
    B = alias([reply]),
    B ! one, B ! two,
    R5 = [next(), next_or_none()],
    P = spawn(fun() -> receive {To, X} -> To ! {answer, X}, To ! {again, X} end, receive stop -> ok end end),
    M = monitor(process, P, [{alias, reply_demonitor}]),
    P ! {M, 1},
    R6 = [next(), next_or_none()],
    exit(P, kill),
    R7 = next_or_none(),
    [R1, R2, R3, R4, R5, R6, R7, prog:outcome(fun() -> alias(prog:id([bad])) end)].

monitors() ->
    Dead = spawn(fun() -> ok end),
    receive after 5 -> ok end,
    M1 = monitor(process, Dead),
    A = down(M1),
    P = spawn(fun echo/0),
    M2 = monitor(process, P),
    B = demonitor(M2, [info]),
    C = demonitor(M2, [info]),
    M3 = monitor(process, P, [{tag, {my, tag}}]),
    exit(P, gone),
    D = receive {{my, tag}, M3, process, P, R} -> R after 2000 -> nothing end,
    M4 = monitor(process, self()),
    E = demonitor(M4),
    F = prog:outcomes([fun() -> monitor(prog:id(what), self()) end,
                       fun() -> monitor(process, prog:id("x")) end,
                       fun() -> demonitor(prog:id(x)) end,
                       fun() -> demonitor(M4, prog:id([x])) end,
                       fun() -> monitor(process, self(), prog:id([x])) end]),
    M5 = monitor(process, Dead),
    receive after 5 -> ok end,
    G = [demonitor(M5, [flush]), next_or_none()],
    [A, B, C, D, E, F, G].

timers() ->
    R1 = erlang:start_timer(5, self(), first),
    A = receive {timeout, R1, X} -> X after 2000 -> nothing end,
    erlang:send_after(1, self(), second),
    B = next(),
    R3 = erlang:send_after(100000, self(), never),
    Left = erlang:read_timer(R3),
    C = [is_integer(Left), Left > 99000, Left =< 100000],
    D = [is_integer(erlang:cancel_timer(R3)), erlang:cancel_timer(R3), erlang:read_timer(R3)],
    R4 = erlang:send_after(100000, self(), never),
    E = [erlang:cancel_timer(R4, [{async, true}]), receive {cancel_timer, R4, T} -> is_integer(T) after 2000 -> no end],
    R5 = erlang:send_after(100000, self(), never),
    F = erlang:cancel_timer(R5, [{info, false}]),
    erlang:start_timer(erlang:monotonic_time(millisecond) + 3, self(), absolute, [{abs, true}]),
    G = receive {timeout, _, Y} -> Y after 2000 -> nothing end,
    P = spawn(fun echo/0),
    register(timer_echo, P),
    erlang:send_after(1, timer_echo, {self(), by_name}),
    H = next(),
    P ! stop,
    I = prog:outcomes([fun() -> erlang:send_after(prog:id(-1), self(), x) end,
                       fun() -> erlang:send_after(prog:id(a), self(), x) end,
                       fun() -> erlang:send_after(1, prog:id("x"), x) end,
                       fun() -> erlang:start_timer(1, self(), x, prog:id([bad])) end,
                       fun() -> erlang:cancel_timer(prog:id(x)) end,
                       fun() -> erlang:read_timer(prog:id(x)) end]),
    Order = begin
        [erlang:send_after(T1, self(), {order, T1}) || T1 <- [30, 10, 20, 1]],
        [receive {order, T2} -> T2 end || _ <- [1, 2, 3, 4]]
    end,
    [A, B, C, D, E, F, G, H, I, Order].

flags() ->
    {P, M} = spawn_monitor(fun() ->
        Old = [process_flag(trap_exit, true), process_flag(priority, high),
               process_flag(message_queue_data, off_heap)],
        exit({Old, process_flag(priority, normal), process_flag(trap_exit, false)})
    end),
    receive {'DOWN', M, process, P, R} -> R after 2000 -> nothing end.
