%% What were natives up to OTP 26 and is Erlang code since, which the natives must not hide; and
%% what natives have come to refuse.
-module(erlang_for_natives).
-export([main/0]).

main() ->
    Digits = lists:duplicate(3_000_000, $9),
    say(string:to_integer(id(Digits))),
    say(string:list_to_integer(id("12ab"))),
    say(list_to_integer(id("-123"))),
    say(try list_to_integer(id("x")) catch C:R:S -> {C, R, setelement(4, hd(S), [])} end),
    say([erlang:is_builtin(erlang, Name, 1) || Name <- [list_to_integer, integer_to_list]]),
    Natives = [F || {erlang, F, 1} <- erlang:system_info(snifs)],
    say([lists:member(Name, Natives) || Name <- [binary_to_integer, integer_to_binary]]),
    say([catch_error(fun() -> binary:match(<<>>, id(none)) end),
         catch_error(fun() -> binary:matches(<<"abc">>, id(none), [{scope, {0, 0}}]) end),
         catch_error(fun() -> binary:split(<<>>, id(none)) end),
         catch_error(fun() -> binary:match(<<>>, id(<<"a">>)) end)]),
    say([catch_error(fun() -> binary:part(id(<<1:1>>), id({0, 0})) end),
         catch_error(fun() -> binary_part(id(<<1:1>>), id(0), 0) end)]),
    say([first_byte(id(<<1, 2>>)), first_byte(id(<<1:8, 0:200>>))]).

%% No binary is that long.
first_byte(<<Byte:8, _:16#1_0000_0000_0000_0000>>) -> Byte;
first_byte(_) -> other.

catch_error(Fun) ->
    try Fun() catch error:Reason -> Reason end.

id(Term) -> Term.

say(Term) -> io:format("~p~n", [Term]).
