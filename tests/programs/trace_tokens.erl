%% Sequential tracing: tokens, what the system tracer is told; system_monitor's settings.
-module(trace_tokens).
-export([main/0, relay/1]).

main() ->
    [] = seq_trace:get_token(),
    [{tokens, tokens()}, {info, infos()}, {travel, travel()}, {print, prints()},
     {spawned, spawned()}, {cleared, cleared()}, {alias, by_alias()}, {errors, errors()},
     {control, control_word()}, {monitor, monitors()}, {large, large_heap()}].

error_of(F) ->
    try F() catch Class:Reason -> {Class, Reason} end.

without_sender({Flags, Label, Serial, Pid, Last}) when Pid =:= self() ->
    {Flags, Label, Serial, me, Last};
without_sender(Other) -> Other.

tokens() ->
    Steps = [erlang:seq_trace(label, {a, "label"}), erlang:seq_trace(send, true),
             erlang:seq_trace('receive', true), erlang:seq_trace(print, true),
             erlang:seq_trace(send, false), erlang:seq_trace(timestamp, true),
             erlang:seq_trace(timestamp, false), erlang:seq_trace(label, 5),
             erlang:seq_trace(serial, {3, 9})],
    erlang:garbage_collect(),
    Token = without_sender(seq_trace:get_token()),
    Process = process_info(self(), sequential_trace_token),
    Same = element(2, Process) =:= seq_trace:get_token(),
    Before = without_sender(erlang:seq_trace(sequential_trace_token, [])),
    [Steps, Token, Same, Before, seq_trace:get_token(), erlang:seq_trace(serial, {0, 0}),
     without_sender(erlang:seq_trace(sequential_trace_token, []))].

infos() ->
    Items = [label, serial, send, 'receive', print, timestamp, monotonic_timestamp,
             strict_monotonic_timestamp],
    None = [erlang:seq_trace_info(I) || I <- Items],
    seq_trace:set_token(label, 1),
    seq_trace:set_token('receive', true),
    Some = [erlang:seq_trace_info(I) || I <- Items -- [serial]],
    seq_trace:set_token([]),
    [None, Some].

tracer(To) ->
    receive
        {flush, From} -> From ! {self(), flushed}, tracer(To);
        Event -> To ! {told, Event}, tracer(To)
    end.

with_tracer(F) ->
    Me = self(),
    Tracer = spawn(fun() -> tracer(Me) end),
    false = seq_trace:set_system_tracer(Tracer),
    Value = F(),
    seq_trace:set_token([]),
    Tracer ! {flush, Me},
    receive {Tracer, flushed} -> ok end,
    Tracer = seq_trace:set_system_tracer(false),
    exit(Tracer, kill),
    {Value, told([])}.

told(Seen) ->
    receive {told, Event} -> told([Event | Seen]) after 0 -> lists:reverse(Seen) end.

%% Serials depend on what the process has done before: their differences do not.
shown(Events, Roles) ->
    [{Label, What, role(From, Roles), role(To, Roles), role(Message, Roles)}
     || {seq_trace, Label, {What, {_, _}, From, To, Message}} <- Events].

role(Pid, Roles) when is_pid(Pid) -> proplists:get_value(Pid, Roles, other);
role(T, Roles) when is_tuple(T) -> list_to_tuple([role(X, Roles) || X <- tuple_to_list(T)]);
role(T, _) -> T.

relay(To) ->
    receive
        {stop, From} -> From ! stopped;
        Message -> To ! {self(), Message}, relay(To)
    end.

travel() ->
    Relay = spawn(?MODULE, relay, [self()]),
    {Value, Events} = with_tracer(fun() ->
        seq_trace:set_token(label, 17),
        seq_trace:set_token(send, true),
        seq_trace:set_token('receive', true),
        Relay ! one,
        receive {Relay, one} -> ok end,
        Relay ! {two, "with", <<"data">>},
        receive {Relay, {two, _, _}} -> ok end,
        element(2, element(2, seq_trace:get_token(serial))) > 0 end),
    Serials = [S || {seq_trace, _, {_, S, _, _, _}} <- Events],
    exit(Relay, kill),
    [Value, shown(Events, [{self(), me}, {Relay, relay}]), relative(Serials)].

