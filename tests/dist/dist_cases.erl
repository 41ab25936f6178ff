%% What two nodes do with each other, one function a case. main/1 runs all of them against another
%% node, on which this module is loaded, and prints what each gives: the same whatever emulators the
%% two nodes run on.
-module(dist_cases).
-compile([export_all, nowarn_export_all]).

cases() ->
    [ping, node_lists, send_pid, send_name, send_unknown_name, order, large, terms, funs, atoms,
     links, link_normal, link_unlink, link_dead, exit_2, exit_kill, monitors, monitor_name,
     monitor_noproc, monitor_named_dead, demonitor, monitor_tag, monitored_by, spawns,
     spawn_monitor, spawn_bad_option, spawn_defaults, spawn_request, spawn_request_options, spawn_exit_reason,
     group_leader, alias, reply_alias, call_server, rpc_calls, erpc_calls, multicall, global_names,
     pg_groups, info_remote, bad_arguments, node_of, text_of, compare, timers, is_alive,
     ets_heir, literals, monitor_node_down, lost_connection,
     gone_when_told, reconnect, pending_send, nosuspend].

main([Peer | Only]) ->
    Node = list_to_atom(Peer),
    process_flag(trap_exit, true),
    Cases = case Only of [] -> cases(); _ -> [list_to_atom(C) || C <- Only] end,
    [run(Case, Node) || Case <- Cases],
    halt(0).

run(Case, Node) ->
    flush(),
    Result = try ?MODULE:Case(Node) catch C:R:S -> {C, R, S} end,
    io:format("~w: ~0tp~n", [Case, clean(Result, Node)]).

%% Names of nodes differ from run to run.
clean(T, Node) when T =:= Node -> peer;
clean(T, _) when T =:= node() -> this;
clean([H | T], N) -> [clean(H, N) | clean(T, N)];
clean(T, N) when is_tuple(T) -> list_to_tuple(clean(tuple_to_list(T), N));
clean(T, N) when is_map(T) -> maps:from_list(clean(maps:to_list(T), N));
clean(T, Node) when is_pid(T) -> {pid, clean(node(T), Node)};
clean(T, Node) when is_reference(T) -> {ref, clean(node(T), Node)};
clean(T, _) -> T.

flush() -> receive _ -> flush() after 0 -> ok end.
next() -> receive M -> M after 5000 -> timeout end.
next(0) -> [];
next(N) -> [next() | next(N - 1)].

remote(Node, Fun) -> spawn(Node, Fun).

%% Runs the fun on the other node and returns its value.
on(Node, Fun) ->
    Me = self(),
    Ref = make_ref(),
    spawn(Node, fun() -> Me ! {Ref, catch Fun()} end),
    receive {Ref, Value} -> Value after 10000 -> timeout end.

idle() -> receive stop -> ok; {exit, R} -> exit(R) end.

%% --- cases ---

%% A literal in the code of a module tells of which node it is by its name.
literals(Node) ->
    Port = open_port({spawn, "cat"}, []),
    Own = [self(), make_ref(), Port, ets:new(t, []), fun() -> ok end],
    Terms = Own ++ on(Node, fun() -> [self(), make_ref(), hd(erlang:ports())] end),
    Code = [{function, terms, 0, 2,
             [{label, 1}, {line, []}, {func_info, {atom, dist_literals}, {atom, terms}, 0},
              {label, 2}, {move, {literal, Terms}, {x, 0}}, return]}],
    {ok, Name, Beam} = compile:forms({dist_literals, [{terms, 0}], [], Code, 3}, [from_asm]),
    {module, Name} = code:load_binary(Name, "none", Beam),
    port_close(Port),
    [A =:= B || {A, B} <- lists:zip(Terms, Name:terms())].

ping(Node) -> {net_adm:ping(Node), net_adm:ping('nobody@nowhere')}.

