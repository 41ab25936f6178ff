%% gen_statem: both callback modes, all types of events, all actions and timeouts, changed callback
%% modules, ways to stop and to start, system messages and requests.
-module(behaviours_machines).
-export([main/0, short/1, looping/2]).

-define(CODE, behaviours_machine).

main() ->
    process_flag(trap_exit, true),
    whereis(logger) =:= undefined andalso ({ok, _} = logger_server:start_link()),
    ok = logger:set_primary_config(level, none),
    prog:anonymous(
      [{types, [types(M) || M <- modes()]}, {postponed, postponed()}, {repeated, repeated()},
       {inserted, inserted()}, {replies, replies()}, {hibernation, hibernation()},
       {event_timeouts, event_timeouts()}, {state_timeouts, state_timeouts()},
       {named_timeouts, named_timeouts()}, {absolute, absolute()}, {zero, zero()},
       {entering, entering()}, {modules, modules()}, {stops, stops()}, {bad, bad()},
       {system, system()}, {status, status()}, {loops, loops()}, {starts, starts()},
       {late, late()}, {requests, requests()}, {collections, collections()}]).

modes() ->
    [handle_event_function, state_functions, [handle_event_function, state_enter],
     [state_enter, state_functions]].

short({Reason, [{M, F, A, _} | _]}) when is_atom(M), is_atom(F), is_list(A) ->
    {short(Reason), M, F, length(A)};
short({Reason, [{M, F, A, _} | _]}) when is_atom(M), is_atom(F) -> {short(Reason), M, F, A};
short({Reason, {gen_statem, F, [_ | Rest]}}) -> {short(Reason), F, length(Rest)};
short(Reason) -> Reason.

attempt(Fun) ->
    try Fun() of V -> {value, V} catch C:R -> {C, short(R)} end.

exit_of(Pid) -> receive {'EXIT', Pid, R} -> short(R) after 3000 -> nothing end.
told(Label) -> receive {told, Label} -> Label after 3000 -> {never, Label} end.
untold(Label) -> receive {told, Label} -> {told, Label} after 60 -> untold end.

machine() -> machine(handle_event_function).
machine(Mode) -> machine(Mode, day).
machine(Mode, Start) ->
    {ok, P} = gen_statem:start_link(?CODE, {Mode, Start}, []),
    P.

log(P) -> gen_statem:call(P, log).
do(P, Label, Actions) -> gen_statem:cast(P, {do, Label, Actions}).
ask(P, Label, Actions) -> gen_statem:call(P, {do, Label, Actions}).
go(P, Next, Actions) -> gen_statem:cast(P, {go, Next, Actions}).
return(P, Fun) -> gen_statem:cast(P, {return, Fun}).
tell(Label) -> {tell, self(), Label}.

%% What is sent to the machine within is in its queue before it starts any timer: however slow the
%% computer is, no timeout comes before it.
together(P, Fun) ->
    ok = sys:suspend(P),
    Result = Fun(),
    ok = sys:resume(P),
    Result.

ended(P) ->
    Log = log(P),
    ok = gen_statem:stop(P),
    {Log, exit_of(P)}.

types(Mode) ->
    P = machine(Mode),
    gen_statem:cast(P, one),
    P ! two,
    answered = gen_statem:call(P, {do, three, {answer, answered}}),
    do(P, four, {next_event, internal, five}),
    do(P, six, [{next_event, T, C} || {T, C} <- [{cast, c}, {info, i}, {timeout, t}, {state_timeout, s},
                                                 {{timeout, name}, n}, {{call, {self(), tag}}, k}]]),
    go(P, night, {timeout, 1, tell(event)}),
    Event = told(event),
    do(P, seven, [{state_timeout, 1, tell(state)}, {{timeout, {any, "name"}}, 1, tell(named)}]),
    {Mode, Event, told(state), told(named), ended(P)}.

postponed() ->
    P = machine(),
    [gen_statem:cast(P, {only_in, night, N}) || N <- [1, 2, 3]],
    gen_statem:cast(P, between),
    gen_statem:cast(P, {only_in, dawn, 4}),
    go(P, night, []),
    A = log(P),
    gen_statem:cast(P, last),
    %% The postponed ones come before what an action inserts after them, and after next_event.
    go(P, dawn, [{next_event, internal, first}, {next_event, cast, second}]),
    B = log(P),
    go(P, night, postpone),
    C = log(P),
    {Q, R} = spawn_monitor(fun() -> exit({answer, gen_statem:call(P, {only_in, noon, x}, 5000)}) end),
    {status, waiting} = until(fun() -> process_info(Q, status) end, {status, waiting}, 1000),
    return(P, fun(_, _, L) -> {next_state, noon, L} end),
    D = log(P),
    exit(Q, kill),
    receive {'DOWN', R, _, _, Killed} -> Killed end,
    [A, B, C, D, Killed, ended(P)].

