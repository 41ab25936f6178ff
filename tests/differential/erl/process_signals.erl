%% Sequences of what processes do to each other: links, monitors, aliases, exit signals, names,
%% spawns. A few players take turns; what each has got, is related to, and has ended with is
%% compared after every turn.
%%
%% All players share a scheduler with who leads them, and have a higher priority: when the leader
%% runs again all signals of the turn have had their effect. What erl leaves open is left out: the
%% order of messages of different senders, and of what one process' end causes at another.
-module(process_signals).
-export([make/0, run/1, player/0, lead/1]).

make() ->
    {play, prng:between(2, 5), generate:many(prng:pick({4, 12, 30}), fun turn/0)}.

turn() ->
    {prng:below(8), one_end([operation() || _ <- lists:seq(1, prng:pick({1, 1, 2, 3, 5}))])}.

%% Of two ends in one turn, each with its reason, others may hear in either order; and what gives
%% others a chance to run may make a player hear of them, or not.
one_end(Operations) ->
    {Ends, Others} = lists:partition(fun is_end/1, Operations),
    {Waits, Quick} = lists:partition(fun may_wait/1, Others),
    case Ends of
        [End | _] when element(1, End) =:= exit ->
            {Before, After} = lists:split(length(Quick) div 2, Quick),
            Waits ++ Before ++ [End | After];
        [End | _] -> Waits ++ Quick ++ [End];
        [] -> Waits ++ Quick
    end.

may_wait({demonitor, _, Options}) -> is_list(Options) andalso lists:member(flush, Options);
may_wait(Operation) ->
    lists:member(element(1, Operation), [drain, collect, alive, spawn, request]).

is_end(Operation) -> lists:member(element(1, Operation), [exit, stop, crash, throw]).

operation() ->
    case prng:below(40) of
        N when N < 6 -> {link, who()};
        N when N < 9 -> {unlink, who()};
        N when N < 13 -> {monitor, who(), monitor_options()};
        13 -> {monitor, name(), monitor_options()};
        N when N < 18 -> {demonitor, ref(), prng:pick({none, [], [flush], [info], [flush, info],
                                                      [info, flush, info], [odd]})};
        18 -> {alias, prng:pick({[], [explicit_unalias], [reply], [reply, explicit_unalias], [odd]})};
        19 -> {unalias, ref()};
        N when N < 24 -> {send, prng:pick({{pid, who()}, {ref, ref()}, {ref, ref()}, {name, name()},
                                           {there, name()}}), prng:below(100)};
        N when N < 28 -> {exit, prng:pick({{pid, who()}, {pid, who()}, {pid, who()}, self,
                                           {ref, ref()}}), reason()};
        N when N < 31 -> {trap, prng:pick({true, true, false})};
        31 -> {prng:pick({stop, stop, crash, throw}), reason()};
        32 -> {spawn, spawn_options()};
        33 -> {spawn, [monitor]};
        34 -> {request, request_options()};
        35 -> {abandon, ref()};
        36 -> {register, name(), who()};
        37 -> {unregister, name()};
        38 -> {prng:pick({drain, drain, collect, hibernate, link_self, alive})};
        39 -> {leader, who()}
    end.

who() -> prng:below(8).
ref() -> prng:below(12).
name() -> prng:pick({name_1, name_2}).

reason() ->
    prng:pick({normal, kill, killed, shutdown, {shutdown, x}, noproc, noconnection, {a, "term", [1]},
               42}).

monitor_options() ->
    prng:pick({none, [], [{alias, explicit_unalias}], [{alias, demonitor}],
               [{alias, reply_demonitor}], [{tag, mine}], [{tag, {t, 1}}, {alias, demonitor}],
               [{alias, odd}], [{alias, demonitor}, {alias, explicit_unalias}]}).

spawn_options() ->
    generate:many(3, fun() ->
                             prng:pick({link, monitor, {monitor, []}, {fullsweep_after, 5},
                                        {monitor, [{alias, explicit_unalias}]},
                                        {monitor, [{alias, reply_demonitor}]},
                                        {monitor, [{alias, demonitor}]},
                                        {monitor, [{tag, spawned}]}, {monitor, [odd]},
                                        {min_heap_size, 300}, {message_queue_data, off_heap}})
                     end).

request_options() ->
    spawn_options() ++
        generate:many(2, fun() -> prng:pick({{reply, no}, {reply, error_only}, {reply, yes},
                                             {reply, success_only}, {reply_tag, asked},
                                             {reply, odd}})
                         end).

