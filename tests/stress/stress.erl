%% Everything that processes do to each other, at random, from a seed, for some seconds, with checks
%% that nothing is lost and nothing comes twice:
%%
%%   counters   each worker counts what it sends to each other one; a receiver counts what comes, in
%%              order, and at the end both agree
%%   monitors   each has exactly one DOWN, with the reason of the victim
%%   links      an exit comes only along a link that stands; none after unlink/1 has returned
%%   timers     each sends one message, or is cancelled and sends none
%%   names      a name leads to its owner or to nobody
%%   heaps      terms that a worker keeps through all of this stay what they were
%%   tables     counters in shared tables add up; what one puts in, exactly one takes out; what only
%%              one writes stays what it wrote; a traversal sees each object that stays, once
%%   code       a module changes under those who call it: they see its generations in order, what
%%              they keep of its literals outlives it, and a purge ends who still runs in it
%%
%% run(Seed, Seconds) returns {ok, Counts}; a broken rule is an error.
-module(stress).
-export([run/2, run/3, worker/3]).

run(Seed, Seconds) -> run(Seed, Seconds, 24).

run(Seed, Seconds, Count) ->
    process_flag(trap_exit, true),
    Deadline = erlang:monotonic_time(millisecond) + Seconds * 1000,
    Self = self(),
    stress_tables:new(),
    stress_code:start(),
    Workers = [spawn_link(?MODULE, worker, [Self, Seed * 1000 + N, Deadline])
               || N <- lists:seq(1, Count)],
    [W ! {others, list_to_tuple(Workers)} || W <- Workers],
    Reports = [collect(W, Deadline) || W <- Workers],
    agree(Reports),
    stress_tables:agree([Counts || {_, _, _, Counts} <- Reports]),
    {ok, sum([Counts || {_, _, _, Counts} <- Reports])}.

collect(Worker, Deadline) ->
    Left = max(0, Deadline - erlang:monotonic_time(millisecond)),
    receive
        {report, Worker, Sent, Received, Counts} ->
            receive {'EXIT', Worker, normal} -> ok end,
            {Worker, Sent, Received, Counts};
        {'EXIT', Worker, Reason} -> error({worker_failed, Reason})
    after Left + 60000 -> error({silent, Worker})
    end.

agree(Reports) ->
    Sent = maps:from_list([{{From, To}, N} || {From, Map, _, _} <- Reports, {To, N} <- maps:to_list(Map)]),
    Received = maps:from_list([{{From, To}, N} || {To, _, Map, _} <- Reports, {From, N} <- maps:to_list(Map)]),
    case Sent =:= Received of
        true -> ok;
        false -> error({messages_lost, maps:to_list(Sent) -- maps:to_list(Received)})
    end.

