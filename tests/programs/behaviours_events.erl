%% gen_event and supervisors in what behaviours.erl leaves out: handlers that are swapped, supervised,
%% remove themselves or fail; children that fail to start, are ignored, or do not start again.
-module(behaviours_events).
-export([main/0, short/1, child/2, counted/2]).

main() ->
    process_flag(trap_exit, true),
    register(?MODULE, self()),
    whereis(logger) =:= undefined andalso ({ok, _} = logger_server:start_link()),
    ok = logger:set_primary_config(level, none),
    Result = prog:anonymous(
               [{added, added()}, {swapped, swapped()}, {ended, ended()}, {failing, failing()},
                {calls, calls()}, {requests, requests()}, {owners, owners()}, {system, system()},
                {starts, starts()}, {children, children()}, {again, again()},
                {specifications, specifications()}, {kinds, kinds()}, {simple, simple()}]),
    unregister(?MODULE),
    Result.

short({Reason, [{M, F, A, _} | _]}) when is_atom(M), is_atom(F) ->
    {short(Reason), M, F, if is_list(A) -> length(A); true -> A end};
short({error, Reason}) -> {error, short(Reason)};
short({stop, Reason}) -> {stop, short(Reason)};
short({'EXIT', Reason}) -> {'EXIT', short(Reason)};
short({Reason, {gen_event, F, [_ | Rest]}}) -> {short(Reason), F, length(Rest)};
short({shutdown, {failed_to_start_child, Id, Why}}) -> {failed_to_start, Id, short(Why)};
short(Reason) -> Reason.

attempt(Fun) -> try Fun() of V -> short(V) catch C:R -> {C, short(R)} end.

told() -> receive M -> [told(M) | told()] after 60 -> [] end.
told({gen_event_EXIT, Handler, Reason}) -> {exited, Handler, short(Reason)};
told({'EXIT', _, Reason}) -> {'EXIT', short(Reason)};
told(Message) -> Message.

manager() -> {ok, P} = gen_event:start_link(), P.
-define(H, behaviours_handler).
stop(P) -> [gen_event:stop(P), told()].

added() ->
    P = manager(),
    A = [attempt(fun() -> gen_event:add_handler(P, Handler, Args) end)
         || {Handler, Args} <- [{?H, first}, {?H, again}, {{?H, id}, second}, {no_such_module, x},
                                {{?H, a}, {return, {error, no}}}, {{?H, b}, {return, what}},
                                {{?H, c}, {fail, error, no}}, {{?H, d}, {fail, exit, no}},
                                {{?H, e}, {fail, throw, {ok, thrown}}},
                                {{?H, f}, {return, {ok, sleeping, hibernate}}}]],
    B = gen_event:which_handlers(P),
    C = [gen_event:call(P, H, get) || H <- B],
    D = [gen_event:delete_handler(P, H, bye) || H <- [?H, {?H, id}, {?H, none}]],
    [A, B, C, D, stop(P)].

swapped() ->
    P = manager(),
    ok = gen_event:add_handler(P, ?H, first),
    A = [gen_event:swap_handler(P, {?H, go}, {{?H, new}, {swapped, x}}), gen_event:which_handlers(P),
         gen_event:call(P, {?H, new}, get), told(),
         gen_event:swap_handler(P, {{?H, none}, go}, {{?H, other}, {swapped, y}}),
         gen_event:call(P, {?H, other}, get),
         attempt(fun() -> gen_event:swap_handler(P, {{?H, new}, go}, {no_such_module, x}) end),
         gen_event:swap_sup_handler(P, {{?H, other}, go}, {{?H, watched}, {swapped, z}}), told()],
    gen_event:notify(P, {return, {swap_handler, by_itself, own_state, {?H, own}, {swapped, w}}}),
    B = [told(), gen_event:which_handlers(P)],
    [A, B, [gen_event:call(P, H, get) || H <- gen_event:which_handlers(P)], stop(P)].

ended() ->
    [begin
         P = manager(),
         ok = gen_event:add_sup_handler(P, {?H, watched}, state),
         ok = gen_event:add_handler(P, {?H, alone}, other),
         Send(P),
         Told = told(),
         {Told, gen_event:which_handlers(P), stop(P)}
     end || Send <- [fun(P) -> gen_event:notify(P, {return, remove_handler}) end,
                     fun(P) -> gen_event:sync_notify(P, {return, {ok, new, hibernate}}) end,
                     fun(P) -> P ! {return, remove_handler} end,
                     fun(P) -> gen_event:call(P, {?H, watched}, {return, {remove_handler, reply}}) end,
                     fun(P) -> gen_event:delete_handler(P, {?H, watched}, shutdown) end]].

