%% OTP's behaviours: gen_server, gen_statem, gen_event and supervisors of every strategy, with their
%% timeouts, late replies, restarts and shutdowns.
-module(behaviours).
-behaviour(gen_server).
-export([main/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2, code_change/3]).
-export([start_child/2, child_loop/2]).

main() ->
    process_flag(trap_exit, true),
    quiet_logger(),
    prog:anonymous(
      [calls(), timeouts(), crashes(), system_messages(), hibernation(), multi_call(), starts(),
       machines(), events(), one_for_one(), one_for_all(), rest_for_one(), simple_one_for_one(),
       intensity(), shutdowns(), significant(), bad_children(), tasks()]).

%% Without a kernel application there is no logger yet.
quiet_logger() ->
    whereis(logger) =:= undefined andalso ({ok, _} = logger_server:start_link()),
    ok = logger:set_primary_config(level, none).

short({Reason, [{M, F, A, _} | _]}) when is_atom(M), is_atom(F) -> {short(Reason), M, F, arity(A)};
short({Reason, {gen_server, call, [_ | Rest]}}) -> {short(Reason), call, Rest};
short(Reason) -> Reason.
arity(A) when is_list(A) -> length(A);
arity(A) -> A.

attempt(Fun) ->
    try Fun() of V -> {value, V} catch C:R -> {C, short(R)} end.

exit_of(Pid) -> receive {'EXIT', Pid, R} -> short(R) after 3000 -> nothing end.

%% --- the server ---

init({trap, X}) -> process_flag(trap_exit, true), {ok, X};
init({fail, R}) -> exit(R);
init(ignore) -> ignore;
init({stop, R}) -> {stop, R};
init({continue, X}) -> {ok, X, {continue, more}};
init({timeout, T}) -> {ok, waiting, T};
init(X) -> {ok, X}.

handle_call(get, _, S) -> {reply, S, S};
handle_call({put, X}, _, S) -> {reply, S, X};
handle_call({sleep, T}, _, S) -> timer:sleep(T), {reply, slept, S};
handle_call({later, X}, From, S) -> gen_server:cast(self(), {reply, From, X}), {noreply, S};
handle_call(crash, _, _) -> error(crashed);
handle_call(exit, _, _) -> exit(exited);
handle_call({stop, R}, _, S) -> {stop, R, stopping, S};
handle_call({hibernate, X}, _, _) -> {reply, hibernating, X, hibernate};
handle_call(bad_return, _, _) -> what;
handle_call(throw_reply, _, S) -> throw({reply, thrown, S});
handle_call({timeout, T}, _, S) -> {reply, ok, S, T}.

handle_cast({reply, From, X}, S) -> gen_server:reply(From, X), {noreply, S};
handle_cast({add, X}, S) -> {noreply, [X | S]};
handle_cast(crash, S) -> {next, 1} = S.

handle_info(timeout, _) -> {noreply, timed_out};
handle_info({tell, P}, S) -> P ! {state, S}, {noreply, S};
handle_info(_, S) -> {noreply, S}.

terminate(R, {tell_end, P}) -> P ! {terminated, short(R)};
terminate(_, _) -> ok.
code_change(Old, S, Extra) -> {ok, {changed, Old, S, Extra}}.

server(X) -> {ok, P} = gen_server:start_link(?MODULE, X, []), P.

calls() ->
    P = server(first),
    A = [gen_server:call(P, get), gen_server:call(P, {put, second}), gen_server:call(P, get),
         gen_server:call(P, {later, answer}), gen_server:call(P, throw_reply)],
    gen_server:call(P, {put, []}),
    [gen_server:cast(P, {add, I}) || I <- lists:seq(1, 100)],
    B = length(gen_server:call(P, get)),
    R = gen_server:send_request(P, get),
    C = gen_server:wait_response(R, 1000),
    D = begin P ! {tell, self()}, receive {state, S} -> length(S) after 1000 -> no end end,
    E = gen_server:stop(P),
    [A, B, element(1, C), D, E, exit_of(P), attempt(fun() -> gen_server:call(P, get) end),
     attempt(fun() -> gen_server:call(no_such_server, get) end),
     attempt(fun() -> gen_server:call({no_such_server, node()}, get) end)].

timeouts() ->
    P = server(state),
    A = attempt(fun() -> gen_server:call(P, {sleep, 60}, 10) end),
    B = gen_server:call(P, get),
    %% The late reply must not come as a message: the alias is gone.
    C = receive M -> M after 80 -> no_late_reply end,
    gen_server:call(P, {timeout, 5}),
    timer:sleep(40),
    D = gen_server:call(P, get),
    Q = server({timeout, 5}),
    timer:sleep(40),
    [A, B, C, D, gen_server:call(Q, get), gen_server:stop(P), gen_server:stop(Q)].

