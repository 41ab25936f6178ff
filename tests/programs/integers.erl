%% Integers of all sizes: operators, borders of small integers, conversion in all bases.
-module(integers).
-export([main/0]).

main() ->
    V = values(),
    [erlang:phash2([ops(A, B) || A <- V, B <- V]), [ops(A, B) || A <- lists:sublist(V, 12),
    B <- [3, -7, 1 bsl 61]],
     [{A, -A, bnot A, abs(A), A * A, A rem 10, A div 7} || A <- V],
     [{S, A bsl S, A bsr S} || A <- [1, -1, 12345, -(1 bsl 70)], S <- [0, 1, 5, 58, 59, 60, 61, 62,
     63, 64, 100, -3]],
     [integer_to_list(A, B) || A <- V, B <- [2, 8, 10, 16, 36]],
     [list_to_integer(integer_to_list(A, B), B) =:= A || A <- V, B <- [2, 3, 16, 36]],
     [binary_to_integer(integer_to_binary(A)) =:= A || A <- V],
     [prog:outcome(fun() -> list_to_integer(S, B) end)
      || {S, B} <- [{"", 10}, {"-", 10}, {"+5", 10}, {"12a", 10}, {"zz", 36}, {"12", 2}, {"1_0",
      10}, {"FF", 16}]],
     fact(200), fib(500), pow(3, 400), pow(7, 300) rem 1000007, isqrt(pow(10, 60) + 12345),
     digits(fact(100)),
     gcd(fact(50), pow(6, 60)), [pow(2, N) - 1 || N <- [58, 59, 60, 61, 62, 63, 64, 127]],
     collatz_max(3000),
     lists:sort(V), lists:sum(V), lists:max(V), lists:min(V),
     [math:log2(abs(X) + 1) || X <- V, abs(X) < 1 bsl 200], [float(X) || X <- V,
     abs(X) < 1 bsl 900],
     xor_shift(88172645463325252, 100), modpow(3, 1 bsl 100, 1000000007), prog:outcomes(errors()),
     fact(1000) div fact(998), erlang:phash2(fact(2000)), byte_size(term_to_binary(fact(2000))),
     [A =:= binary_to_term(term_to_binary(A)) || A <- V], [erlang:phash2(A) || A <- V]].

values() ->
    B = [0, 1, 2, 7, 255, 65536, 1 bsl 31, 1 bsl 32, 1 bsl 59, (1 bsl 59) - 1, 1 bsl 60,
    (1 bsl 61) - 1, 1 bsl 61,
         (1 bsl 62) - 1, 1 bsl 63, (1 bsl 64) - 1, 1 bsl 64, 12345678901234567890123, 1 bsl 128,
         (1 bsl 192) - 17],
    B ++ [-X || X <- B, X > 0] ++ [-(1 bsl 59) - 1, -(1 bsl 61) - 1].

ops(A, B) ->
    {A + B, A - B, A * B, safe(fun() -> A div B end), safe(fun() -> A rem B end), A band B,
    A bor B, A bxor B, A < B,
     A =:= B, max(A, B)}.

safe(F) -> try F() catch error:E -> E end.

fact(0) -> 1;
fact(N) -> N * fact(N - 1).

fib(N) -> fib(N, 0, 1).
fib(0, A, _) -> A;
fib(N, A, B) -> fib(N - 1, B, A + B).

pow(_, 0) -> 1;
pow(B, N) when N rem 2 =:= 0 -> X = pow(B, N div 2), X * X;
pow(B, N) -> B * pow(B, N - 1).

isqrt(N) -> isqrt(N, N).
isqrt(N, X) ->
    case (X + N div X) div 2 of
        Y when Y >= X -> X;
        Y -> isqrt(N, Y)
    end.

digits(N) -> lists:sum([C - $0 || C <- integer_to_list(N)]).

gcd(A, 0) -> A;
gcd(A, B) -> gcd(B, A rem B).

collatz_max(N) -> lists:max([{len(X, 1), X} || X <- lists:seq(1, N)]).
len(1, L) -> L;
len(X, L) when X band 1 =:= 0 -> len(X bsr 1, L + 1);
len(X, L) -> len(3 * X + 1, L + 1).

xor_shift(X, 0) -> X;
xor_shift(X, N) ->
    M = (1 bsl 64) - 1,
    A = X bxor (X bsl 13 band M),
    B = A bxor (A bsr 7),
    xor_shift(B bxor (B bsl 17 band M), N - 1).

modpow(_, 0, _) -> 1;
modpow(B, E, M) when E band 1 =:= 1 -> B * modpow(B * B rem M, E bsr 1, M) rem M;
modpow(B, E, M) -> modpow(B * B rem M, E bsr 1, M).

errors() ->
    [fun() -> 1 div prog:id(0) end, fun() -> (1 bsl 80) rem prog:id(0) end,
    fun() -> prog:id(a) * 2 end,
     fun() -> 1 bsl prog:id(1.0) end, fun() -> 1 bsl prog:id(1 bsl 64) end,
     fun() -> 1 bsr prog:id(1 bsl 64) end,
     fun() -> 0 bsl prog:id(1 bsl 70) end, fun() -> integer_to_list(prog:id(1.0)) end,
     fun() -> integer_to_list(1, prog:id(37)) end, fun() -> prog:id([1]) - 1 end,
     fun() -> bnot prog:id(1.5) end].
