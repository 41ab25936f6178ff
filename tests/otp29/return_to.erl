%% Whom return_to names when an exception has unwound traced functions, one session or two beside
%% each other (since OTP 27: whoever catches it, however many functions lie between).
-module(return_to).
-compile(nowarn_deprecated_catch).
-export([main/0, top/1, middle/1, bottom/1]).

main() -> [say({Names, Calls, events(Names, Calls)}) || Names <- names(), Calls <- calls()].

names() -> [[[bottom]], [[middle]], [[bottom, middle]], [[bottom], [middle]], [[bottom], [bottom]]].

calls() -> [[Middle, End] || Middle <- [body, catching, tail], End <- [return, exception]].

%% Of each session, whose functions these are.
events(Sessions, Calls) ->
    Me = self(),
    Made = [begin
                Tracer = spawn_link(fun() -> collect([]) end),
                Session = trace:session_create(session, Tracer, []),
                1 = trace:process(Session, Me, true, [call, return_to, arity]),
                [1 = trace:function(Session, {?MODULE, Name, 1}, true, [local]) || Name <- Names],
                {Session, Tracer}
            end || Names <- Sessions],
    top(Calls),
    [begin
         Delivered = trace:delivered(Session, Me),
         receive {trace_delivered, Me, Delivered} -> ok end,
         true = trace:session_destroy(Session),
         Tracer ! {get, Me},
         receive {Tracer, Events} -> Events end
     end || {Session, Tracer} <- Made].

collect(Events) ->
    receive
        {trace, _, Kind, {?MODULE, Name, 1}} -> collect([{Kind, Name} | Events]);
        {get, Asker} -> Asker ! {self(), lists:reverse(Events)}
    end.

top(Calls) -> [catch middle(Calls) | 1].

middle([body | Calls]) -> [bottom(Calls) | 1];
middle([catching | Calls]) -> [catch bottom(Calls) | 1];
middle([tail | Calls]) -> bottom(Calls).

bottom([return]) -> [];
bottom([exception]) -> error(exception).

say(What) -> io:format("~tw~n", [What]).