repeated() ->
    P = machine([handle_event_function, state_enter]),
    gen_statem:cast(P, {only_in, night, waits}),
    return(P, fun(_, _, L) -> {repeat_state, [r1 | L]} end),
    return(P, fun(_, _, L) -> {repeat_state, [r2 | L], [{next_event, internal, after_repeat}]} end),
    return(P, fun(_, _, _) -> repeat_state_and_data end),
    return(P, fun(_, _, _) -> {repeat_state_and_data, {next_event, internal, again}} end),
    return(P, fun(_, S, L) -> {next_state, S, [same | L]} end),
    go(P, night, {state_timeout, 1, tell(in_night)}),
    Told = told(in_night),
    %% Repeating a state keeps its timeout.
    together(P, fun() ->
                        do(P, x, {state_timeout, 40, tell(kept)}),
                        return(P, fun(_, _, _) -> repeat_state_and_data end)
                end),
    {Told, told(kept), ended(P)}.

inserted() ->
    P = machine(),
    Nested = {do, b, [{next_event, internal, {do, c, {next_event, cast, d}}},
                      {next_event, internal, e}]},
    sys:suspend(P),
    do(P, a, [{next_event, internal, Nested}, {next_event, info, f}]),
    gen_statem:cast(P, queued),
    sys:resume(P),
    ended(P).

replies() ->
    P = machine(),
    A = [ask(P, x, {answer, single}), ask(P, x, [{answer, listed}]),
         ask(P, x, [{answer, first}, {next_event, internal, i}])],
    Self = self(),
    Callers = [spawn_monitor(fun() ->
                                 Self ! {ready, N},
                                 exit({N, gen_statem:call(P, {return, fun(F, S, L) ->
                                           {next_state, S, [{from, N, F} | L]} end})})
                             end) || N <- [1, 2, 3]],
    [receive {ready, N} -> ok end || N <- [1, 2, 3]],
    wait_for(P, 3),
    %% All at once, from within; one of them twice, which the caller must not see.
    return(P, fun(_, _, L) ->
                  Froms = [{N, F} || {from, N, {call, F}} <- lists:sort(L)],
                  gen_statem:reply([{reply, F, {all, N}} || {N, F} <- Froms, N < 3]),
                  {N3, F3} = lists:last(Froms),
                  gen_statem:reply(F3, {alone, N3}),
                  {keep_state, [], [{reply, F3, again}]}
              end),
    B = [receive {'DOWN', R, _, _, Reply} -> Reply after 3000 -> no end || {_, R} <- Callers],
    C = attempt(fun() -> gen_statem:call(P, {return, fun({call, F}, _, L) ->
                             spawn(fun() -> gen_statem:reply(F, from_another) end),
                             {keep_state, L} end}) end),
    receive M -> [A, B, C, M, ended(P)] after 20 -> [A, B, C, ended(P)] end.

wait_for(P, N) ->
    case sys:get_state(P) of
        {_, L} -> length([x || {from, _, _} <- L]) =:= N orelse begin timer:sleep(1), wait_for(P, N) end
    end.

hibernation() ->
    P = machine(),
    Seen = [begin
                do(P, x, Action),
                timer:sleep(10),
                F = until(fun() -> process_info(P, current_function) end, sleeping(), Tries),
                gen_statem:cast(P, wakes),
                {Action, F, length(log(P))}
            end || {Action, Tries} <- [{hibernate, 1000}, {{hibernate, true}, 1000},
                                       {[hibernate, {hibernate, false}], 2},
                                       {[{state_timeout, 0, zero}, hibernate], 2},
                                       {[{next_event, internal, i}, hibernate], 2}]],
    {Seen, ended(P), hibernating()}.

sleeping() -> {current_function, {erlang, hibernate, 3}}.