failing() ->
    [begin
         P = manager(),
         ok = gen_event:add_sup_handler(P, {?H, watched}, state),
         ok = gen_event:add_handler(P, {?H, alone}, other),
         Answer = attempt(fun() -> Send(P) end),
         {Answer, told(), gen_event:which_handlers(P), stop(P)}
     end || Send <- [fun(P) -> gen_event:sync_notify(P, {error, oops}) end,
                     fun(P) -> gen_event:sync_notify(P, {exit, oops}) end,
                     fun(P) -> gen_event:sync_notify(P, {return, what}) end,
                     fun(P) -> P ! {error, oops}, gen_event:sync_notify(P, nothing) end,
                     fun(P) -> gen_event:call(P, {?H, watched}, {error, oops}) end,
                     fun(P) -> gen_event:call(P, {?H, alone}, {return, what}) end]].

calls() ->
    P = manager(),
    ok = gen_event:add_handler(P, ?H, state),
    A = [attempt(fun() -> gen_event:call(To, H, R, T) end)
         || {To, H, R, T} <- [{P, ?H, get, 1000}, {P, none, get, 1000}, {P, ?H, {sleep, 40}, 10},
                              {no_manager, ?H, get, 1000}, {P, ?H, {return, {ok, r, s, hibernate}}, infinity},
                              {P, ?H, {return, {swap_handler, r, go, s, {?H, n}, {swapped, a}}}, 1000}]],
    %% The handler slept on when nobody waited for it any more.
    B = [gen_event:which_handlers(P), told(), attempt(fun() -> gen_event:notify(no_manager, x) end)],
    [A, B, stop(P), attempt(fun() -> gen_event:sync_notify(P, x) end)].

requests() ->
    P = manager(),
    ok = gen_event:add_handler(P, ?H, state),
    R = gen_event:send_request(P, ?H, get),
    A = gen_event:receive_response(R, 1000),
    B = gen_event:wait_response(gen_event:send_request(P, none, get), 1000),
    C0 = lists:foldl(fun(N, C) -> gen_event:send_request(P, ?H, get, N, C) end,
                     gen_event:reqids_new(), [1, 2, 3]),
    {{reply, state}, 1, C1} = gen_event:receive_response(C0, 1000, true),
    {{reply, state}, 2, C2} = gen_event:wait_response(C1, 1000, true),
    {{reply, state}, 3, C3} = receive M -> gen_event:check_response(M, C2, true) end,
    Late = gen_event:send_request(P, ?H, {sleep, 30}),
    D = [gen_event:wait_response(Late, 0), gen_event:receive_response(Late, 1), told()],
    [A, B, gen_event:reqids_size(C3), D, stop(P)].

%% A supervised handler goes with whom added it, and the owner hears of the manager's end.
owners() ->
    P = manager(),
    Owner = spawn(fun() ->
                      ok = gen_event:add_sup_handler(P, {?H, owned}, state),
                      receive go -> exit(owner_gone) end
                  end),
    until(fun() -> gen_event:which_handlers(P) =/= [] end),
    Owner ! go,
    A = [told(), gen_event:which_handlers(P)],
    ok = gen_event:add_sup_handler(P, {?H, mine}, state),
    exit(P, boom),
    [A, told()].

until(Fun) -> Fun() orelse begin timer:sleep(1), until(Fun) end.

system() ->
    {ok, P} = gen_event:start_link({local, a_manager}, [{hibernate_after, 5}]),
    ok = gen_event:add_handler(P, ?H, one),
    ok = gen_event:add_handler(P, {?H, id}, two),
    A = [sys:get_state(P), sys:replace_state(P, fun({H, Id, S}) -> {H, Id, {changed, S}} end)],
    ok = sys:suspend(P),
    B = sys:change_code(P, ?H, old, extra),
    gen_event:notify(P, {tell, self(), told}),
    C = told(),
    ok = sys:resume(P),
    D = told(),
    until(fun() -> process_info(P, current_function) =:= {current_function, {erlang, hibernate, 3}} end),
    {status, P, {module, gen_event}, [_, running, _, [], _]} = sys:get_status(P),
    [A, B, C, D, gen_event:call(a_manager, ?H, get), stop(P)].

starts() ->
    {ok, P} = gen_event:start({local, a_manager}),
    {ok, {Q, R}} = gen_event:start_monitor(),
    {error, {already_started, P}} = gen_event:start_link({local, a_manager}),
    ok = gen_event:stop(Q, odd, 1000),
    A = receive {'DOWN', R, process, Q, Why} -> Why end,
    [A, attempt(fun() -> gen_event:stop(a_manager, shutdown, infinity) end),
     attempt(fun() -> gen_event:stop(a_manager) end), told()].

%% --- supervisors ---

