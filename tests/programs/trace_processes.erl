%% Tracing of processes: flags, what is told of sends, receives, relations, names, ends, turns.
-module(trace_processes).
-export([main/0, echo/0, idle/0, idle_call/1, parent/1, child/0]).

main() ->
    [{flags, flags()}, {send, sends()}, {'receive', receives()}, {timeout, timeouts()},
     {procs, procs()}, {ended_by_link, ended_by_link()}, {no_tracer, no_tracer()}, {program_without_tracer, program_without_tracer()},
     {names, names()}, {spawn, spawns()}, {first, first_spawn()}, {link, on_link()},
     {running, running()}, {gc, [collections(F) || F <- [fun() -> ok end, fun() -> lists:seq(1, 200000) end]]},
     {gc_dirty, dirty_collection()}, {times, times()}, {errors, errors()},
     {new, new_processes()}, {traps, traps()}, {tracer, other_tracer()}, {dead, dead_tracer()},
     {sensitive, sensitive()}, {delivered, delivered()}, {patterns, patterns()}].

%% What a native that takes several turns is called between them; what is told from within erlang:yield.
traps() ->
    List = lists:duplicate(500000, 1),
    Binary = term_to_binary([{I} || I <- lists:seq(1, 300000)]),
    Bodies = [fun() -> erlang:yield(), erlang:yield(), erlang:yield() end,
              fun() -> list_to_binary([List]) end, fun() -> iolist_to_binary([List]) end,
              fun() -> list_to_bitstring([List]) end, fun() -> catch list_to_binary([List, x]) end,
              fun() -> binary_to_term(Binary) end],
    Names = [{erts_internal, list_to_binary_continue, 1}, {erts_internal, binary_to_term_trap, 1},
             {erlang, yield, 0}, {erlang, list_to_binary, 1}, {erlang, binary_to_term, 1}],
    [begin
         Seen = turns_of(Body),
         [lists:member(Name, Seen) || Name <- Names]
     end || Body <- Bodies].

turns_of(Body) ->
    {Pid, Ref} = spawn_monitor(fun() -> receive go -> ok end, Body() end),
    erlang:trace(Pid, true, [running]),
    Pid ! go,
    receive {'DOWN', Ref, _, _, _} -> ok end,
    [Place || {trace, _, out, Place} <- events(Pid, [])].

error_of(F) ->
    try F() catch Class:Reason -> {Class, Reason} end.

%% Events of `Pid` until it is known that no more come; pids by role.
events(Pid, Roles) ->
    Ref = erlang:trace_delivered(Pid),
    events_until(Ref, [{Pid, pid}, {self(), me} | Roles], []).

events_until(Ref, Roles, Seen) ->
    receive
        {trace_delivered, _, Ref} -> lists:reverse(Seen);
        Event when element(1, Event) =:= trace; element(1, Event) =:= trace_ts ->
            events_until(Ref, Roles, [named(Event, Roles) | Seen])
    after 5000 -> {timeout, lists:reverse(Seen)}
    end.

named(Term, Roles) when is_pid(Term) -> proplists:get_value(Term, Roles, other);
named(Term, Roles) when is_tuple(Term) ->
    list_to_tuple([named(T, Roles) || T <- tuple_to_list(Term)]);
named([H | T], Roles) -> [named(H, Roles) | named(T, Roles)];
named(Term, _) when is_reference(Term) -> ref;
named(Term, _) -> Term.

echo() ->
    receive
        {From, stop} -> From ! stopped;
        {From, {do, F}} -> From ! {self(), F()}, echo();
        {From, Message} -> From ! {self(), Message}, echo()
    end.

idle() -> receive stop -> ok end.

do(Pid, F) ->
    Pid ! {self(), {do, F}},
    receive {Pid, Value} -> Value after 5000 -> timeout end.

ask(Pid, Message) ->
    Pid ! {self(), Message},
    receive {Pid, Message} -> ok after 5000 -> timeout end.