%% hibernate_after: once nothing came for so long.
hibernating() ->
    {ok, P} = gen_statem:start_link(?CODE, {handle_event_function, day}, [{hibernate_after, 5}]),
    A = until(fun() -> process_info(P, current_function) end, sleeping(), 1000),
    do(P, x, {state_timeout, 30, tell(up)}),
    B = told(up),
    {A, B, until(fun() -> process_info(P, current_function) end, sleeping(), 1000), ended(P)}.

%% What it still is after so many tries, if not as wanted.
until(Fun, Wanted, Tries) ->
    case Fun() of
        Wanted -> Wanted;
        Other when Tries =:= 1 -> Other;
        _ -> receive after 5 -> until(Fun, Wanted, Tries - 1) end
    end.

%% Any event cancels an event timeout.
event_timeouts() ->
    P = machine(),
    A = [begin
             Answer = together(P, fun() -> do(P, x, {timeout, 30, tell(N)}), Cancel() end),
             {Answer =:= ok orelse gen_statem:receive_response(Answer, 3000), untold(N)}
         end || {N, Cancel} <- [{1, fun() -> gen_statem:cast(P, any) end},
                                {2, fun() -> P ! any, ok end},
                                {3, fun() -> gen_statem:send_request(P, {do, any, {answer, ok}}) end},
                                {4, fun() -> do(P, any, {timeout, infinity, never}) end},
                                {5, fun() -> do(P, any, {timeout, cancel}) end}]],
    do(P, x, {timeout, 5, tell(b)}),
    B = told(b),
    do(P, x, 5),
    C = until(fun() -> {_, L} = sys:get_state(P), hd(L) end, {day, timeout, 5}, 1000),
    do(P, x, [{timeout, 5, tell(old)}, {timeout, 6, tell(new)}]),
    D = {told(new), untold(old)},
    do(P, x, [{timeout, 30, tell(old)}, {timeout, update, tell(updated)}]),
    E = {told(updated), untold(old)},
    %% Changed states and inserted events leave it or not: as OTP.
    do(P, x, [{timeout, 10, tell(f)}, {next_event, internal, i}]),
    F = untold(f),
    go(P, night, {timeout, 10, tell(g)}),
    G = told(g),
    [A, B, C, D, E, F, G, ended(P)].

state_timeouts() ->
    P = machine(),
    do(P, x, {state_timeout, 20, tell(kept)}),
    gen_statem:cast(P, any),
    A = told(kept),
    together(P, fun() -> do(P, x, {state_timeout, 30, tell(gone)}), go(P, night, []) end),
    B = untold(gone),
    Twice = fun(First, Second) -> together(P, fun() -> do(P, x, First), do(P, x, Second) end) end,
    Twice({state_timeout, 30, tell(cancelled)}, {state_timeout, cancel}),
    C = untold(cancelled),
    Twice({state_timeout, 20, tell(old)}, {state_timeout, update, tell(new)}),
    D = {told(new), untold(old)},
    Twice({state_timeout, 30, tell(endless)}, {state_timeout, infinity, tell(endless)}),
    E = untold(endless),
    %% Updating what does not run is as starting it with time 0; cancelling it does nothing.
    do(P, x, {state_timeout, update, tell(unset)}),
    F = told(unset),
    do(P, x, [{state_timeout, cancel}, {state_timeout, cancel}]),
    do(P, x, {state_timeout, 10000, tell(far)}),
    do(P, x, {state_timeout, 1, tell(near)}),
    G = told(near),
    %% Set with the change of state it belongs to the new one.
    go(P, day, {state_timeout, 5, tell(in_day)}),
    [A, B, C, D, E, F, G, told(in_day), ended(P)].

named_timeouts() ->
    P = machine(),
    together(P, fun() ->
                        do(P, x, [{{timeout, a}, 10, tell(a)}, {{timeout, b}, 10, tell(b)},
                                  {{timeout, c}, 10, tell(c)}, {{timeout, b}, cancel},
                                  {{timeout, c}, update, tell(c2)}]),
                        go(P, night, [])
                end),
    A = {told(a), untold(b), told(c2), untold(c)},
    do(P, x, [{{timeout, 1}, 30, tell(1)}, {{timeout, 1.0}, 10, tell(1.0)},
              {{timeout, 1}, infinity, x}, {{timeout, none}, cancel}]),
    B = {told(1.0), untold(1)},
    do(P, x, {{timeout, u}, update, tell(u)}),
    C = told(u),
    [do(P, x, {{timeout, {many, N}}, 1 + N rem 7, tell(N)}) || N <- lists:seq(1, 100)],
    D = [told(N) || N <- lists:seq(1, 100)],
    {length(log(P)), A, B, C, lists:sum(D), ended(P)}.

