%% Random links, monitors, aliases, exits and traps among a few processes, one operation at a time:
%% which messages each process gets, and why each ends. The sequences come from a generator of their
%% own, so that they are the same under every VM.
-module(relations).
-export([main/0, worker/1]).

-define(WORKERS, 4).
-define(SEEDS, 40).
-define(OPERATIONS, 40).

main() -> [sequence(Seed) || Seed <- lists:seq(1, ?SEEDS)].

sequence(Seed) ->
    Workers = maps:from_list([start(Name) || Name <- lists:seq(1, ?WORKERS)]),
    run(?OPERATIONS, Seed * 7919, #{workers => Workers, references => #{}, next => 1}, []).

start(Name) ->
    Controller = self(),
    {Pid, Monitor} = spawn_monitor(?MODULE, worker, [Controller]),
    {Name, {Pid, Monitor}}.

run(0, _, #{workers := Workers}, Log) ->
    [begin exit(Pid, kill), receive {'DOWN', Monitor, _, _, _} -> ok end end
     || {_, {Pid, Monitor}} <- maps:to_list(Workers)],
    lists:reverse(Log);
run(Count, Random0, State0, Log) ->
    {Operation, Random} = operation(Random0),
    {Result, State1} = perform(Operation, State0),
    {Ended, State2} = settle(State1, 3, []),
    {Messages, State} = collect(State2),
    {Revived, State3} = revive(Ended, State),
    run(Count - 1, Random, State3, [{Operation, Result, Ended, Messages, Revived} | Log]).

next(Random) -> (Random * 1103515245 + 12345) band 16#7fffffff.
draw(Random0, Limit) ->
    Random = next(Random0),
    {(Random bsr 8) rem Limit + 1, Random}.

operation(Random0) ->
    Kinds = {link, link, unlink, monitor, monitor, demonitor, trap, untrap, exit_normal, exit_other,
             exit_kill, leave, leave_normal, monitor_alias, send_alias, unalias, crash, link_dead,
             monitor_name, demonitor_flush},
    {K, Random1} = draw(Random0, tuple_size(Kinds)),
    {A, Random2} = draw(Random1, ?WORKERS),
    {B, Random3} = draw(Random2, ?WORKERS),
    {N, Random} = draw(Random3, 6),
    {{element(K, Kinds), A, B, N}, Random}.

perform({Kind, A, B, N}, State) ->
    #{workers := Workers, references := References, next := Next} = State,
    {From, _} = maps:get(A, Workers),
    {To, _} = maps:get(B, Workers),
    Known = maps:get({A, N}, References, none),
    Known1 = case Known of none -> none; {_, Ref} -> Ref end,
    From ! {do, self(), Kind, To, Known1},
    Result = receive {done, From, R} -> R; {'DOWN', _, process, From, _} = Down -> self() ! Down, died
             after 5000 -> no_answer end,
    case Result of
        _ when Kind =:= exit_normal; Kind =:= exit_other; Kind =:= exit_kill ->
            %% The exit may come back along a link before the answer is sent.
            {sent, State};
        {reference, Reference} ->
            {{reference, Next},
             State#{references := References#{{A, N} => {Next, Reference}}, next := Next + 1}};
        _ -> {Result, State}
    end.

%% Ends travel along links: a few rounds, each with time for signals to arrive.
settle(State, 0, Ended) -> {lists:sort(Ended), State};
settle(#{workers := Workers} = State, Rounds, Ended) ->
    receive after 1 -> ok end,
    Answers = [ping(Name, Worker) || {Name, Worker} <- maps:to_list(Workers),
                                     not lists:keymember(Name, 1, Ended)],
    settle(State, Rounds - 1, Ended ++ [{Name, names(Reason, State)} || {Name, ended, Reason} <- Answers]).

ping(Name, {Pid, Monitor}) ->
    Pid ! {ping, self()},
    receive
        {pong, Pid} -> {Name, alive};
        {'DOWN', Monitor, process, Pid, Reason} -> {Name, ended, Reason}
    after 5000 -> {Name, silent}
    end.

collect(#{workers := Workers} = State) ->
    %% Sorted by the names, not by the pids: those depend on who was spawned first after several ends.
    {[{Name, lists:sort(names(messages(Pid), State))} || {Name, {Pid, _}} <- maps:to_list(Workers),
                                                         is_process_alive(Pid)], State}.

messages(Pid) ->
    Pid ! {collect, self()},
    receive {collected, Pid, Messages} -> Messages after 5000 -> silent end.

revive(Ended, #{workers := Workers} = State) ->
    New = maps:from_list([start(Name) || {Name, _} <- Ended]),
    {maps:size(New), State#{workers := maps:merge(Workers, New)}}.

%% Pids and references by what they are called here; stack traces by their first function.
names(Term, #{workers := Workers, references := References}) ->
    Pids = maps:from_list([{Pid, {worker, Name}} || {Name, {Pid, _}} <- maps:to_list(Workers)]),
    Refs = maps:from_list([{Ref, {reference, Number}} || {_, {Number, Ref}} <- maps:to_list(References)]),
    replace(Term, maps:merge(Pids, Refs)).

replace(Term, Names) when is_pid(Term); is_reference(Term) -> maps:get(Term, Names, other);
replace({Reason, [{M, F, A, _} | _]}, Names) when is_atom(M) -> {replace(Reason, Names), {M, F, A}};
replace(Term, Names) when is_tuple(Term) ->
    list_to_tuple([replace(E, Names) || E <- tuple_to_list(Term)]);
replace([Head | Tail], Names) -> [replace(Head, Names) | replace(Tail, Names)];
replace(Term, _) -> Term.

worker(Controller) -> worker(Controller, []).

worker(Controller, Seen) ->
    receive
        {do, Controller, Kind, To, Known} ->
            Answer = try do(Kind, To, Known) catch Class:Reason -> {Class, Reason} end,
            Controller ! {done, self(), Answer},
            worker(Controller, Seen);
        {ping, Controller} -> Controller ! {pong, self()}, worker(Controller, Seen);
        {collect, Controller} ->
            Controller ! {collected, self(), lists:reverse(Seen)},
            worker(Controller, []);
        Other -> worker(Controller, [Other | Seen])
    end.

do(link, To, _) -> link(To);
do(unlink, To, _) -> unlink(To);
do(monitor, To, _) -> {reference, monitor(process, To)};
do(monitor_name, _, _) -> {reference, monitor(process, nobody_has_this_name)};
do(monitor_alias, To, Known) when Known =:= none ->
    {reference, monitor(process, To, [{alias, reply_demonitor}])};
do(monitor_alias, To, _) ->
    {reference, monitor(process, To, [{alias, explicit_unalias}, {tag, {mine, "down"}}])};
do(demonitor, _, none) -> nothing;
do(demonitor, _, Known) -> demonitor(Known, [info]);
do(demonitor_flush, _, none) -> nothing;
do(demonitor_flush, _, Known) -> demonitor(Known, [flush, info]);
do(send_alias, _, none) -> nothing;
do(send_alias, _, Known) -> Known ! {by_alias, hello}, sent;
do(unalias, _, none) -> nothing;
do(unalias, _, Known) -> unalias(Known);
do(trap, _, _) -> process_flag(trap_exit, true);
do(untrap, _, _) -> process_flag(trap_exit, false);
do(exit_normal, To, _) -> exit(To, normal);
do(exit_other, To, _) -> exit(To, {because, [1, 2]});
do(exit_kill, To, _) -> exit(To, kill);
do(leave, _, _) -> leave({left, "early"});
do(leave_normal, _, _) -> leave(normal);
do(crash, _, _) -> spawn_link(fun() -> exit(crashed) end), crashing;
do(link_dead, _, _) ->
    {Pid, Monitor} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Monitor, process, Pid, normal} -> link(Pid) end.

%% Not caught by the worker's try.
leave(Reason) ->
    process_flag(trap_exit, false),
    exit(self(), case Reason of normal -> kill; _ -> Reason end),
    receive never -> ok end.