%% --- players ---

-define(TOGETHER, [{scheduler, 1}, {priority, high}]).

player() ->
    receive
        {turn, From, Ref, Operations, Known} ->
            From ! {Ref, [act(Operation, Known) || Operation <- Operations]},
            lists:member({hibernate}, Operations) andalso erlang:hibernate(?MODULE, player, []),
            player()
    end.

%% These are not to be caught.
act({stop, Reason}, _) -> exit(Reason);
act({crash, Reason}, _) -> error(Reason);
act({throw, Reason}, _) -> throw(Reason);
act(Operation, Known) ->
    try perform(Operation, Known) catch Class:Reason -> {Class, Reason} end.

perform({link, Who}, Known) -> link(pid(Who, Known));
perform({unlink, Who}, Known) -> unlink(pid(Who, Known));
perform({monitor, Who, none}, Known) -> monitor(process, target(Who, Known));
perform({monitor, Who, Options}, Known) -> monitor(process, target(Who, Known), Options);
perform({demonitor, Ref, none}, Known) -> demonitor(reference(Ref, Known));
perform({demonitor, Ref, Options}, Known) -> demonitor(reference(Ref, Known), Options);
perform({alias, Options}, _) -> alias(Options);
perform({unalias, Ref}, Known) -> unalias(reference(Ref, Known));
perform({send, To, What}, Known) -> receiver(To, Known) ! {message, self(), What}, sent;
perform({exit, To, Reason}, Known) -> exit(receiver(To, Known), Reason);
perform({trap, Whether}, _) -> process_flag(trap_exit, Whether);
perform({spawn, Options}, _) -> spawn_opt(?MODULE, player, [], Options ++ ?TOGETHER);
perform({request, Options}, _) -> spawn_request(?MODULE, player, [], Options ++ ?TOGETHER);
perform({abandon, Ref}, Known) -> spawn_request_abandon(reference(Ref, Known));
perform({register, Name, Who}, Known) -> register(Name, pid(Who, Known));
perform({unregister, Name}, _) -> unregister(Name);
perform({drain}, _) -> length(drain());
perform({collect}, _) -> garbage_collect();
perform({hibernate}, _) -> at_end;
perform({alive}, _) -> is_process_alive(self());
perform({link_self}, _) -> link(self());
perform({leader, Who}, Known) -> group_leader(pid(Who, Known), self()).

drain() -> receive Message when element(1, Message) =/= turn -> [Message | drain()] after 0 -> [] end.

target(Name, _) when is_atom(Name) -> Name;
target(Who, Known) -> pid(Who, Known).

receiver({pid, Who}, Known) -> pid(Who, Known);
receiver({ref, Ref}, Known) -> reference(Ref, Known);
receiver({name, Name}, _) -> Name;
receiver({there, Name}, _) -> {Name, node()};
receiver(self, _) -> self().

pid(N, {Pids, _}) -> lists:nth(N rem length(Pids) + 1, Pids).
%% The newest first.
reference(_, {_, []}) -> make_ref();
reference(N, {_, Refs}) -> lists:nth(N rem length(Refs) + 1, Refs).

%% --- who leads them ---

run({play, Players, Turns}) ->
    %% Reports of crashes go nowhere.
    whereis(?MODULE) =:= undefined
        andalso begin
                    register(?MODULE, spawn(fun forget/0)),
                    erlang:system_flag(system_logger, whereis(?MODULE))
                end,
    {Pid, Ref} = spawn_opt(?MODULE, lead, [{Players, Turns}], [monitor, {scheduler, 1}]),
    receive {'DOWN', Ref, process, Pid, Reason} -> Reason end.

forget() -> receive _ -> forget() end.