crashes() ->
    [begin
         P = server({tell_end, self()}),
         Answer = attempt(fun() -> gen_server:call(P, Request) end),
         T = receive {terminated, R} -> R after 300 -> not_told end,
         {Request, Answer, T, exit_of(P)}
     end || Request <- [crash, exit, {stop, normal}, {stop, shutdown}, {stop, odd}, bad_return]].

system_messages() ->
    P = server(one),
    A = sys:get_state(P),
    B = sys:replace_state(P, fun(S) -> {S, replaced} end),
    C = gen_server:call(P, get),
    ok = sys:suspend(P),
    D = attempt(fun() -> gen_server:call(P, get, 20) end),
    E = sys:change_code(P, ?MODULE, old_version, extra),
    ok = sys:resume(P),
    F = sys:get_state(P),
    {status, P, {module, gen_server}, [Dictionary, running, _, [], _]} = sys:get_status(P),
    receive _ -> ok after 0 -> ok end,
    [A, B, C, D, E, F, lists:keymember('$initial_call', 1, Dictionary), gen_server:stop(P)].

hibernation() ->
    P = server(x),
    hibernating = gen_server:call(P, {hibernate, lists:seq(1, 100)}),
    timer:sleep(10),
    [length(gen_server:call(P, get)), gen_server:stop(P)].

multi_call() ->
    {ok, P} = gen_server:start_link({local, multi}, ?MODULE, here, []),
    {Replies, Bad} = gen_server:multi_call([node()], multi, get),
    [length(Replies), Bad, [R || {_, R} <- Replies], gen_server:stop(P), exit_of(P)].

starts() ->
    [begin
         R = gen_server:start_link(?MODULE, Argument, []),
         {Argument, case R of {ok, P} when is_pid(P) -> V = gen_server:call(P, get), gen_server:stop(P), {ok, V};
                        _ -> {R, receive {'EXIT', _, W} -> short(W) after 50 -> none end} end}
     end || Argument <- [ignore, {stop, why}, {fail, why}, plain]].

%% --- gen_statem ---

machines() ->
    {ok, P} = gen_statem:start_link(behaviours_door, [], []),
    A = [gen_statem:call(P, Q) || Q <- [state, open, state, open, close, {lock, "1234"}, {unlock, "1"},
                                        {unlock, "1234"}, state, postponed]],
    gen_statem:cast(P, {set_timer, 5}),
    timer:sleep(30),
    B = gen_statem:call(P, history),
    C = attempt(fun() -> gen_statem:call(P, never_answered, 10) end),
    D = sys:get_state(P),
    E = gen_statem:stop(P),
    [A, B, C, D, E, exit_of(P)].

%% --- gen_event ---

events() ->
    {ok, P} = gen_event:start_link(),
    ok = gen_event:add_handler(P, behaviours_listener, {one, self()}),
    ok = gen_event:add_sup_handler(P, {behaviours_listener, two}, {two, self()}),
    gen_event:notify(P, hello),
    ok = gen_event:sync_notify(P, again),
    A = lists:sort([receive {heard, X, Y} -> {X, Y} after 1000 -> no end || _ <- [1, 2, 3, 4]]),
    B = gen_event:call(P, behaviours_listener, count),
    C = gen_event:which_handlers(P),
    D = gen_event:delete_handler(P, behaviours_listener, bye),
    gen_event:notify(P, crash),
    E = receive {gen_event_EXIT, H, R} -> {H, short(R)} after 1000 -> no end,
    F = gen_event:call(P, behaviours_listener, count),
    receive {terminated, _} -> ok after 10 -> ok end,
    receive {terminated, _} -> ok after 10 -> ok end,
    [A, B, C, D, element(1, E), F, gen_event:stop(P)].

%% --- supervisors ---

start_child(Name, Parent) ->
    P = spawn_link(?MODULE, child_loop, [Name, Parent]),
    Parent ! {started, Name},
    {ok, P}.

child_loop(Name, Parent) ->
    receive
        {crash, R} -> exit(R);
        trap -> process_flag(trap_exit, true), child_loop(Name, Parent);
        {'EXIT', _, _} = M -> Parent ! {Name, element(3, M)}, exit(element(3, M));
        stubborn -> process_flag(trap_exit, true), receive never -> ok end
    end.