flags() ->
    Pid = spawn(?MODULE, idle, []),
    Info = fun() -> [erlang:trace_info(Pid, flags), {is_me, me(erlang:trace_info(Pid, tracer))}] end,
    Steps = [Info(),
             erlang:trace(Pid, true, [send, 'receive', procs]), Info(),
             erlang:trace(Pid, true, [call, arity, timestamp, garbage_collection, running]), Info(),
             erlang:trace(Pid, false, [send, call]), Info(),
             erlang:trace(Pid, true, [set_on_spawn, set_on_link, set_on_first_spawn,
                                      set_on_first_link, strict_monotonic_timestamp,
                                      monotonic_timestamp, return_to, silent, scheduler_id, exiting,
                                      running_procs]), Info(),
             erlang:trace(Pid, false, [all]), Info()],
    _ = events(Pid, []),
    exit(Pid, kill),
    Steps.

me({tracer, Pid}) when Pid =:= self() -> true;
me({tracer, []}) -> none;
me(Other) -> Other.

sends() ->
    Pid = spawn(?MODULE, echo, []),
    Dead = spawn(fun() -> ok end),
    wait_dead(Dead),
    register(trace_named, self()),
    1 = erlang:trace(Pid, true, [send]),
    ok = ask(Pid, hello),
    done = do(Pid, fun() -> self() ! to_me, trace_named ! by_name, {trace_named, node()} ! by_node,
                            Dead ! gone, catch no_such_name ! x,
                            erlang:send(trace_named, by_function),
                            receive to_me -> done end end),
    unregister(trace_named),
    Events = events(Pid, [{Dead, dead}]),
    receive by_name -> ok end, receive by_node -> ok end, receive by_function -> ok end,
    Pid ! {self(), stop},
    receive stopped -> ok end,
    _ = events(Pid, []),
    Events.

receives() ->
    Pid = spawn(?MODULE, echo, []),
    1 = erlang:trace(Pid, true, ['receive']),
    ok = ask(Pid, {some, [message]}),
    erlang:send_after(1, Pid, {self(), timed}),
    receive {Pid, timed} -> ok end,
    Events = events(Pid, []),
    1 = erlang:trace(Pid, false, ['receive']),
    ok = ask(Pid, unseen),
    Rest = events(Pid, []),
    exit(Pid, kill),
    [Events, Rest].

timeouts() ->
    Pid = spawn(?MODULE, echo, []),
    1 = erlang:trace(Pid, true, ['receive']),
    do(Pid, fun() -> receive nothing -> ok after 1 -> receive nothing -> ok after 0 -> ok end end end),
    All = events(Pid, []),
    erlang:trace_pattern('receive', [{[clock_service, undefined, timeout], [], []}], []),
    do(Pid, fun() -> receive nothing -> ok after 1 -> ok end end),
    Chosen = events(Pid, []),
    erlang:trace_pattern('receive', true, []),
    exit(Pid, kill),
    [[Event || Event <- Events, element(4, Event) =:= timeout] || Events <- [All, Chosen]].

ended_by_link() ->
    Pid = spawn(?MODULE, echo, []),
    Linker = spawn(?MODULE, echo, []),
    do(Linker, fun() -> link(Pid) end),
    1 = erlang:trace(Pid, true, [procs]),
    exit(Linker, bye),
    wait_dead(Pid),
    events(Pid, [{Linker, linker}]).

%% A trace program in a process without a tracer, which names none, ends the tracing of another.
program_without_tracer() ->
    Pid = spawn(?MODULE, echo, []),
    1 = erlang:trace(Pid, true, ['receive', send]),
    erlang:trace_pattern({?MODULE, idle_call, 1}, [{['$1'], [], [{trace, '$1', [call], []}]}], [meta]),
    idle_call(Pid),
    ok = ask(Pid, unseen),
    Found = {erlang:trace_info(Pid, flags), events(Pid, [])},
    erlang:trace_pattern({?MODULE, idle_call, 1}, false, [meta]),
    receive {trace_ts, _, call, {?MODULE, idle_call, _}} -> ok after 100 -> ok end,
    exit(Pid, kill),
    Found.