%% Processes and references go by their numbers in the order in which they are found; both lists
%% have the newest first.
lead({Players, Turns}) ->
    put(pids, []),
    put(refs, []),
    put(watches, #{}),
    [number(spawn_opt(?MODULE, player, [], ?TOGETHER)) || _ <- lists:seq(1, Players)],
    Result = [take_turn(Turn) || Turn <- Turns],
    [exit(Pid, kill) || Pid <- get(pids)],
    [receive {'DOWN', Ref, process, Pid, _} -> ok end
     || Pid <- get(pids), Ref <- [monitor(process, Pid)]],
    exit(Result).

take_turn({Actor, Operations}) ->
    Known = {lists:reverse(get(pids)), get(refs)},
    Pid = pid(Actor, Known),
    Ref = make_ref(),
    Watch = monitor(process, Pid),
    Pid ! {turn, self(), Ref, Operations, Known},
    Results = receive
                  {Ref, Done} -> clear(Done);
                  {'DOWN', Watch, process, Pid, Why} -> {ended, clear(reason_of(Why))}
              end,
    demonitor(Watch, [flush]),
    erlang:yield(),
    States = states(lists:reverse(get(pids)), []),
    {Results, States}.

%% There may be more of them once all states are known.
states([], States) ->
    case length(get(pids)) of
        N when N > length(States) -> states(lists:nthtail(length(States), lists:reverse(get(pids))),
                                            States);
        _ -> lists:reverse(States)
    end;
states([Pid | Pids], States) -> states(Pids, [state(Pid) | States]).

state(Pid) ->
    case process_info(Pid, [links, monitors, monitored_by, trap_exit, messages, registered_name]) of
        undefined ->
            Watch = map_get(Pid, get(watches)),
            receive {'DOWN', Watch, process, Pid, Why} -> put({ended, Pid}, clear(reason_of(Why)))
            after 0 -> ok
            end,
            {ended, get({ended, Pid})};
        [{links, Links}, {monitors, Monitors}, {monitored_by, By}, Trap, {messages, Messages}, Name] ->
            Received = in_order([clear(Message) || Message <- Messages]),
            %% Those nobody has told of, in the order of their making.
            _ = [clear(Other) || Other <- lists:usort(Links ++ [P || {_, P} <- Monitors] ++ By)],
            {lists:sort([clear(Link) || Link <- Links]),
             lists:sort([clear(Monitor) || Monitor <- Monitors]),
             lists:sort([clear(Watcher) || Watcher <- By, Watcher =/= self()]),
             Trap, Name, Received}
    end.

number(Pid) ->
    put(pids, [Pid | get(pids)]),
    put(watches, (get(watches))#{Pid => monitor(process, Pid)}),
    ok.

%% Without what differs from run to run.
clear(Pid) when Pid =:= self() -> leader;
clear(Pid) when is_pid(Pid) -> {pid, place(Pid, pids)};
clear(Ref) when is_reference(Ref) -> {ref, place(Ref, refs)};
clear([Head | Tail]) -> [clear(Head) | clear(Tail)];
clear(Tuple) when is_tuple(Tuple) -> list_to_tuple(clear(tuple_to_list(Tuple)));
clear(Term) -> Term.

place(Thing, List) ->
    case place_from_end(Thing, get(List)) of
        0 when List =:= pids -> number(Thing), length(get(pids));
        0 -> put(refs, [Thing | get(refs)]), length(get(refs));
        N -> N
    end.

place_from_end(_, []) -> 0;
place_from_end(Thing, [Thing | Rest]) -> length(Rest) + 1;
place_from_end(Thing, [_ | Rest]) -> place_from_end(Thing, Rest).

reason_of({Reason, [{M, F, A, Where} | _]}) when is_atom(M), is_atom(F), is_list(Where) ->
    {Reason, at, M, F, A};
reason_of(Reason) -> Reason.

%% By sender, each one's in its order; what tells of one end in any.
in_order(Messages) ->
    Sorted = lists:sort(fun(A, B) -> sender(A) =< sender(B) end,
                        [without_stack(Message) || Message <- Messages]),
    ends_sorted(Sorted).

without_stack({'EXIT', From, Reason}) -> {'EXIT', From, reason_of(Reason)};
without_stack({Tag, Ref, process, What, Reason}) -> {Tag, Ref, process, What, reason_of(Reason)};
without_stack(Message) -> Message.

sender({message, From, _}) -> From;
sender({'EXIT', From, _}) -> From;
sender({_, _, process, What, _}) -> What;
sender(_) -> none.

told({'EXIT', From, Reason}) -> {From, Reason};
told({_, _, process, From, Reason}) -> {From, Reason};
told(_) -> none.

ends_sorted([]) -> [];
ends_sorted([Message | Rest]) ->
    case told(Message) of
        none -> [Message | ends_sorted(Rest)];
        End ->
            {Same, Others} = lists:splitwith(fun(M) -> told(M) =:= End end, Rest),
            lists:sort([Message | Same]) ++ ends_sorted(Others)
    end.