sum(Maps) ->
    lists:foldl(fun(M, Acc) -> maps:merge_with(fun(_, A, B) -> A + B end, M, Acc) end, #{}, Maps).

worker(Parent, Seed, Deadline) ->
    process_flag(trap_exit, true),
    receive {others, Others} -> ok end,
    Kept = {lists:seq(1, 50), binary:copy(<<"kept">>, 100), #{seed => Seed}},
    State = #{random => Seed, others => Others, sent => #{}, received => #{}, counts => #{},
              kept => Kept, parent => Parent, generation => 0},
    Final = drain(loop(State, Deadline, Seed)),
    Parent ! {report, self(), maps:get(sent, Final), maps:get(received, Final), maps:get(counts, Final)}.

loop(State0, Deadline, Seed) ->
    State1 = act(State0),
    State = take(State1, 0),
    case erlang:monotonic_time(millisecond) >= Deadline of
        true -> State;
        false -> loop(State, Deadline, Seed)
    end.

%% Says that no more is to come, and waits for the same from everybody.
drain(#{others := Others} = State) ->
    [P ! {finished, self()} || P <- tuple_to_list(Others)],
    wait_finished(tuple_to_list(Others), State).

wait_finished([], State) -> State;
wait_finished([P | Rest], State) ->
    receive
        {finished, P} -> wait_finished(Rest, take(State, 0));
        {number, _, _, _} = M -> wait_finished([P | Rest], handle(M, State))
    after 60000 -> error({not_finished, P, process_info(P, [status, current_stacktrace, messages])})
    end.

%% At most the messages that are there.
take(State, Wait) ->
    receive
        {number, _, _, _} = M -> take(handle(M, State), 0);
        {'EXIT', _, _} = M -> error({unexpected, M});
        {'DOWN', _, _, _, _} = M -> error({unexpected, M});
        {timer, _} = M -> error({unexpected, M})
    after Wait -> State
    end.

handle({number, From, N, Payload}, #{received := Received} = State) ->
    Before = maps:get(From, Received, 0),
    N =:= Before + 1 orelse error({out_of_order, From, Before, N}),
    Payload =:= payload(N) orelse error({damaged, Payload}),
    State#{received := Received#{From => N}}.

payload(N) -> {N, lists:duplicate(N rem 7, N), <<N:64, 0:((N rem 100) * 8)>>, #{N => {N}}}.

draw(Limit, #{random := Random0} = State) ->
    Random = (Random0 * 1103515245 + 12345) band 16#7fffffff,
    {(Random bsr 7) rem Limit + 1, State#{random := Random}}.

act(State0) ->
    {Kind, State1} = draw(17, State0),
    {Pick, State2} = draw(1000000, State1),
    {Name, State} = action(Kind, Pick, State2),
    count(Name, 1, State).

count(Name, By, #{counts := Counts} = State) ->
    State#{counts := maps:update_with(Name, fun(N) -> N + By end, By, Counts)}.

action(K, Pick, #{others := Others, sent := Sent} = State) when K =< 4 ->
    To = element(Pick rem tuple_size(Others) + 1, Others),
    N = maps:get(To, Sent, 0) + 1,
    To ! {number, self(), N, payload(N)},
    {sent, State#{sent := Sent#{To => N}}};
action(5, Pick, State) -> {monitors, monitored_end(Pick, State)};
action(6, Pick, State) -> {links, linked_end(Pick, State)};
action(7, Pick, State) -> {unlinks, unlinked(Pick, State)};
action(8, Pick, State) -> {timers, timer(Pick, State)};
action(9, Pick, State) -> {names, name(Pick, State)};
action(10, Pick, #{kept := {List, Binary, Map}} = State) ->
    %% Garbage of every kind, then a look at what was kept.
    _ = [{X, <<X:512>>} || X <- lists:seq(1, Pick rem 3000)],
    Pick rem 20 =:= 0 andalso erlang:garbage_collect(),
    List =:= lists:seq(1, 50) orelse error(list_damaged),
    Binary =:= binary:copy(<<"kept">>, 100) orelse error(binary_damaged),
    is_map_key(seed, Map) orelse error(map_damaged),
    {collections, State};
action(11, Pick, State) -> {aliases, alias_call(Pick, State)};
action(12, Pick, State) -> {crowds, crowd(Pick, State)};
action(13, Pick, State) ->
    {Table, By} = stress_tables:add(Pick),
    {additions, count({added, Table}, By, State)};
action(14, Pick, State) ->
    {Table, By} = stress_tables:pass(Pick),
    {passes, count({held, Table}, By, State)};
action(15, Pick, State) -> stress_tables:own(Pick), {tables, State};
action(16, Pick, #{generation := Seen} = State) ->
    {generations, State#{generation := stress_code:call(Pick, Seen)}};
action(17, Pick, State) when Pick rem 10 =:= 0 -> stress_code:change(Pick), {changes, State};
action(17, Pick, State) -> stress_tables:look(Pick), {looks, State}.

monitored_end(Pick, State) ->
    Reason = {reason, Pick},
    Victim = spawn(fun() -> receive die -> exit(Reason) end end),
    Refs = [monitor(process, Victim) || _ <- lists:seq(1, Pick rem 4 + 1)],
    Gone = monitor(process, Victim),
    demonitor(Gone, [flush]),
    case Pick rem 2 of
        0 -> Victim ! die, expect_downs(Refs, Victim, Reason);
        1 -> exit(Victim, kill), expect_downs(Refs, Victim, killed)
    end,
    receive {'DOWN', Gone, _, _, _} = M -> error({after_demonitor, M}) after 0 -> State end.

expect_downs(Refs, Victim, Reason) ->
    [receive
         {'DOWN', Ref, process, Victim, Reason} -> ok;
         {'DOWN', Ref, process, Victim, Other} -> error({wrong_reason, Other})
     after 20000 -> error({no_down, Victim})
     end || Ref <- Refs],
    [receive {'DOWN', Ref, _, _, _} -> error(second_down) after 0 -> ok end || Ref <- Refs].

linked_end(Pick, State) ->
    Reason = {linked, Pick},
    Victim = spawn_link(fun() -> receive die -> exit(Reason) end end),
    Pick rem 3 =:= 0 andalso link(Victim),
    case Pick rem 2 of 0 -> Victim ! die; 1 -> exit(Victim, Reason) end,
    receive
        {'EXIT', Victim, Reason} -> ok;
        {'EXIT', Victim, Other} -> error({wrong_reason, Other})
    after 20000 -> error({no_exit, Victim})
    end,
    State.

%% The victim ends while it is unlinked: either the exit is there when unlink returns, or never.
unlinked(Pick, State) ->
    Victim = spawn_link(fun() -> receive die -> exit(gone) after Pick rem 3 -> exit(gone) end end),
    Pick rem 2 =:= 0 andalso (Victim ! die),
    unlink(Victim),
    receive {'EXIT', Victim, _} -> ok after 0 -> ok end,
    Ref = monitor(process, Victim),
    receive {'DOWN', Ref, _, _, _} -> ok after 20000 -> error({no_down, Victim}) end,
    receive {'EXIT', Victim, _} -> error(exit_after_unlink) after 0 -> State end.

timer(Pick, State) ->
    Tag = make_ref(),
    Timer = erlang:send_after(Pick rem 3, self(), {timer, Tag}),
    case Pick rem 2 of
        0 -> receive {timer, Tag} -> ok after 20000 -> error(timer_lost) end;
        1 ->
            case erlang:cancel_timer(Timer) of
                false -> receive {timer, Tag} -> ok after 20000 -> error(timer_lost) end;
                Left when is_integer(Left) ->
                    receive {timer, Tag} -> error(cancelled_timer_fired) after 0 -> ok end
            end
    end,
    State.

name(Pick, State) ->
    Name = element(Pick rem 5 + 1, {stress_a, stress_b, stress_c, stress_d, stress_e}),
    try register(Name, self()) of
        true ->
            whereis(Name) =:= self() orelse error({name_lost, Name}),
            true = unregister(Name)
    catch
        error:badarg -> ok
    end,
    Parent = self(),
    Child = spawn(fun() -> Parent ! {named, self(), catch register(Name, self())} end),
    Ref = monitor(process, Child),
    receive {named, Child, _} -> ok after 20000 -> error(no_name) end,
    receive {'DOWN', Ref, _, _, _} -> ok after 20000 -> error(no_down) end,
    whereis(Name) =/= Child orelse error({name_of_the_dead, Name}),
    State.

alias_call(Pick, State) ->
    Server = spawn(fun() -> receive {To, X} -> To ! {To, X + 1}, To ! {To, late} end end),
    Ref = monitor(process, Server, [{alias, reply_demonitor}]),
    Server ! {Ref, Pick},
    receive
        {Ref, X} when X =:= Pick + 1 -> ok;
        Other when element(1, Other) =:= Ref -> error({wrong_reply, Other})
    after 20000 -> error(no_reply)
    end,
    receive {Ref, late} -> error(alias_stayed) after 0 -> ok end,
    receive {'DOWN', Ref, _, _, _} -> error(monitor_stayed) after 0 -> State end.

%% A chain of links that falls at once.
crowd(Pick, State) ->
    Parent = self(),
    Head = spawn(fun() -> chain(Pick rem 30, Parent) end),
    Ref = monitor(process, Head),
    Last = receive {last, L} -> L after 20000 -> error(no_chain) end,
    exit(Last, {falls, Pick}),
    receive
        {'DOWN', Ref, process, Head, {falls, Pick}} -> State;
        {'DOWN', Ref, process, Head, Other} -> error({wrong_reason, Other})
    after 20000 -> error({chain_stands, Head})
    end.

chain(0, Parent) -> Parent ! {last, self()}, receive after infinity -> ok end;
chain(N, Parent) -> spawn_link(fun() -> chain(N - 1, Parent) end), receive after infinity -> ok end.