child(Name) -> child(Name, #{}).
child(Name, More) ->
    maps:merge(#{id => Name, start => {?MODULE, start_child, [Name, self()]}, shutdown => 50}, More).

supervise(Flags, Children) ->
    {ok, S} = supervisor:start_link(behaviours_sup, {Flags, Children}),
    S.

pid_of(S, Name) -> {Name, P, _, _} = lists:keyfind(Name, 1, supervisor:which_children(S)), P.
started() -> receive {started, N} -> [N | started()] after 60 -> [] end.
names(S) -> [{N, is_pid(P)} || {N, P, _, _} <- supervisor:which_children(S)].

stop(S) ->
    unlink(S),
    M = monitor(process, S),
    exit(S, shutdown),
    receive {'DOWN', M, _, _, R} -> R after 3000 -> still_there end.

crash(S, Name, R) -> pid_of(S, Name) ! {crash, R}, started().

strategy(Strategy) ->
    S = supervise(#{strategy => Strategy, intensity => 10, period => 5}, [child(a), child(b), child(c)]),
    A = started(),
    B = [crash(S, N, oops) || N <- [a, b, c]],
    C = supervisor:count_children(S),
    D = [supervisor:terminate_child(S, b), names(S), supervisor:restart_child(S, b), started(),
         supervisor:restart_child(S, b), supervisor:delete_child(S, b), supervisor:terminate_child(S, no_such)],
    E = [supervisor:start_child(S, child(d)), supervisor:start_child(S, child(d)), started(), names(S)],
    [A, B, lists:sort(C), D, E, stop(S)].

one_for_one() -> strategy(one_for_one).
one_for_all() -> strategy(one_for_all).
rest_for_one() -> strategy(rest_for_one).

simple_one_for_one() ->
    S = supervise(#{strategy => simple_one_for_one, intensity => 5, period => 5},
                  [#{id => x, start => {?MODULE, start_child, []}, shutdown => 50}]),
    Ps = [P || N <- [1, 2, 3], {ok, P} <- [supervisor:start_child(S, [N, self()])]],
    A = started(),
    hd(Ps) ! {crash, oops},
    B = started(),
    C = supervisor:terminate_child(S, lists:last(Ps)),
    [A, B, C, lists:sort(supervisor:count_children(S)), stop(S)].

intensity() ->
    S = supervise(#{strategy => one_for_one, intensity => 2, period => 5}, [child(a)]),
    started(),
    A = [crash(S, a, oops), crash(S, a, oops)],
    pid_of(S, a) ! {crash, oops},
    [A, exit_of(S)].

shutdowns() ->
    [begin
         S = supervise(#{}, [child(a, #{shutdown => How})]),
         started(),
         pid_of(S, a) ! Kind,
         timer:sleep(5),
         {How, Kind, stop(S), receive {a, R} -> R after 30 -> silent end}
     end || How <- [brutal_kill, 20, infinity], Kind <- [trap, stubborn], {How, Kind} =/= {infinity, stubborn}].

significant() ->
    [begin
         S = supervise(#{auto_shutdown => Auto},
                       [child(a, #{restart => temporary, significant => true}),
                        child(b, #{restart => transient, significant => true}), child(c)]),
         started(),
         pid_of(S, a) ! {crash, shutdown},
         timer:sleep(20),
         Alive = is_process_alive(S),
         Alive andalso (pid_of(S, b) ! {crash, normal}),
         {Auto, Alive, exit_of(S)}
     end || Auto <- [any_significant, all_significant]].

bad_children() ->
    Bad = [#{}, #{id => a}, #{id => a, start => nope}, #{id => a, start => {m, f, []}, restart => sometimes},
           #{id => a, start => {m, f, []}, shutdown => -1}, {a, b}],
    S = supervise(#{}, []),
    A = [supervisor:start_child(S, B) || B <- Bad],
    B1 = supervisor:start_child(S, #{id => a, start => {no_module, no_function, []}}),
    C = [element(1, attempt(fun() -> supervisor:start_link(behaviours_sup, {F, []}) end))
         || F <- [#{strategy => no_such}, #{intensity => -1}]],
    [receive {'EXIT', _, _} -> ok after 50 -> none end || _ <- [1, 2]],
    [A, element(1, B1), C, stop(S)].

%% The kernel's supervisor would start the timer server.
tasks() ->
    whereis(timer_server) =:= undefined andalso ({ok, _} = timer:start_link()),
    Me = self(),
    P = proc_lib:spawn_link(fun() -> Me ! {here, proc_lib:initial_call(self())}, exit(done) end),
    A = receive {here, X} -> element(1, X) after 1000 -> no end,
    {ok, T} = timer:send_interval(5, tick),
    B = [receive tick -> tick after 1000 -> no end || _ <- [1, 2, 3]],
    {ok, cancel} = timer:cancel(T),
    {Time, V} = timer:tc(fun() -> 42 end),
    {ok, Q} = proc_lib:start_link(erlang, apply, [fun() -> proc_lib:init_ack({ok, self()}), timer:sleep(1) end, []]),
    [A, exit_of(P), B, Time >= 0, V, exit_of(Q)].