absolute() ->
    P = machine(),
    Now = erlang:monotonic_time(millisecond),
    do(P, x, [{state_timeout, Now + 20, tell(s), {abs, true}},
              {{timeout, n}, Now + 20, tell(n), [{abs, true}]},
              {{timeout, past}, Now - 1000, tell(past), {abs, true}},
              {{timeout, relative}, 5, tell(relative), {abs, false}}]),
    A = [told(L) || L <- [past, relative, s, n]],
    At = erlang:monotonic_time(millisecond),
    do(P, x, {timeout, At + 10, tell(t), [{abs, true}]}),
    B = told(t),
    [A, B, At >= Now + 20, erlang:monotonic_time(millisecond) >= At + 10, ended(P)].

%% Timeouts of no time come after what is in the queue already... and in the order they were set.
zero() ->
    P = machine(),
    ok = sys:suspend(P),
    do(P, x, [{state_timeout, 0, s}, {{timeout, b}, 0, b}, {timeout, 0, t}, {{timeout, a}, 0, a}]),
    gen_statem:cast(P, queued),
    do(P, y, [{timeout, 0, t2}, {next_event, internal, i}, {{timeout, b}, 0, b2}]),
    go(P, night, [{state_timeout, 0, s2}, {{timeout, a}, 0, a2}, {{timeout, a}, cancel}]),
    do(P, z, [{{timeout, c}, 0, c}, {{timeout, c}, update, c2}, {state_timeout, 0, s3},
              {state_timeout, 0, s4}]),
    ok = sys:resume(P),
    timer:sleep(10),
    ended(P).

entering() ->
    Enter = fun(State, Actions) -> return_put({enter, State}, Actions) end,
    P = machine([handle_event_function, state_enter]),
    Self = self(),
    [return(P, Enter(S, A)) || {S, A} <- [{night, [{state_timeout, 1, {tell, Self, entered}}]},
                                          {dawn, [hibernate, {timeout, 2, {tell, Self, dawned}}]},
                                          {bad, postpone}, {worse, {next_event, cast, x}}]],
    go(P, night, []),
    A = told(entered),
    go(P, dawn, []),
    B = told(dawned),
    go(P, dawn, []),
    C = log(P),
    go(P, bad, []),
    D = exit_of(P),
    Q = machine([handle_event_function, state_enter]),
    return(Q, Enter(worse, {next_event, cast, x})),
    go(Q, worse, []),
    [A, B, C, D, exit_of(Q)].

return_put(Key, Value) -> fun(_, S, L) -> put(Key, Value), {next_state, S, L} end.

modules() ->
    P = machine(handle_event_function),
    Change = fun(A) -> gen_statem:call(P, {do, change, [{answer, changing}, A]}) end,
    A = [Change({push_callback_module, behaviours_phases}), gen_statem:call(P, which),
         gen_statem:call(P, log), gen_statem:call(P, {change, {change_callback_module, ?CODE}, night}),
         log(P), Change({change_callback_module, behaviours_phases}), gen_statem:call(P, log),
         gen_statem:call(P, {change, pop_callback_module}), log(P),
         gen_statem:call(P, {do, twice, [{push_callback_module, behaviours_phases},
                                         {push_callback_module, behaviours_phases},
                                         {answer, pushed}]}),
         gen_statem:call(P, {change, pop_callback_module, day}), gen_statem:call(P, which),
         gen_statem:call(P, {change, pop_callback_module}), log(P)],
    B = attempt(fun() -> ask(P, x, [pop_callback_module]) end),
    C = exit_of(P),
    Bad = [begin
               Q = machine(),
               do(Q, x, Action),
               exit_of(Q)
           end || Action <- [{change_callback_module, no_such_module}, {change_callback_module, "x"},
                             {push_callback_module, 1}, pop_callback_module]],
    [A, B, C, Bad].

