%% A node that sends what makes no sense: the connection ends, and nothing else does. The controller
%% of the connection is a process of this node, which makes up what comes from the other one.
-module(dist_garbage).
-export([main/1]).

-define(NODE, 'fake@localhost').

main([Count]) ->
    rand:seed(exsss, {1, 2, 3}),
    process_flag(trap_exit, true),
    Victims = [spawn(fun victim/0) || _ <- lists:seq(1, 4)],
    register(victim, hd(Victims)),
    {Ended, Passed} = play(list_to_integer(Count), Victims, none, 0, 0),
    true = sound(),
    %% Both happen, or the messages are not what they are meant to be.
    io:format("~p~n", [{Ended > 100, Passed > 100, length(processes()) < 500}]),
    halt(0).

victim() -> process_flag(trap_exit, true), victim_loop().
victim_loop() -> receive stop -> ok; _ -> victim_loop() end.

play(0, _, Controller, Ended, Passed) -> stop(Controller), {Ended, Passed};
play(N, Victims, none, Ended, Passed) -> play(N, Victims, start(), Ended, Passed);
play(N, Victims, Controller, Ended, Passed) ->
    Alive = [revive(V) || V <- Victims],
    case deliver(Controller, packet(Alive)) of
        alive -> play(N - 1, Alive, Controller, Ended, Passed + 1);
        ended -> play(N - 1, Alive, none, Ended + 1, Passed)
    end.

revive(V) ->
    case is_process_alive(V) of
        true -> V;
        false -> New = spawn(fun victim/0), catch register(victim, New), New
    end.

sound() -> 6 =:= lists:sum([1, 2, 3]) andalso is_pid(whereis(net_kernel)).

%% --- the connection ---

start() ->
    Me = self(),
    _ = erts_internal:new_connection(?NODE),
    {Pid, Ref} = spawn_monitor(fun() -> controller(Me) end),
    receive
        {Pid, ready} -> {Pid, Ref};
        {'DOWN', Ref, _, _, _} -> timer:sleep(1), start()
    end.

controller(Parent) ->
    Handle = erlang:setnode(?NODE, self(), {element(2, erts_internal:get_dflags()), 4711}),
    ok = erlang:dist_ctrl_get_data_notification(Handle),
    Parent ! {self(), ready},
    controller_loop(Parent, Handle).

controller_loop(Parent, Handle) ->
    receive
        {packet, Packet} ->
            ok = erlang:dist_ctrl_put_data(Handle, Packet),
            Parent ! {self(), done},
            controller_loop(Parent, Handle);
        dist_data ->
            drain(Handle),
            ok = erlang:dist_ctrl_get_data_notification(Handle),
            controller_loop(Parent, Handle);
        stop -> ok
    end.

drain(Handle) ->
    case erlang:dist_ctrl_get_data(Handle) of
        none -> ok;
        Data -> true = iolist_size(Data) > 3, drain(Handle)
    end.

stop(none) -> ok;
stop({Pid, Ref}) -> Pid ! stop, receive {'DOWN', Ref, _, _, _} -> ok end.

deliver({Pid, Ref}, Packet) ->
    Pid ! {packet, Packet},
    receive
        {Pid, done} ->
            receive {'DOWN', Ref, _, _, killed} -> ended
            after 0 -> alive
            end;
        {'DOWN', Ref, _, _, killed} -> ended
    end.

%% --- what is sent ---

packet(Victims) ->
    Whole = case rand:uniform(8) of
                1 -> rand:bytes(rand:uniform(60));
                2 -> <<131, 68, (rand:bytes(rand:uniform(40)))/binary>>;
                3 -> <<131, 69, (rand:bytes(rand:uniform(40)))/binary>>;
                _ -> message(Victims)
            end,
    case rand:uniform(6) of
        1 -> damage(Whole);
        2 -> binary:part(Whole, 0, rand:uniform(byte_size(Whole)));
        _ -> Whole
    end.

damage(Bytes) ->
    At = rand:uniform(byte_size(Bytes)) - 1,
    <<Before:At/binary, _, After/binary>> = Bytes,
    <<Before/binary, (rand:uniform(256) - 1), After/binary>>.

message(Victims) ->
    Arity = rand:uniform(7) - 1,
    Operation = rand:uniform(40) - 1,
    Control = case rand:uniform(3) of
                  1 -> list_to_tuple([Operation | [any(Victims) || _ <- lists:seq(1, Arity)]]);
                  _ -> right(rand:uniform(26), Victims)
              end,
    Payload = case rand:uniform(4) of 1 -> <<>>; _ -> encode(any(Victims)) end,
    <<131, 68, 0, (encode(Control))/binary, Payload/binary>>.

encode(Term) -> <<131, Bytes/binary>> = term_to_binary(Term), Bytes.

%% Control messages of the right form, or nearly.
right(N, Vs) ->
    T = theirs(), V = one(Vs), R = their_ref(), Own = make_ref(),
    element(N, {{1, T, V}, {2, '', V}, {3, T, V, any(Vs)}, {4, T, V}, {5}, {6, T, '', victim},
                {7, T, V}, {8, T, V, normal}, {19, T, V, R}, {19, T, victim, R}, {20, T, V, R},
                {20, T, victim, R}, {21, T, V, Own, x}, {22, T, V}, {24, T, V}, {26, T, V},
                {28, T, V, Own}, {29, R, T, V, {erlang, self, 0}, [link, monitor]},
                {29, R, T, T, {any(Vs), self, 0}, any(Vs)}, {31, Own, V, 3, T},
                {31, Own, V, 0, badopt}, {33, T, Own}, {33, T, alias()}, {35, 7, T, V},
                {36, 7, T, V}, {29, R, T, V, {erlang, exit, 1}, []}}).

one(L) -> lists:nth(rand:uniform(length(L)), L).

any(Vs) ->
    one([1, -1, 1 bsl 70, a, victim, [], [a, b], {}, {a, b, 1}, <<"x">>, #{a => b}, 1.5, one(Vs),
         self(), make_ref(), theirs(), their_ref(), whereis(victim), fun lists:map/2, "text"]).

%% Pids and references of the other node, and of a former incarnation of this one.
theirs() ->
    {Node, Creation} = one([{?NODE, 4711}, {?NODE, 4711}, {?NODE, 1}, {node(), 77}]),
    binary_to_term(<<131, 88, (encode(Node))/binary, (rand:uniform(5)):32, 0:32, Creation:32>>).
their_ref() ->
    binary_to_term(<<131, 90, 3:16, (encode(?NODE))/binary, 4711:32, (rand:uniform(5)):32, 1:32,
                     2:32>>).
