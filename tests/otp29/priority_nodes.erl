%% Priority messages and exits between nodes, and to nodes of OTP 25, which know of none. The
%% programs of the nodes are in NODES, "Name Path" each.
-module(priority_nodes).
-export([main/0, receiver/2, sleeper/0, aliased/1]).

main() ->
    [node_of(string:split(Each, " ")) || Each <- string:split(os:getenv("NODES"), ",", all)].

node_of([Name, Path]) ->
    Args = ["-setcookie", atom_to_list(erlang:get_cookie()), "-start_epmd", "false"],
    {ok, Peer, Node} = peer:start_link(#{name => peer:random_name(Name), host => "localhost",
                                         exec => Path, args => Args,
                                         connection => standard_io}),
    load(Node),
    p(Name, connected, sent(Node)),
    p(Name, back, sent_back(Node)),
    p(Name, watched, watched(Node)),
    p(Name, untrapped, [untrapped(Node, Reason) || Reason <- [boom, kill, normal]]),
    true = erlang:disconnect_node(Node),
    p(Name, others, [untrapped(Node, Reason) || Reason <- [boom]]),
    p(Name, connecting, sent_while_connecting(Node)),
    p(Name, exit_while_connecting, exit_while_connecting(Node)),
    peer:stop(Peer).

p(Name, What, Value) -> io:format("~s ~p: ~p~n", [Name, What, Value]).

%% Compiled there: the release may be another.
load(Node) ->
    {ok, [{file, Source}]} = {ok, [{file, proplists:get_value(source, module_info(compile))}]},
    {ok, Module, Code} = erpc:call(Node, compile, file, [Source, [binary]]),
    {module, Module} = erpc:call(Node, code, load_binary, [Module, Source, Code]).

%% Hands out its aliases; tells then what it has got, in order.
receiver(From, Wants) ->
    process_flag(trap_exit, true),
    register(priority_receiver, self()),
    Aliases = [try alias(Options) catch error:badarg -> alias() end || Options <- Wants],
    Gone = alias(),
    unalias(Gone),
    From ! {self(), Aliases ++ [Gone]},
    told(From).

told(From) ->
    receive
        {tell, Ref} ->
            unregister(priority_receiver),
            {messages, Messages} = process_info(self(), messages),
            From ! {Ref, Messages}
    end.

start(Node) ->
    Pid = spawn(Node, ?MODULE, receiver, [self(), [[priority], []]]),
    receive {Pid, Aliases} -> [Pid | Aliases] end.

%% All signals of one process to another come in order, whatever they are.
signals([Pid, Priority, Plain, Gone], Name) ->
    Pid ! a,
    Priority ! b,
    ok = erlang:send(Priority, first, [priority]),
    ok = erlang:send(Plain, c, [priority]),
    ok = erlang:send(Pid, d, [priority]),
    ok = erlang:send(Name, e, [priority]),
    ok = erlang:send(Gone, lost, [priority]),
    true = erlang:exit(Priority, second, [priority]),
    true = erlang:exit(Priority, f),
    true = erlang:exit(Plain, g, [priority]),
    true = erlang:exit(Pid, h, [priority]),
    true = erlang:exit(Gone, lost, [priority]),
    ok = erlang:send(Priority, third, [priority]).

asked(Pid) ->
    Ref = make_ref(),
    Pid ! {tell, Ref},
    receive {Ref, Messages} -> [short(M) || M <- Messages] end.

short({'EXIT', From, Reason}) when From =:= self() -> {exit, Reason};
short(Message) -> Message.

sent(Node) ->
    [Pid | _] = Receiver = start(Node),
    signals(Receiver, {priority_receiver, Node}),
    asked(Pid).

sent_while_connecting(Node) ->
    [Pid | _] = Receiver = start(Node),
    true = erlang:disconnect_node(Node),
    signals(Receiver, {priority_receiver, Node}),
    asked(Pid).

exit_while_connecting(Node) ->
    Pid = spawn(Node, ?MODULE, aliased, [self()]),
    Alias = receive {Pid, A} -> A end,
    true = erlang:disconnect_node(Node),
    erlang:exit(Alias, boom, [priority]),
    down(Pid).

%% From there to here.
sent_back(Node) ->
    Priority = alias([priority]),
    Plain = alias(),
    Me = self(),
    Code = "fun([Me, Priority, Plain, Flag]) ->
                Me ! a, Priority ! b, catch erlang:send(Priority, first, Flag),
                catch erlang:send(Plain, c, Flag), catch erlang:exit(Priority, second, Flag),
                catch erlang:exit(Plain, d, Flag), Me ! e
            end.",
    {ok, Tokens, _} = erl_scan:string(Code),
    {ok, Forms} = erl_parse:parse_exprs(Tokens),
    {value, Fun, _} = erpc:call(Node, erl_eval, exprs, [Forms, []]),
    process_flag(trap_exit, true),
    spawn(Node, erlang, apply, [Fun, [[Me, Priority, Plain, [priority]]]]),
    Messages = messages_until(e),
    process_flag(trap_exit, false),
    unalias(Priority), unalias(Plain),
    [case M of {'EXIT', From, Reason} when is_pid(From) -> {exit, Reason}; _ -> M end
     || M <- Messages].

messages_until(Last) ->
    {messages, Messages} = process_info(self(), messages),
    case lists:member(Last, Messages) of
        true -> [receive M -> M end || _ <- Messages];
        false -> receive after 5 -> messages_until(Last) end
    end.

sleeper() -> receive {exit, Reason} -> exit(Reason) end.

watched(Node) ->
    process_flag(trap_exit, true),
    Pid = spawn(Node, ?MODULE, sleeper, []),
    Ref = monitor(process, Pid, [priority]),
    true = erlang:link(Pid, [priority]),
    Info = process_info(self(), priority_messages),
    self() ! before,
    Pid ! {exit, over},
    Order = [case M of
                 {'DOWN', Ref, process, Pid, over} -> down;
                 {'EXIT', Pid, over} -> exit;
                 before -> before
             end || M <- three()],
    process_flag(trap_exit, false),
    {Info, lists:sort(lists:sublist(Order, 2)), lists:last(Order)}.

three() ->
    case process_info(self(), message_queue_len) of
        {message_queue_len, 3} -> [receive M -> M end || _ <- [1, 2, 3]];
        _ -> receive after 5 -> three() end
    end.

aliased(From) ->
    From ! {self(), alias()},
    receive stop -> exit(stopped) end.

untrapped(Node, Reason) ->
    Pid = spawn(Node, ?MODULE, aliased, [self()]),
    Alias = receive {Pid, A} -> A end,
    true = erlang:exit(Alias, Reason),
    down(Pid).

down(Pid) ->
    Ref = monitor(process, Pid),
    Pid ! stop,
    receive {'DOWN', Ref, process, Pid, noproc} -> gone;
            {'DOWN', Ref, process, Pid, Why} -> Why
    end.