idle_call(Pid) -> Pid.

%% What is to be traced once it is created is not when the tracer is gone.
no_tracer() ->
    {Tracer, Monitor} = spawn_monitor(?MODULE, idle, []),
    0 = erlang:trace(new, true, [send, {tracer, Tracer}]),
    {flags, Before} = erlang:trace_info(new, flags),
    Tracer ! stop,
    receive {'DOWN', Monitor, process, _, _} -> ok end,
    Found = {Before, erlang:trace_info(new, flags), erlang:trace_info(new, tracer)},
    erlang:trace(new, false, [all]),
    Found.

procs() ->
    Pid = spawn(?MODULE, echo, []),
    Other = spawn(?MODULE, idle, []),
    1 = erlang:trace(Pid, true, [procs]),
    do(Pid, fun() -> link(Other), link(Other), unlink(Other), process_flag(trap_exit, true) end),
    Linker = spawn(?MODULE, echo, []),
    do(Linker, fun() -> link(Pid) end),
    do(Linker, fun() -> unlink(Pid) end),
    do(Pid, fun() -> ok end),
    Roles = [{Other, other}, {Linker, linker}],
    First = events(Pid, Roles),
    do(Linker, fun() -> link(Pid) end),
    exit(Linker, bye),
    wait_dead(Linker),
    ok = ask(Pid, sync),
    Second = events(Pid, Roles),
    exit(Other, kill),
    Pid ! {self(), stop},
    receive stopped -> ok end,
    wait_dead(Pid),
    [First, Second, events(Pid, Roles)].

names() ->
    Pid = spawn(?MODULE, echo, []),
    1 = erlang:trace(Pid, true, [procs]),
    true = register(trace_a, Pid),
    true = unregister(trace_a),
    do(Pid, fun() -> register(trace_b, self()), unregister(trace_b), register(trace_c, self()) end),
    exit(Pid, {ended, "so"}),
    wait_dead(Pid),
    events(Pid, []).

parent(Last) ->
    receive {From, go} -> ok end,
    Child = spawn_link(?MODULE, child, []),
    Second = spawn(?MODULE, child, []),
    From ! {self(), {Child, Second}},
    receive stop -> Last end.

child() -> receive stop -> ok end.

spawns() -> spawns([procs, set_on_spawn]).
first_spawn() -> spawns([procs, set_on_first_spawn]).

spawns(Flags) ->
    Pid = spawn(?MODULE, parent, [last]),
    1 = erlang:trace(Pid, true, Flags),
    Pid ! {self(), go},
    {A, B} = receive {Pid, Children} -> Children end,
    Roles = [{A, first}, {B, second}],
    All = events(all, [{Pid, pid} | Roles]),
    Told = [[E || E <- All, element(2, E) =:= Who] || Who <- [pid, first, second]],
    Shown = [element(2, erlang:trace_info(P, flags)) || P <- [Pid, A, B]],
    [exit(P, kill) || P <- [A, B, Pid]],
    [wait_dead(P) || P <- [A, B, Pid]],
    _ = events(all, []),
    [Told, Shown].

%% By spawn_link; what link/1 does differs between releases.
on_link() ->
    [spawns([procs, set_on_link]), spawns([procs, set_on_first_link])].

running() ->
    Pid = spawn(?MODULE, echo, []),
    ok = ask(Pid, warm),
    1 = erlang:trace(Pid, true, [running, exiting]),
    ok = ask(Pid, one),
    erlang:yield(),
    ok = ask(Pid, two),
    timer:sleep(20),
    Turns = events(Pid, []),
    exit(Pid, kill),
    wait_dead(Pid),
    End = events(Pid, []),
    [length(Turns) >= 4, lists:usort([{element(3, T), element(4, T)} || T <- Turns]),
     alternate([element(3, T) || T <- Turns]), lists:last(End)].

