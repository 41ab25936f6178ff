-module(hello).
-export([main/0]).

%% What erlc makes of this runs on Joist: comprehensions, maps, bit syntax, big integers, and the
%% functions of OTP's own lists, maps and io_lib.
main() ->
    Squares = [N * N || N <- lists:seq(1, 10)],
    Counts = count("hello from compiled erlang"),
    Packed = << <<N:4>> || N <- [1, 2, 3, 15] >>,
    lists:flatten(
      io_lib:format("squares ~w, letters ~w, packed ~w, 30! = ~w",
                    [Squares, lists:sort(maps:to_list(Counts)), Packed, factorial(30)])).

count(Text) ->
    lists:foldl(fun(Letter, Counts) ->
                        maps:update_with([Letter], fun(N) -> N + 1 end, 1, Counts)
                end, #{}, [Letter || Letter <- Text, Letter =/= $\s]).

factorial(0) -> 1;
factorial(N) -> N * factorial(N - 1).