node_lists(Node) ->
    {lists:member(Node, nodes()), lists:member(node(), on(Node, fun() -> nodes() end)),
     [maps:get(node_type, M) || {N, M} <- nodes(connected, #{node_type => true}), N =:= Node],
     lists:member(Node, nodes(known)), nodes(this)}.

send_pid(Node) ->
    Pid = remote(Node, fun() -> receive {From, M} -> From ! {got, M} end end),
    Pid ! {self(), hello},
    next().

send_name(Node) ->
    Me = self(),
    Pid = remote(Node, fun() -> register(named, self()), Me ! ready,
                                receive {From, M} -> From ! {got, M} end end),
    ready = next(),
    {named, Node} ! {self(), hello},
    R = next(),
    {R, is_pid(Pid)}.

send_unknown_name(Node) -> {({nobody_here, Node} ! x), erlang:send({nobody_here, Node}, x, [noconnect])}.

order(Node) ->
    Pid = remote(Node, fun() -> receive {From, go} -> From ! collect(1000, []) end end),
    Pid ! {self(), go},
    [Pid ! {n, I} || I <- lists:seq(1, 1000)],
    next() =:= lists:seq(1, 1000).
collect(0, L) -> lists:reverse(L);
collect(N, L) -> receive {n, I} -> collect(N - 1, [I | L]) end.

echo(Node, Term) ->
    Pid = remote(Node, fun() -> receive {From, M} -> From ! {self(), M} end end),
    Pid ! {self(), Term},
    receive {Pid, M} -> M after 20000 -> timeout end.

large(Node) ->
    B = binary:copy(<<"0123456789">>, 300000),
    L = lists:seq(1, 100000),
    [echo(Node, B) =:= B, echo(Node, L) =:= L, echo(Node, {B, L, B}) =:= {B, L, B}].

terms(Node) ->
    Ts = [1, -1, 1 bsl 70, -(1 bsl 70), 1.5, 0.0, a, 'å', [], [a | b], {}, {a, {b}}, <<>>, <<1:3>>,
          "text", #{}, #{a => 1, 2 => b}, maps:from_list([{I, I} || I <- lists:seq(1, 100)]),
          self(), make_ref(), fun lists:map/2, hd(erlang:ports()), node(), <<0:8000>>],
    [T || T <- Ts, echo(Node, T) =/= T].

funs(Node) ->
    X = 17,
    F = fun(Y) -> X + Y end,
    {on(Node, fun() -> F(3) end), echo(Node, F) =:= F, (echo(Node, F))(5)}.

atoms(Node) ->
    As = [list_to_atom("atom_" ++ integer_to_list(I)) || I <- lists:seq(1, 600)],
    Long = list_to_atom(lists:duplicate(255, $å)),
    [echo(Node, As) =:= As, echo(Node, lists:reverse(As)) =:= lists:reverse(As),
     echo(Node, [Long | As]) =:= [Long | As], echo(Node, Long) =:= Long].

links(Node) ->
    Pid = spawn_link(Node, ?MODULE, idle, []),
    Linked = {lists:member(Pid, element(2, process_info(self(), links))),
              on(Node, fun() -> length(element(2, process_info(Pid, links))) end)},
    Pid ! {exit, reason},
    {Linked, next(), lists:member(Pid, element(2, process_info(self(), links)))}.

link_normal(Node) ->
    Pid = remote(Node, fun idle/0),
    link(Pid), Pid ! stop, next().

link_unlink(Node) ->
    Pid = remote(Node, fun idle/0),
    link(Pid), unlink(Pid), link(Pid), unlink(Pid),
    R = on(Node, fun() -> process_info(Pid, links) end),
    Pid ! {exit, bad},
    {R, receive M -> M after 200 -> nothing end}.

link_dead(Node) ->
    Pid = on(Node, fun() -> spawn(fun() -> ok end) end),
    timer:sleep(50),
    {link(Pid), next()}.

exit_2(Node) ->
    Pid = spawn_link(Node, fun() -> process_flag(trap_exit, true), receive M -> exit({got, M}) end end),
    timer:sleep(100),
    exit(Pid, why),
    {'EXIT', Pid, {got, {'EXIT', From, Why}}} = next(),
    {From =:= self(), Why}.

exit_kill(Node) ->
    Pid = spawn_link(Node, ?MODULE, idle, []),
    exit(Pid, kill), next().

monitors(Node) ->
    Pid = remote(Node, fun idle/0),
    Ref = monitor(process, Pid),
    Info = process_info(self(), monitors),
    Pid ! {exit, {some, reason}},
    {'DOWN', Ref, process, Pid, R} = next(),
    {R, Info =:= {monitors, [{process, Pid}]}, process_info(self(), monitors)}.

monitor_name(Node) ->
    Me = self(),
    Pid = remote(Node, fun() -> register(watched, self()), Me ! ready, idle() end),
    ready = next(),
    Ref = monitor(process, {watched, Node}),
    Info = process_info(self(), monitors),
    Pid ! {exit, gone},
    {'DOWN', Ref, process, Item, R} = next(),
    {Item, R, Info}.

monitor_noproc(Node) ->
    Ref = monitor(process, {nobody_here, Node}),
    {'DOWN', Ref, process, Item, R} = next(),
    {Item, R}.

monitor_named_dead(Node) ->
    Pid = on(Node, fun() -> spawn(fun() -> ok end) end),
    timer:sleep(50),
    Ref = monitor(process, Pid),
    {'DOWN', Ref, process, Pid, R} = next(),
    R.

demonitor(Node) ->
    Pid = remote(Node, fun idle/0),
    Ref = monitor(process, Pid),
    Before = on(Node, fun() -> length(element(2, process_info(Pid, monitored_by))) end),
    D = demonitor(Ref, [info]),
    After = on(Node, fun() -> length(element(2, process_info(Pid, monitored_by))) end),
    Pid ! {exit, gone},
    {Before, D, After, demonitor(Ref, [info, flush]), receive M -> M after 200 -> nothing end}.

monitor_tag(Node) ->
    Pid = remote(Node, fun idle/0),
    Ref = monitor(process, Pid, [{tag, {my, "tag"}}]),
    Pid ! stop,
    {{my, "tag"}, Ref, process, Pid, R} = next(),
    R.

monitored_by(Node) ->
    Me = self(),
    Pid = remote(Node, fun() -> R = monitor(process, Me), Me ! {monitoring, R}, idle() end),
    {monitoring, _} = next(),
    Before = process_info(self(), monitored_by) =:= {monitored_by, [Pid]},
    Pid ! stop,
    timer:sleep(100),
    {Before, process_info(self(), monitored_by)}.

spawns(Node) ->
    Me = self(),
    spawn(Node, erlang, send, [Me, by_mfa]),
    spawn(Node, fun() -> Me ! {by_fun, node()} end),
    lists:sort(next(2)).

spawn_monitor(Node) ->
    {Pid, Ref} = spawn_monitor(Node, erlang, exit, [because]),
    {'DOWN', Ref, process, Pid, R} = next(),
    {P2, R2} = spawn_opt(Node, fun() -> exit(x) end, [monitor, link]),
    {R, lists:sort([case M of {'EXIT', P2, x} -> exit; {'DOWN', R2, process, P2, x} -> down end
                    || M <- next(2)])}.

spawn_bad_option(Node) ->
    {catch_error(fun() -> spawn_opt(Node, erlang, self, [], [{bad, option}]) end),
     catch_error(fun() -> spawn(Node, erlang, self, not_a_list) end)}.

%% What a new process gets when nobody says otherwise, on its own node.
spawn_defaults(Node) ->
    Before = on(Node, fun() -> erlang:system_flag(fullsweep_after, 7) end),
    {garbage_collection, Settings} =
        on(Node, fun() -> process_info(self(), garbage_collection) end),
    {Before, proplists:get_value(fullsweep_after, Settings),
     on(Node, fun() -> erlang:system_flag(fullsweep_after, Before) end)}.

spawn_request(Node) ->
    Ref = spawn_request(Node, erlang, self, [], [monitor]),
    {spawn_reply, Ref, ok, Pid} = next(),
    {'DOWN', Ref, process, Pid, R} = next(),
    {node(Pid), R, spawn_request_abandon(Ref)}.

spawn_request_options(Node) ->
    R1 = spawn_request(Node, erlang, self, [], [{reply_tag, my_tag}]),
    {my_tag, R1, ok, _} = next(),
    R2 = spawn_request(Node, erlang, self, [], [{bad, option}]),
    {spawn_reply, R2, error, E} = next(),
    _ = spawn_request(Node, erlang, self, [], [{reply, error_only}]),
    R4 = spawn_request(Node, erlang, self, [], [{monitor, [{tag, down}]}, {reply, no}]),
    {down, R4, process, _, R} = next(),
    R5 = spawn_request('nobody@nowhere', erlang, self, [], []),
    {spawn_reply, R5, error, E5} = next(),
    {E, R, E5, receive M -> M after 100 -> nothing end}.

spawn_exit_reason(Node) ->
    Pid = spawn_link(Node, erlang, apply, [fun() -> error(bad_thing) end, []]),
    {'EXIT', Pid, {bad_thing, [{M, _, _, _} | _]}} = next(),
    M.

group_leader(Node) ->
    Pid = remote(Node, fun() -> receive {From, get} -> From ! {leader, group_leader()} end end),
    {leader, Before} = begin Pid ! {self(), get}, next() end,
    P2 = remote(Node, fun() -> receive {From, get} -> From ! {leader, group_leader()} end end),
    group_leader(self(), P2),
    P2 ! {self(), get},
    {leader, After} = next(),
    Me = self(),
    Child = on(Node, fun() -> P = spawn(fun() -> Me ! {child, group_leader()} end), is_pid(P) end),
    {child, C} = next(),
    {Before =:= group_leader(), After =:= self(), Child, C =:= group_leader()}.

alias(Node) ->
    A = erlang:alias(),
    remote(Node, fun() -> A ! {via, alias} end),
    R = next(),
    unalias(A),
    remote(Node, fun() -> A ! late end),
    {R, receive M -> M after 200 -> nothing end}.

reply_alias(Node) ->
    A = erlang:alias([reply]),
    remote(Node, fun() -> A ! one, A ! two end),
    {next(), receive M -> M after 200 -> nothing end}.

call_server(Node) ->
    {gen_server:call({kernel_sup, Node}, which_children) =/= [],
     catch_exit(fun() -> gen_server:call({nobody_here, Node}, x) end),
     catch_exit(fun() -> gen_server:call({x, 'nobody@nowhere'}, x) end)}.

catch_exit(F) -> try F() catch exit:R -> {exit, R} end.
catch_error(F) -> try F() catch error:R -> {error, R} end.

rpc_calls(Node) ->
    {rpc:call(Node, erlang, node, []), rpc:call(Node, erlang, error, [x]),
     rpc:call('nobody@nowhere', erlang, node, []),
     rpc:call(Node, timer, sleep, [1000], 50), rpc:block_call(Node, lists, sum, [[1, 2]]),
     rpc:cast(Node, erlang, self, [])}.

erpc_calls(Node) ->
    {erpc:call(Node, fun() -> node() end),
     (catch erpc:call(Node, erlang, error, [x])),
     (catch erpc:call(Node, fun() -> exit(y) end)),
     (catch erpc:call(Node, fun() -> throw(z) end)),
     catch_error(fun() -> erpc:call('nobody@nowhere', erlang, node, []) end),
     catch_error(fun() -> erpc:call(Node, timer, sleep, [1000], 50) end),
     begin R = erpc:send_request(Node, lists, sum, [[1, 2, 3]]), erpc:receive_response(R) end}.

multicall(Node) ->
    {rpc:multicall([node(), Node, 'nobody@nowhere'], erlang, node, []),
     erpc:multicall([node(), Node], erlang, abs, [-1])}.

global_names(Node) ->
    global:sync(),
    Pid = remote(Node, fun idle/0),
    yes = global:register_name(a_name, Pid),
    Found = {global:whereis_name(a_name) =:= Pid,
             on(Node, fun() -> global:whereis_name(a_name) =:= Pid end)},
    Pid ! stop,
    timer:sleep(300),
    {Found, global:whereis_name(a_name), global:set_lock({x, self()}, [node(), Node], 1)}.

pg_groups(Node) ->
    {ok, S} = pg:start_link(),
    {ok, R} = on(Node, fun() -> pg:start(pg) end),
    Pid = remote(Node, fun idle/0),
    on(Node, fun() -> pg:join(group, Pid) end),
    timer:sleep(300),
    Members = pg:get_members(group) =:= [Pid],
    Pid ! stop,
    timer:sleep(300),
    After = pg:get_members(group),
    unlink(S), exit(S, kill), exit(R, kill),
    {Members, After}.

info_remote(Node) ->
    Pid = remote(Node, fun idle/0),
    R = [catch_error(fun() -> process_info(Pid) end),
         catch_error(fun() -> is_process_alive(Pid) end),
         catch_error(fun() -> erlang:suspend_process(Pid) end),
         catch_error(fun() -> register(x, Pid) end),
         catch_error(fun() -> process_flag(Pid, save_calls, 0) end),
         catch_error(fun() -> exit(Pid, normal) end)],
    Pid ! stop,
    R.

bad_arguments(Node) ->
    [catch_error(F) || F <- [fun() -> monitor_node(1, true) end, fun() -> monitor_node(Node, x) end,
                             fun() -> nodes(x) end, fun() -> erlang:setnode(a, 1) end,
                             fun() -> link(Node) end, fun() -> monitor(process, {a, b, c}) end,
                             fun() -> spawn(1, a, b, []) end,
                             fun() -> erlang:dist_ctrl_get_data(x) end,
                             fun() -> erlang:send({a, 1}, x) end,
                             fun() -> erts_internal:new_connection(x) end]].

node_of(Node) ->
    {P, R, [Port | _]} = on(Node, fun() -> {self(), make_ref(), erlang:ports()} end),
    [node(P), node(R), node(Port), is_pid(P), is_reference(R), is_port(Port), node(self()),
     node(make_ref()), catch_error(fun() -> node(1) end)].

text_of(Node) ->
    P = on(Node, fun() -> self() end),
    [$<, C | _] = pid_to_list(P),
    {C =/= $0, list_to_pid(pid_to_list(P)) =:= P, P =:= binary_to_term(term_to_binary(P)),
     hd(pid_to_list(self()))}.

compare(Node) ->
    {A, B} = on(Node, fun() -> {spawn(fun() -> ok end), spawn(fun() -> ok end)} end),
    {A =:= A, A =:= B, A < B, phash2_is_small(A), is_integer(erlang:phash2({A, B})),
     length(lists:usort([A, B, A]))}.
phash2_is_small(A) -> H = erlang:phash2(A), H >= 0 andalso H < 1 bsl 27.

timers(Node) ->
    Pid = remote(Node, fun() -> receive {From, M} -> From ! {timed, M} end end),
    [catch_error(fun() -> erlang:send_after(10, Pid, x) end),
     begin timer:send_after(10, Pid, {self(), m}), next() end].

is_alive(_) -> {is_alive(), node() =/= nonode@nohost, erlang:get_cookie() =/= nocookie}.

ets_heir(Node) ->
    Pid = remote(Node, fun idle/0),
    T = ets:new(t, [{heir, none}]),
    R = catch_error(fun() -> ets:give_away(T, Pid, x) end),
    Pid ! stop,
    element(1, R).

monitor_node_down(Node) ->
    true = monitor_node('nobody@nowhere', true),
    A = next(),
    true = monitor_node(Node, true),
    true = monitor_node(Node, true),
    true = monitor_node(Node, false),
    ok = net_kernel:monitor_nodes(true),
    ok = net_kernel:monitor_nodes(true, [nodedown_reason, {node_type, all}]),
    true = erlang:disconnect_node(Node),
    Down = lists:sort(next(3)),
    pong = net_adm:ping(Node),
    Up = lists:sort(next(2)),
    ok = net_kernel:monitor_nodes(false),
    ok = net_kernel:monitor_nodes(false, [nodedown_reason, {node_type, all}]),
    {A, Down, Up, receive M -> M after 100 -> nothing end, erlang:disconnect_node('x@y')}.

lost_connection(Node) ->
    P1 = spawn_link(Node, ?MODULE, idle, []),
    P2 = remote(Node, fun idle/0),
    R2 = monitor(process, P2),
    R3 = monitor(process, {kernel_sup, Node}),
    true = erlang:disconnect_node(Node),
    Got = lists:sort([case M of
                          {'EXIT', P1, R} -> {exit, R};
                          {'DOWN', R2, process, P2, R} -> {down, R};
                          {'DOWN', R3, process, I, R} -> {named, I, R};
                          Other -> Other
                      end || M <- next(3)]),
    {Got, process_info(self(), [links, monitors]) =:= process_info(self(), [links, monitors])}.

%% Who hears of the end of the controller, as net_kernel does, finds no connection any more, also
%% while many others have still to be told.
gone_when_told(Node) ->
    {ok, Info} = net_kernel:node_info(Node),
    {links, Links} = process_info(proplists:get_value(owner, Info), links),
    [Port] = [L || L <- Links, is_port(L)],
    Me = self(),
    Linked = fun() ->
                 process_flag(trap_exit, true),
                 link(Port),
                 Me ! linked,
                 receive {'EXIT', Port, _} -> Me ! {still_there, lists:member(Node, nodes())} end
             end,
    [spawn(Linked) || _ <- lists:seq(1, 1000)],
    [linked = next() || _ <- lists:seq(1, 1000)],
    true = erlang:disconnect_node(Node),
    lists:usort([next() || _ <- lists:seq(1, 1000)]).

%% Who ends a connection may make the next at once.
reconnect(Node) -> lists:usort([reconnected(Node) || _ <- lists:seq(1, 50)]).

reconnected(Node) ->
    erlang:disconnect_node(Node),
    Pid = spawn(Node, fun idle/0),
    Ref = monitor(process, Pid),
    Pid ! stop,
    {'DOWN', Ref, process, Pid, Reason} = next(),
    Reason.

%% What is sent while the connection is being made arrives, in order.
pending_send(Node) ->
    Pid = remote(Node, fun() -> receive {From, go} -> From ! collect(100, []) end end),
    erlang:disconnect_node(Node),
    Pid ! {self(), go},
    [Pid ! {n, I} || I <- lists:seq(1, 100)],
    next() =:= lists:seq(1, 100).

nosuspend(Node) ->
    Pid = remote(Node, fun idle/0),
    R = [erlang:send(Pid, x, [nosuspend]), erlang:send_nosuspend(Pid, x),
         erlang:send_nosuspend(Pid, x, [noconnect])],
    Pid ! stop,
    R.
