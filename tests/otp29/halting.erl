%% How long a halt may flush (since OTP 27): the shorter of +zhft and the option, and then status 255.
-module(halting).
-export([main/0]).

main() ->
    say([{Flags, Options, status(Flags, Options)} ||
            {Flags, Options} <- [{[], "[{flush_timeout, 300}]"},
                                 {["+zhft", "300"], "[]"},
                                 {["+zhft", "300"], "[{flush_timeout, infinity}]"},
                                 {["+zhft", "60000"], "[{flush_timeout, 300}]"},
                                 {["+zhft", "300"], "[{flush, false}]"}]]),
    say(erlang:system_info(halt_flush_timeout)),
    say([try halt(0, [{flush_timeout, Bad}]) catch error:Reason -> Reason end
         || Bad <- [-1, none, 1.0, 1 bsl 32]]).

%% Of a node that halts while a port has output that nobody reads.
status(Flags, Options) ->
    [Joist | _] = string:split(os:getenv("NODES"), ","),
    "joist " ++ Erl = Joist,
    Code = "P = open_port({spawn, \"sleep 20\"}, []), "
        "spawn(fun() -> port_command(P, binary:copy(<<0>>, 1000000)) end), "
        "timer:sleep(100), halt(7, " ++ Options ++ ").",
    Port = open_port({spawn_executable, Erl},
                     [exit_status, {args, ["-noshell" | Flags] ++ ["-eval", Code]}]),
    Start = erlang:monotonic_time(second),
    receive {Port, {exit_status, Status}} -> ok end,
    {Status, erlang:monotonic_time(second) - Start < 19}.

say(Term) -> io:format("~p~n", [Term]).