relative([{_, First} | _] = All) -> [{Last - First, Serial - First} || {Last, Serial} <- tl(All)].

prints() ->
    {Value, Events} = with_tracer(fun() ->
        None = seq_trace:print(early),
        seq_trace:set_token(label, 3),
        seq_trace:set_token(print, true),
        [None, seq_trace:print(hello), seq_trace:print(3, here), seq_trace:print(4, elsewhere)] end),
    [Value, shown(Events, [{self(), me}])].

spawned() ->
    Me = self(),
    {Value, _} = with_tracer(fun() ->
        seq_trace:set_token(label, child),
        seq_trace:set_token(send, true),
        Pid = spawn(fun() -> Me ! {self(), seq_trace:get_token()} end),
        receive {Pid, Token} -> {element(1, Token), element(2, Token)} end
        end),
    Value.

%% A message without a token takes the receiver's away.
cleared() ->
    Me = self(),
    seq_trace:set_token(label, 1),
    seq_trace:set_token([]),
    spawn(fun() -> Me ! plain end),
    seq_trace:set_token(label, 2),
    receive plain -> ok end,
    seq_trace:get_token().

by_alias() ->
    Me = self(),
    Alias = alias(),
    Relay = spawn(fun() -> receive go -> seq_trace:set_token(label, al), Alias ! {hi, [1]},
                                         Me ! done end end),
    Relay ! go,
    receive {hi, [1]} -> ok end,
    Token = seq_trace:get_token(label),
    seq_trace:set_token([]),
    receive done -> ok end,
    seq_trace:set_token([]),
    unalias(Alias),
    Token.

errors() ->
    [error_of(F) || F <-
        [fun() -> erlang:seq_trace(label) end, fun() -> erlang:seq_trace(nothing, true) end,
         fun() -> erlang:seq_trace(send, 1) end, fun() -> erlang:seq_trace(serial, 1) end,
         fun() -> erlang:seq_trace(serial, {a, b}) end,
         fun() -> erlang:seq_trace(sequential_trace_token, 1) end,
         fun() -> erlang:seq_trace_info(nothing) end, fun() -> erlang:seq_trace_info(1) end,
         fun() -> erlang:system_flag(sequential_tracer, nobody) end]].

control_word() ->
    [erlang:system_flag(trace_control_word, 17), erlang:system_info(trace_control_word),
     erlang:system_flag(trace_control_word, 0),
     error_of(fun() -> erlang:system_flag(trace_control_word, -1) end),
     error_of(fun() -> erlang:system_flag(trace_control_word, 1 bsl 32) end)].

monitors() ->
    Me = self(),
    Named = fun({Pid, L}) when Pid =:= Me -> {me, L}; (Other) -> Other end,
    [Named(erlang:system_monitor()),
     Named(erlang:system_monitor(self(), [{long_gc, 500}, {large_heap, 1}, busy_port])),
     Named(erlang:system_monitor({self(), [{long_schedule, 100}, busy_dist_port]})),
     Named(erlang:system_monitor()),
     Named(erlang:system_monitor(undefined)),
     Named(erlang:system_monitor()),
     [error_of(F) || F <-
        [fun() -> erlang:system_monitor(self(), [nothing]) end,
         fun() -> erlang:system_monitor(self(), [{long_gc, a}]) end,
         fun() -> erlang:system_monitor(nobody, [busy_port]) end,
         fun() -> erlang:system_monitor(17) end]]].

large_heap() ->
    undefined = erlang:system_monitor(self(), [{large_heap, 20000}]),
    {Pid, Ref} = spawn_monitor(fun() -> L = lists:seq(1, 100000), erlang:garbage_collect(),
                                        length(L) end),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    Keys = receive {monitor, Pid, large_heap, Info} -> lists:sort([K || {K, _} <- Info])
           after 2000 -> none end,
    _ = erlang:system_monitor(undefined),
    flush(),
    Keys.

flush() -> receive _ -> flush() after 0 -> ok end.