child(How, Name) ->
    ?MODULE ! {starts, Name},
    case How of
        ok -> {ok, spawn_link(fun() -> receive {exit, R} -> exit(R) end end)};
        info -> {ok, spawn_link(fun() -> receive {exit, R} -> exit(R) end end), more};
        ignore -> ignore;
        error -> {error, refused};
        bad -> what;
        {fail, R} -> error(R);
        {exit, R} -> exit(R)
    end.

spec(Name, How) -> spec(Name, How, #{}).
spec(Name, How, More) ->
    maps:merge(#{id => Name, start => {?MODULE, child, [How, Name]}, shutdown => 100}, More).

supervise(Flags, Children) -> supervisor:start_link(behaviours_sup, {Flags, Children}).

stopped(S) ->
    unlink(S),
    R = monitor(process, S),
    exit(S, shutdown),
    receive {'DOWN', R, _, _, Why} -> Why after 3000 -> still_there end.

%% Those that started before one that fails are ended again.
children() ->
    [begin
         R = supervise(#{}, [spec(a, ok), spec(b, How), spec(c, ok)]),
         {How, case R of
                   {ok, S} -> {[{N, P} || {N, P, _, _} <- supervisor:which_children(S)], told(), stopped(S)};
                   _ -> {attempt(fun() -> R end), told()}
               end}
     end || How <- [ok, info, ignore, error, bad, {fail, oops}, {exit, oops}]].

%% Starts a child that fails the first times that it starts again.
counted(Counter, Name) ->
    N = counters:get(Counter, 1),
    counters:add(Counter, 1, 1),
    child(if N =:= 0; N > 3 -> ok; true -> error end, Name).

again() ->
    [begin
         Counter = counters:new(1, []),
         {ok, S} = supervise(#{strategy => Strategy, intensity => Intensity, period => 10},
                             [spec(x, ok), spec(a, ok, #{start => {?MODULE, counted, [Counter, a]}}), spec(y, ok)]),
         {a, P, _, _} = lists:keyfind(a, 1, supervisor:which_children(S)),
         P ! {exit, oops},
         Told = told(),
         {Strategy, Intensity, Told, is_process_alive(S), counters:get(Counter, 1),
          is_process_alive(S) andalso stopped(S)}
     end || Strategy <- [one_for_one, one_for_all, rest_for_one], Intensity <- [2, 10]].

specifications() ->
    {ok, S} = supervise(#{}, [spec(a, ok), spec(b, ok, #{restart => temporary})]),
    A = [supervisor:get_childspec(S, Id) || Id <- [a, b, none]],
    B = [supervisor:check_childspecs(L)
         || L <- [[], [spec(a, ok)], [spec(a, ok), spec(a, ok)], [{a, {m, f, []}, permanent, 1, worker, [m]}],
                  [#{id => a}], what, [{a, b}], [spec(a, ok, #{type => what})], [spec(a, ok, #{modules => x})],
                  [spec(a, ok, #{significant => true})]]],
    C = [element(1, attempt(fun() -> supervisor:start_child(S, spec(N, ok, M)) end))
         || {N, M} <- [{c, #{restart => transient}}, {d, #{significant => true}}, {e, #{type => supervisor}}]],
    D = [supervisor:get_callback_module(S), lists:sort(supervisor:count_children(S))],
    [A, B, C, D, stopped(S), told()].

%% Who starts again after which end.
kinds() ->
    {ok, S} = supervise(#{intensity => 20, period => 10},
                        [spec({K, R}, ok, #{restart => K}) || K <- [permanent, transient, temporary],
                                                              R <- [normal, shutdown, {shutdown, x}, oops]]),
    told(),
    [P ! {exit, R} || {{_, R}, P, _, _} <- supervisor:which_children(S)],
    Started = lists:sort(told()),
    [Started, [{Id, P} || {Id, P, _, _} <- supervisor:which_children(S)], stopped(S)].

simple() ->
    [begin
         {ok, S} = supervise(#{strategy => simple_one_for_one, intensity => 5},
                             [#{id => x, start => {?MODULE, child, []}, restart => Kind, shutdown => 100}]),
         Started = [case supervisor:start_child(S, [How, N]) of {ok, P} -> {ok, P}; R -> attempt(fun() -> R end) end
                    || {N, How} <- [{1, ok}, {2, ok}, {3, ignore}, {4, error}, {5, info}, {6, bad}]],
         [P ! {exit, R} || {{ok, P}, R} <- lists:zip(lists:sublist(Started, 2), [normal, oops])],
         Told = lists:sort(told()),
         Refused = [supervisor:F(S, x) || F <- [delete_child, restart_child, terminate_child]],
         {Kind, Started, Told, length(supervisor:which_children(S)), Refused, lists:sort(supervisor:count_children(S)),
          supervisor:get_childspec(S, x), stopped(S)}
     end || Kind <- [permanent, transient, temporary]].
