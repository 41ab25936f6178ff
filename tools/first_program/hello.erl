-module(hello).
-export([main/0]).

main() ->
    Numbers = [N * N || N <- lists:seq(1, 5)],
    Ring = ring(1000),
    io_lib:format("squares ~w, sum ~w, once round a ring of 1000 processes: ~w",
                  [Numbers, lists:sum(Numbers), Ring]).

%% Sends a token through Count processes and returns what comes out.
ring(Count) ->
    Self = self(),
    First = lists:foldl(fun(_, Next) -> spawn(fun() -> relay(Next) end) end,
                        Self, lists:seq(1, Count)),
    First ! {token, 0},
    receive {token, Hops} -> {hops, Hops} end.

relay(Next) ->
    receive {token, Hops} -> Next ! {token, Hops + 1} end.
