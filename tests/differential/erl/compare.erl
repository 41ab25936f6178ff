-module(compare).
-export([make/0, run/1]).

make() ->
    case prng:below(5) of
        0 ->
            {prng:pick({sort, usort, min_max, reverse_sort}), generate:list(2)};
        1 ->
            {keysort, [{generate:leaf(), I} || I <- lists:seq(1, prng:below(12))]};
        2 ->
            {pair, generate:number(), generate:number()};
        _ ->
            A = generate:term(3),
            {pair, A, generate:near(A)}
    end.

run({pair, A, B}) ->
    {A < B, A =< B, A == B, A =:= B, A >= B, A > B, A /= B, A =/= B, max(A, B), min(A, B),
     #{A => 1} < #{B => 1}, #{A => 1} =:= #{B => 1}, [A] =:= [B], {A, 1} < {B, 1}};
run({sort, L}) -> lists:sort(L);
run({usort, L}) -> lists:usort(L);
run({reverse_sort, L}) -> lists:sort(fun(A, B) -> A >= B end, L);
run({min_max, L}) -> {lists:min(L), lists:max(L)};
run({keysort, L}) -> lists:keysort(1, L).
