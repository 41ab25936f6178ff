-module(arithmetic).
-export([make/0, run/1]).

make() ->
    case prng:below(3) of
        0 ->
            Op = prng:pick({'-', '+', 'bnot', abs, trunc, round, floor, ceil, float,
                            integer_square, sqrt}),
            {Op, generate:number()};
        1 ->
            Op = prng:pick({'+', '-', '*', '/', 'div', 'rem', 'band', 'bor', 'bxor', '<', '==',
                            '=:=', '=<', max, min}),
            {Op, generate:number(), generate:number()};
        2 ->
            case prng:below(4) of
                0 -> {prng:pick({'bsl', 'bsr'}), generate:integer(), prng:between(-200, 200)};
                1 -> {'div', generate:integer(), near_divisor()};
                2 -> {'rem', generate:integer(), near_divisor()};
                3 -> {mixed, generate:integer(), generate:integer(), prng:between(1, 200)}
            end
    end.

near_divisor() -> 1 + (abs(generate:integer()) bsr prng:below(100)).

run({integer_square, X}) -> X * X;
run({sqrt, X}) -> math:sqrt(abs(X));
run({mixed, A, B, Shift}) ->
    {(A bsl Shift) div B, (A * B) bsr Shift, (A * A + B * B) rem (B bor 1), A bxor (B bsl Shift)};
run({Op, A}) -> erlang:Op(A);
run({Op, A, B}) -> erlang:Op(A, B).