stops() ->
    Self = self(),
    Stops = [begin
         P = machine(),
         return(P, return_put(parent, Self)),
         Answer = attempt(fun() -> gen_statem:call(P, {return, Fun}, 1000) end),
         Exit = exit_of(P),
         {N, Answer, receive {terminated, R, S, L} -> {R, S, L} after 0 -> untold end, Exit}
     end || {N, Fun} <- lists:enumerate(stop_funs())],
    {Stops, [stopped(R) || R <- [normal, shutdown, {shutdown, x}, odd]]}.

stop_funs() ->
    [fun(_, _, _) -> stop end,
     fun(_, _, _) -> {stop, odd} end,
     fun(_, _, _) -> {stop, normal} end,
     fun(_, _, _) -> {stop, {shutdown, why}, new_data} end,
     fun({call, F}, _, _) -> {stop_and_reply, normal, {reply, F, bye}} end,
     fun({call, F}, _, _) -> {stop_and_reply, odd, [{reply, F, bye}]} end,
     fun({call, F}, _, _) -> {stop_and_reply, shutdown, [{reply, F, bye}], new_data} end,
     fun({call, F}, _, _) -> {stop_and_reply, odd, [{reply, F, bye}, hibernate]} end,
     fun(_, _, _) -> error(crashed) end,
     fun(_, _, _) -> exit(exited) end,
     fun(_, _, _) -> exit(normal) end,
     fun({call, F}, S, L) -> throw({next_state, S, L, {reply, F, thrown}}) end,
     fun(_, _, _) -> throw(thrown_away) end,
     fun(_, X, _) -> {a, X} = prog:id(b) end].

stopped(Reason) ->
    P = machine(),
    return(P, return_put(parent, self())),
    A = attempt(fun() -> gen_statem:stop(P, Reason, 1000) end),
    Exit = exit_of(P),
    {Reason, A, receive {terminated, R, _, _} -> R after 0 -> untold end, Exit,
     attempt(fun() -> gen_statem:stop(P) end)}.

bad() ->
    Actions = [x, {reply, a}, {next_event, nothing, x}, {timeout, -1, x}, {timeout, x, y},
               {state_timeout, 1.0, x}, {{timeout, a}, 1, x, [{abs, maybe}]}, {reply, no_one, x},
               {hibernate, maybe}, {postpone, 1}, [postpone | hibernate], {timeout, 1 bsl 70, x}],
    Returns = [what, {keep_state}, {next_state, a}, {keep_state, a, b, c}, {stop, a, b, c}],
    [begin
         P = machine(),
         do(P, x, A),
         {A, exit_of(P)}
     end || A <- Actions] ++
    [begin
         P = machine(),
         return(P, fun(_, _, _) -> R end),
         {R, exit_of(P)}
     end || R <- Returns].

system() ->
    P = machine([handle_event_function, state_enter]),
    A = sys:get_state(P),
    B = sys:replace_state(P, fun({day, L}) -> {night, [replaced | L]} end),
    C = attempt(fun() -> sys:replace_state(P, fun(_) -> error(no) end) end),
    C1 = case C of {error, {callback_failed, {M, F}, {Class, _}}} -> {M, F, Class}; _ -> C end,
    gen_statem:cast(P, any),
    D = log(P),
    ok = sys:suspend(P),
    E = attempt(fun() -> gen_statem:call(P, log, 20) end),
    F1 = sys:change_code(P, ?CODE, old_version, {refuse, {error, because}}),
    G = sys:change_code(P, ?CODE, old_version, {mode, state_functions, night}),
    gen_statem:cast(P, while_suspended),
    P ! info_while_suspended,
    ok = sys:resume(P),
    H = log(P),
    ok = sys:log(P, true),
    ok = sys:statistics(P, true),
    do(P, logged, {next_event, internal, i}),
    {ok, Events} = sys:log(P, get),
    {ok, Statistics} = sys:statistics(P, get),
    I = lists:keydelete(reductions, 1, [S || {K, _} = S <- Statistics, K =/= start_time, K =/= current_time]),
    [A, B, C1, D, E, F1, G, H, length(Events), I, attempt(fun() -> sys:terminate(P, odd) end),
     exit_of(P)].

status() ->
    P = machine(),
    gen_statem:cast(P, {only_in, night, kept}),
    do(P, x, [{{timeout, far}, 100000, x}, {state_timeout, infinity, y}]),
    {status, P, {module, gen_statem}, [_, running, Parent, [], Misc]} = sys:get_status(P),
    [Parent =:= self(), [{K, V} || {data, Data} <- Misc, {K, V} <- Data, K =/= "Parent"],
     [X || {data, [{"State", X}]} <- Misc], ended(P)].