alternate([in, out | Rest]) -> alternate(Rest);
alternate([]) -> true;
alternate(Other) -> Other.

%% Of small heaps and of large ones, which are collected off the schedulers when nobody traces.
collections(Fill) ->
    Pid = spawn(fun() -> keep(Fill()) end),
    ok = ask(Pid, warm),
    1 = erlang:trace(Pid, true, [garbage_collection]),
    do(Pid, fun() -> erlang:garbage_collect() end),
    majors(Pid).

keep(Terms) ->
    receive
        {From, {do, F}} -> From ! {self(), F()}, keep(Terms);
        {From, Message} -> From ! {self(), Message}, keep(Terms)
    end.

%% Asked for by another while the process is in a dirty native.
dirty_collection() ->
    Pid = spawn(?MODULE, echo, []),
    ok = ask(Pid, warm),
    1 = erlang:trace(Pid, true, [garbage_collection]),
    Pid ! {self(), {do, fun() -> erts_debug:dirty_io(wait, 300) end}},
    receive after 100 -> ok end,
    true = erlang:garbage_collect(Pid),
    receive {Pid, ok} -> ok end,
    majors(Pid).

majors(Pid) ->
    Events = events(Pid, []),
    exit(Pid, kill),
    %% There may be minor ones besides.
    lists:usort([{Tag, lists:sort([K || {K, N} <- Info, is_integer(N)])}
                 || {trace, pid, Tag, Info} <- Events,
                    Tag =:= gc_major_start orelse Tag =:= gc_major_end]).

times() ->
    [time(F) || F <- [timestamp, monotonic_timestamp, strict_monotonic_timestamp, scheduler_id]].

time(Flag) ->
    Pid = spawn(?MODULE, echo, []),
    1 = erlang:trace(Pid, true, [send, Flag]),
    ok = ask(Pid, hello),
    [Event] = events(Pid, []),
    exit(Pid, kill),
    [element(1, Event), tuple_size(Event), shape(element(tuple_size(Event), Event))].

shape({A, B, C}) when is_integer(A), is_integer(B), is_integer(C) -> now;
shape({A, B}) when is_integer(A), is_integer(B) -> strict;
shape(N) when is_integer(N) -> integer.

errors() ->
    Dead = spawn(fun() -> ok end),
    wait_dead(Dead),
    [error_of(F) || F <-
        [fun() -> erlang:trace(Dead, true, [send]) end,
         fun() -> erlang:trace(self(), maybe_, [send]) end,
         fun() -> erlang:trace(self(), true, [sending]) end,
         fun() -> erlang:trace(self(), true, [send | procs]) end,
         fun() -> erlang:trace(nobody, true, [send]) end,
         fun() -> erlang:trace(self(), true, [{tracer, Dead}]) end,
         fun() -> erlang:trace(self(), true, [{tracer, lists, []}]) end,
         fun() -> erlang:trace(self(), true, [cpu_timestamp]) end,
         fun() -> erlang:trace_info(Dead, flags) end,
         fun() -> erlang:trace_info(self(), wrong) end,
         fun() -> erlang:trace_info(17, flags) end,
         fun() -> erlang:trace_delivered(17) end,
         fun() -> erlang:trace_info(new, flags) end]].

new_processes() ->
    Before = erlang:trace_info(new, flags),
    N = erlang:trace(new, true, [procs]),
    Info = [erlang:trace_info(new, flags), me(erlang:trace_info(new, tracer))],
    Pid = spawn(?MODULE, idle, []),
    0 = erlang:trace(new, false, [procs]),
    Late = spawn(?MODULE, idle, []),
    Flags = [erlang:trace_info(P, flags) || P <- [Pid, Late]],
    Pid ! stop, Late ! stop,
    wait_dead(Pid), wait_dead(Late),
    [Before, N, Info, Flags, [E || E <- events(all, [{Pid, pid}]), element(2, E) =:= pid]].

