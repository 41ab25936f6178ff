%% A generator of its own (minimal standard, Park and Miller) over small integers only, so that
%% the same cases come out on any machine whose arithmetic on bignums is still being tested.
%% Its state is in the process dictionary.
-module(prng).
-export([seed/2, below/1, between/2, pick/1, bits/1, chance/2]).

seed(Seed, Index) ->
    put(prng, 1 + (Seed * 7919 + Index * 104729) rem 2147483646),
    next(), next(), next(),
    ok.

next() ->
    X = 16807 * get(prng) rem 2147483647,
    put(prng, X),
    X.

%% 0 .. N - 1
below(N) when N < 16#1000000 -> next() div 31 rem N;
below(N) -> ((next() div 31) * 16#1000000 + next() div 31 rem 16#1000000) rem N.

between(Low, High) -> Low + below(High - Low + 1).

pick(Tuple) -> element(1 + below(tuple_size(Tuple)), Tuple).

chance(Of, Outof) -> below(Outof) < Of.

%% An unsigned integer of that many bits.
bits(0) -> 0;
bits(N) when N =< 24 -> next() div 31 rem (1 bsl N);
bits(N) -> (bits(N - 24) bsl 24) bor bits(24).
