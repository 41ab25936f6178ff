%% system_monitor's long_message_queue, of OTP 27.
-module(long_queues).
-export([main/0]).

main() ->
    p(set, set()),
    p(refused, refused()),
    p(lengths, lengths()),
    p(ignored, ignored()),
    p(own, own()).

p(What, Value) -> io:format("~p: ~p~n", [What, Value]).

set() ->
    Self = self(),
    undefined = erlang:system_monitor(Self, [{large_heap, 70000}, {long_message_queue, {50, 100}}]),
    {Self, Options} = erlang:system_monitor(),
    {Self, Options} = erlang:system_monitor(undefined),
    Options.

refused() ->
    [catch_class(fun() -> erlang:system_monitor(self(), [{long_message_queue, Lengths}]) end)
     || Lengths <- [{100, 100}, {-1, 1}, {0, 0}, {1}, {a, 1}, 10, 1 bsl 70]].

catch_class(Fun) ->
    try Fun() catch Class:Reason -> {Class, Reason} end.

%% Of a process that takes as many messages as it is told to.
lengths() ->
    Self = self(),
    Pid = spawn(fun() -> taker(Self) end),
    erlang:system_monitor(Self, [{long_message_queue, {5, 10}}]),
    %% The order to take messages is one more for a moment.
    Steps = [step(Pid, Sent, Taken) || {Sent, Taken} <- [{8, 0}, {2, 0}, {5, 0}, {0, 9}, {2, 0},
                                                         {0, 4}, {4, 0}, {2, 0}, {0, 10}]],
    erlang:system_monitor(undefined),
    exit(Pid, kill),
    Steps.

step(Pid, Sent, Taken) ->
    [Pid ! message || _ <- lists:seq(1, Sent)],
    Pid ! {take, Taken},
    receive taken -> ok end,
    {message_queue_len, Length} = process_info(Pid, message_queue_len),
    {Length, told(Pid)}.

told(Pid) ->
    receive {monitor, Pid, long_message_queue, IsLong} -> [IsLong | told(Pid)]
    after 50 -> []
    end.

taker(To) ->
    receive {take, Count} -> [receive message -> ok end || _ <- lists:seq(1, Count)] end,
    To ! taken,
    taker(To).

%% A process that does not look at its messages.
ignored() ->
    Pid = spawn(fun busy/0),
    erlang:system_monitor(self(), [{long_message_queue, {5, 10}}]),
    [Pid ! message || _ <- lists:seq(1, 9)],
    Before = told(Pid),
    Pid ! message,
    After = receive {monitor, Pid, long_message_queue, IsLong} -> IsLong after 5000 -> nothing end,
    erlang:system_monitor(undefined),
    exit(Pid, kill),
    {Before, After}.

busy() -> busy().

%% The process that is told is not told of its own.
own() ->
    erlang:system_monitor(self(), [{long_message_queue, {1, 2}}]),
    [self() ! message || _ <- lists:seq(1, 10)],
    Told = told(self()),
    erlang:system_monitor(undefined),
    Told.
