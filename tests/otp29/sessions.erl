%% What belongs to a session's tracer, and to nobody else (since OTP 27).
-module(sessions).
-export([main/0, traced/0]).

main() ->
    Me = self(),
    Tracer = spawn_link(fun Loop() -> receive Event -> Me ! {told, kind(Event)}, Loop() end end),
    Session = trace:session_create(id(one), Tracer, []),
    Own = trace:session_create(id(own), undefined, []),
    say(trace:function(Session, {?MODULE, traced, 0}, true, [meta])),
    ?MODULE:traced(),
    say(receive {told, What} -> What after 5000 -> nothing end),
    Enable = [{'_', [], [{enable_trace, send}]}],
    trace:function(Session, {?MODULE, traced, 0}, Enable, [meta]),
    ?MODULE:traced(),
    Flags = trace:info(Session, Me, flags),
    trace:process(Session, Me, false, [all]),
    say({Flags, receive {told, Enabling} -> Enabling after 5000 -> nothing end}),
    say(trace:function(Session, {?MODULE, traced, 0}, false, [meta])),
    say([failure(fun() -> trace:function(Session, {?MODULE, traced, 0}, true, [Option]) end)
         || Option <- [{meta, Me}, {meta, Tracer}]]),
    Results = [failure(fun() -> trace:process(S, Me, true, [send, {tracer, Tracer}]) end)
               || S <- [Session, Own]],
    Me ! sent,
    trace:process(Own, Me, false, [all]),
    say(Results),
    say(receive {told, Sent} -> Sent after 5000 -> nothing end),
    trace:function(Session, on_load, true, []),
    say(trace:info(Session, on_load, all)),
    say([trace:session_destroy(S) || S <- [Session, Own]]),
    say(process_info(whereis(init), parent)).

traced() -> ok.

kind({trace_ts, _, call, Call, _}) -> Call;
kind({trace, _, send, Message, _}) -> {send, Message}.

failure(Fun) ->
    try Fun() catch error:Reason -> Reason end.

id(Term) -> Term.

say(Term) -> io:format("~p~n", [Term]).