other_tracer() ->
    Me = self(),
    Tracer = spawn(fun() -> forward(Me) end),
    Pid = spawn(?MODULE, echo, []),
    1 = erlang:trace(Pid, true, [send, {tracer, Tracer}]),
    Info = erlang:trace_info(Pid, tracer) =:= {tracer, Tracer},
    Same = erlang:trace(Pid, true, ['receive', {tracer, Tracer}]),
    ok = ask(Pid, hello),
    Ref = erlang:trace_delivered(Pid),
    receive {trace_delivered, Pid, Ref} -> ok end,
    Tracer ! {Me, flush},
    Told = forwarded(Tracer, [{Pid, pid}, {Me, me}]),
    exit(Pid, kill),
    exit(Tracer, kill),
    [Info, Same, lists:sort(Told)].

forward(To) ->
    receive
        {To, flush} -> To ! {self(), flushed}, forward(To);
        Event -> To ! {self(), event, Event}, forward(To)
    end.

forwarded(Tracer, Roles) ->
    receive
        {Tracer, event, Event} -> [named(Event, Roles) | forwarded(Tracer, Roles)];
        {Tracer, flushed} -> []
    after 5000 -> timeout
    end.

dead_tracer() ->
    Tracer = spawn(?MODULE, idle, []),
    Pid = spawn(?MODULE, echo, []),
    1 = erlang:trace(Pid, true, [send, {tracer, Tracer}]),
    exit(Tracer, kill),
    wait_dead(Tracer),
    ok = ask(Pid, hello),
    Info = [erlang:trace_info(Pid, flags), erlang:trace_info(Pid, tracer)],
    Again = erlang:trace(Pid, true, [send]),
    exit(Pid, kill),
    [Info, Again].

sensitive() ->
    Pid = spawn(?MODULE, echo, []),
    1 = erlang:trace(Pid, true, [send, 'receive']),
    false = do(Pid, fun() -> process_flag(sensitive, true) end),
    First = events(Pid, []),
    ok = ask(Pid, secret),
    Second = events(Pid, []),
    true = do(Pid, fun() -> process_flag(sensitive, false) end),
    ok = ask(Pid, open),
    Third = events(Pid, []),
    exit(Pid, kill),
    [length(First), Second, length(Third)].

delivered() ->
    Ref = erlang:trace_delivered(all),
    receive {trace_delivered, all, Ref} -> ok after 1000 -> timeout end.

patterns() ->
    Pid = spawn(?MODULE, echo, []),
    Me = self(),
    1 = erlang:trace(Pid, true, [send, 'receive']),
    Default = [erlang:trace_info(send, match_spec), erlang:trace_info('receive', match_spec)],
    1 = erlang:trace_pattern(send, [{['_', {'_', wanted}], [], [{message, told}]}], []),
    1 = erlang:trace_pattern('receive', [{['$1', '$2', {'_', wanted}],
                                          [{'==', '$1', node()}, {'=:=', '$2', Me}], []}], []),
    Set = [erlang:trace_info(send, match_spec), length(element(2, erlang:trace_info('receive', match_spec)))],
    ok = ask(Pid, wanted),
    ok = ask(Pid, other),
    Some = lists:sort(events(Pid, [])),
    1 = erlang:trace_pattern(send, false, []),
    1 = erlang:trace_pattern('receive', false, []),
    ok = ask(Pid, wanted),
    None = events(Pid, []),
    Off = [erlang:trace_info(send, match_spec), erlang:trace_info('receive', match_spec)],
    1 = erlang:trace_pattern(send, true, []),
    1 = erlang:trace_pattern('receive', true, []),
    exit(Pid, kill),
    [Default, Set, Some, None, Off,
     error_of(fun() -> erlang:trace_pattern(send, true, [local]) end),
     error_of(fun() -> erlang:trace_pattern(sent, true, []) end),
     error_of(fun() -> erlang:trace_pattern(send, [{'_', [], [{caller}]}], []) end)].

wait_dead(Pid) ->
    Ref = monitor(process, Pid),
    receive {'DOWN', Ref, process, Pid, _} -> ok after 5000 -> timeout end.
