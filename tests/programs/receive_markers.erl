%% A receive of what carries a reference does not look at what was there before the reference, also
%% when many such receives came in between.
-module(receive_markers).
-export([main/0]).

main() ->
    Server = spawn_link(fun server/0),
    process_flag(message_queue_data, off_heap),
    calls(Server, 20),
    Short = time(fun() -> calls(Server, 200) end),
    [self() ! {old, N} || N <- lists:seq(1, 100000)],
    Long = time(fun() -> calls(Server, 200) end),
    {Long < 40 * Short + 200000, element(2, process_info(self(), message_queue_len))}.

time(F) ->
    Start = erlang:monotonic_time(microsecond),
    F(),
    erlang:monotonic_time(microsecond) - Start.

server() ->
    receive {Ref, From, N} -> [From ! {Ref, answer} || _ <- lists:seq(1, N)] end,
    server().

calls(_, 0) -> ok;
calls(Server, N) ->
    call(Server, 20, fun() -> [call(Server, 2, fun() -> ok end) || _ <- lists:seq(1, 10)] end),
    calls(Server, N - 1).

%% The reference is what is left of the marker when it is cleared.
call(Server, Answers, Between) ->
    Ref = erlang:monitor(process, Server),
    Server ! {Ref, self(), Answers},
    Between(),
    answers(Ref, Answers),
    erlang:demonitor(Ref, [flush]).

answers(_, 0) -> ok;
answers(Ref, N) ->
    receive
        {Ref, answer} -> answers(Ref, N - 1);
        {'DOWN', Ref, process, _, Reason} -> exit(Reason)
    end.
