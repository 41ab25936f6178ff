%% What the command line says since OTP 27: -S Mod Func takes all that is left, and nothing is put
%% behind an -extra from a variable. And what max_heap_size, and open_port, take since then.
-module(starting).
-export([main/0, show/0, show/1]).

main() ->
    say([given([], ["-S", "starting", "show" | Words])
         || Words <- [[], ["a", "--", "b"], ["-s", "x", "+A", "1"], ["-extra", "y"]]]),
    say(given([{"ERL_AFLAGS", "+S 1 -S a"}, {"ERL_FLAGS", "c"}], ["-S", "starting", "show", "x"])),
    Plain = ["-run", "starting", "show", "-extra", "a"],
    say([given(Variables, Plain)
         || Variables <- [[], [{"ERL_AFLAGS", "-extra +A 1 --"}, {"ERL_ZFLAGS", "d"}],
                          [{"ERL_FLAGS", "-extra +B"}]]]),
    say([limited(Including) || Including <- [true, false]]),
    say([try open_port(Name, []) catch error:Reason -> Reason end || Name <- [name, "name"]]).

%% Called in the other node.
show() -> show([]).
show(Arguments) ->
    io:format("~p.~n", [{Arguments, init:get_plain_arguments()}]),
    erlang:halt().

given(Variables, Words) ->
    [Joist | _] = string:split(os:getenv("NODES"), ","),
    "joist " ++ Erl = Joist,
    Port = open_port({spawn_executable, Erl},
                     [exit_status, {env, Variables}, {args, ["-noshell", "-pa", "." | Words]}]),
    shown(Port, []).

shown(Port, Text) ->
    receive
        {Port, {data, More}} -> shown(Port, Text ++ More);
        {Port, {exit_status, 0}} ->
            {ok, Tokens, _} = erl_scan:string(Text),
            {ok, Term} = erl_parse:parse_term(Tokens),
            Term;
        {Port, {exit_status, Status}} -> {status, Status, Text}
    end.

%% Binaries of 1.6 MB on a heap of a few hundred words.
limited(Including) ->
    Limit = #{size => 100_000, error_logger => false, include_shared_binaries => Including},
    {Pid, Ref} = spawn_opt(fun() -> length([binary:copy(<<N>>, 160_000) || N <- lists:seq(1, 100)])
                           end, [monitor, {max_heap_size, Limit}]),
    receive {'DOWN', Ref, process, Pid, Reason} -> Reason end.

say(Term) -> io:format("~p~n", [Term]).