looping(Parent, Kind) ->
    put(mode, handle_event_function),
    Kind =:= named andalso register(looping_machine, self()),
    proc_lib:init_ack(Parent, {ok, self()}),
    case Kind of
        plain -> gen_statem:enter_loop(?CODE, [], day, []);
        named -> gen_statem:enter_loop(?CODE, [], day, [], {local, looping_machine});
        actions -> gen_statem:enter_loop(?CODE, [], day, [], [{next_event, internal, first}]);
        both -> gen_statem:enter_loop(?CODE, [{debug, []}], day, [], self(),
                                      [{state_timeout, 1, {tell, Parent, looped}}]);
        unnamed -> gen_statem:enter_loop(?CODE, [], day, [], {local, not_registered})
    end.

loops() ->
    [begin
         {ok, P} = proc_lib:start_link(?MODULE, looping, [self(), Kind]),
         {Kind, Kind =/= both orelse told(looped),
          case Kind of
              unnamed -> exit_of(P);
              named -> {gen_statem:call(looping_machine, log), ended(P)};
              _ -> ended(P)
          end}
     end || Kind <- [plain, named, actions, both, unnamed]].

starts() ->
    Funs = [{ok, fun() -> {ok, day, []} end}, {ignore, fun() -> ignore end},
            {stop, fun() -> {stop, why} end}, {exit, fun() -> exit(why) end},
            {error, fun() -> error(why) end}, {throw, fun() -> throw({ok, day, [thrown]}) end},
            {bad, fun() -> {okay, day} end}, {tuple, fun() -> {ok, {not_an, atom}, []} end},
            {actions, fun() -> {ok, day, [], [{next_event, internal, first}, {state_timeout, 0, zero}]} end},
            {bad_action, fun() -> {ok, day, [], [no_action]} end},
            {postpone, fun() -> {ok, day, [], postpone} end},
            {slow, fun() -> timer:sleep(3000), {ok, day, []} end},
            {stop_error, fun() -> {error, reason} end}],
    [{Name, Mode, started(gen_statem:start_link(?CODE, {Mode, Fun}, [{timeout, 500}]))}
     || {Name, Fun} <- Funs, Mode <- [handle_event_function, state_functions]] ++
    [{Mode, started(gen_statem:start_link(?CODE, {Mode, day}, []))}
     || Mode <- [no_mode, [], [state_enter], [handle_event_function, x], "state"]] ++ names().

started({ok, P}) ->
    case attempt(fun() -> log(P) end) of
        {value, Log} -> gen_statem:stop(P), {ok, Log, exit_of(P)};
        %% It may have ended before the call or during it.
        {exit, {_, call, 2}} -> {failed, exit_of(P)}
    end;
started(Other) -> {short_error(Other), receive {'EXIT', _, R} -> short(R) after 100 -> none end}.

short_error({error, R}) -> {error, short(R)};
short_error(Other) -> Other.

names() ->
    Name = {local, a_machine},
    {ok, P} = gen_statem:start_link(Name, ?CODE, {handle_event_function, day}, []),
    {error, {already_started, Q}} = gen_statem:start(Name, ?CODE, {handle_event_function, day}, []),
    {ok, {M, R}} = gen_statem:start_monitor(?CODE, {handle_event_function, day}, []),
    gen_statem:stop(M, odd, infinity),
    Down = receive {'DOWN', R, process, M, Why} -> Why after 1000 -> no end,
    Calls = [attempt(fun() -> gen_statem:call(To, log) end)
             || To <- [a_machine, {a_machine, node()}, no_machine, {no_machine, node()}]],
    Sent = [gen_statem:cast(To, lost) || To <- [no_machine, {no_machine, node()}, M]],
    Bad = [attempt(fun() -> F() end)
           || F <- [fun() -> gen_statem:start({local, 1}, ?CODE, x, []) end,
                    fun() -> gen_statem:start(x, ?CODE, x, []) end,
                    fun() -> gen_statem:call(P, log, soon) end]],
    [P =:= Q, Down, Calls, Sent, Bad, ended(P)].

%% A reply that comes after the caller gave up is not a message but for dirty timeouts.
late() ->
    P = machine(),
    Given = [begin
         A = attempt(fun() -> gen_statem:call(P, {return, fun keep_caller/3}, Timeout) end),
         return(P, fun(_, S, [{from, F} | L]) -> {next_state, S, L, {reply, F, late}} end),
         {A, receive {_, late} -> late after 30 -> nothing end}
     end || Timeout <- [10, {clean_timeout, 10}, {dirty_timeout, 10}, 0]],
    {Given, [attempt(fun() -> gen_statem:call(P, log, T) end)
             || T <- [infinity, {clean_timeout, infinity}, {dirty_timeout, infinity}]]}.

keep_caller({call, F}, S, L) -> {next_state, S, [{from, F} | L]}.

requests() ->
    P = machine(),
    Send = fun(X) -> gen_statem:send_request(P, {do, X, {answer, X}}) end,
    A = gen_statem:receive_response(Send(a), 1000),
    B = gen_statem:wait_response(Send(b), 1000),
    R = gen_statem:send_request(P, {return, fun keep_caller/3}),
    C = [gen_statem:wait_response(R, 0), gen_statem:wait_response(R, 5)],
    R2 = Send(d),
    D = receive M -> [gen_statem:check_response(M, R), gen_statem:check_response(M, R2)]
        after 1000 -> no end,
    return(P, fun(_, S, [_, {from, F} | L]) -> {next_state, S, L, {reply, F, answered}} end),
    E = gen_statem:receive_response(R, {abs, erlang:monotonic_time(millisecond) + 1000}),
    R3 = gen_statem:send_request(P, {return, fun keep_caller/3}),
    F = gen_statem:receive_response(R3, 5),
    return(P, fun(_, S, [{from, From} | L]) -> {next_state, S, L, {reply, From, late}} end),
    G = receive M2 -> M2 after 30 -> nothing end,
    R4 = gen_statem:send_request(P, {return, fun(_, _, _) -> {stop, odd} end}),
    {error, {Why, _}} = gen_statem:receive_response(R4, 1000),
    {error, {Gone, _}} = gen_statem:receive_response(gen_statem:send_request(P, x), 1000),
    {error, {Unknown, _}} = gen_statem:receive_response(gen_statem:send_request(no_machine, x), 1000),
    [A, B, C, D, E, F, G, Why, exit_of(P), Gone, Unknown,
     attempt(fun() -> gen_statem:check_response(x, y) end)].

collections() ->
    P = machine(),
    Answer = fun(X) -> {do, X, {answer, X}} end,
    C0 = gen_statem:reqids_new(),
    C5 = lists:foldl(fun(N, C) -> gen_statem:send_request(P, Answer(N), {label, N}, C) end, C0,
                     lists:seq(1, 5)),
    C6 = gen_statem:reqids_add(gen_statem:send_request(P, Answer(x)), last, C5),
    A = [gen_statem:reqids_size(C) || C <- [C0, C5, C6]],
    B = lists:sort([L || {_, L} <- gen_statem:reqids_to_list(C6)]),
    {{reply, 1}, {label, 1}, C7} = gen_statem:receive_response(C6, 1000, true),
    {{reply, 2}, {label, 2}, C8} = gen_statem:wait_response(C7, 1000, true),
    {{reply, 3}, {label, 3}, C9} = receive M -> gen_statem:check_response(M, C8, false) end,
    D = [gen_statem:reqids_size(C) || C <- [C7, C8, C9]],
    E = gen_statem:check_response(nothing, C9, true),
    {R4, L4, C10} = gen_statem:receive_response(C9, infinity, true),
    {R5, L5, C11} = gen_statem:receive_response(C10, infinity, true),
    {R6, L6, C12} = gen_statem:receive_response(C11, infinity, true),
    F = [gen_statem:receive_response(C12, 1000, true), gen_statem:wait_response(C12, 0, true),
         gen_statem:check_response(nothing, C12, true)],
    C13 = gen_statem:send_request(P, {return, fun keep_caller/3}, waits, C12),
    G = [gen_statem:wait_response(C13, 0, false), gen_statem:receive_response(C13, 5, false)],
    H = [attempt(Fun) || Fun <- [fun() -> gen_statem:receive_response(x, 1, true) end,
                                 fun() -> gen_statem:reqids_size(x) end,
                                 fun() -> gen_statem:reqids_add(x, y, C0) end]],
    [A, B, D, E, [{R4, L4}, {R5, L5}, {R6, L6}], F, G, H, length(log(P)), gen_statem:stop(P)].
