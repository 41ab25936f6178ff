%% Floating-point arithmetic, comparison with integers, conversion and text.
-module(floats).
-export([main/0]).

main() ->
    Fs = [0.0, -0.0, 1.0, -1.0, 0.1, 0.2, 1.5, 2.5, -2.5, 1.0e-300, 1.0e300, 123456789.123,
    5.0e-324,
          1.7976931348623157e308, 9007199254740993.0, 0.3333333333333333, 1.0e22, 1.0e23, 4.35],
    [[{F, -F, F + 1, F - 0.1, prog:outcome(fun() -> F * 3 end), F / 3, abs(F)} || F <- Fs],
     [{trunc(F), round(F), floor(F), ceil(F)} || F <- Fs],
     [{A < B, A == B, A =:= B, max(A, B)} || A <- [1, 1.0, 2, 1 bsl 53 + 1, 1 bsl 70],
                                            B <- [1.0, 0.5, 9007199254740992.0,
                                            1.180591620717411e21, -1]],
     [float_to_list(F) || F <- Fs], [float_to_list(F, [{decimals, 3}, compact]) || F <- Fs,
     abs(F) < 1.0e20],
     [float_to_list(F, [{decimals, 0}]) || F <- [0.5, 1.5, 2.5, 1.0e15]],
     [float_to_list(F, [{scientific, 4}]) || F <- Fs], [float_to_binary(F, [short]) || F <- Fs],
     [io_lib:format("~p ~w ~f ~.2f ~e ~.3g ~g", [F, F, F, F, F, F, F]) || F <- Fs,
     abs(F) < 1.0e200],
     [prog:outcome(fun() -> list_to_float(S) end)
      || S <- ["1.0", "-1.5e10", "1", "1.", ".5", "1.0e400", "1.0e", "0.1e-5", "+2.0", " 1.0",
      "1.0 "]],
     mixed(7, 2.0, 3), loop(1000, 0.0), newton(2.0, 1.0, 20), horner([1.0, 2, 3.5, -4], 0.7),
     math(), prog:outcomes(errors()), [float(I) || I <- [0, 1, 1 bsl 53 + 1, 1 bsl 100,
     -(1 bsl 62)]],
     lists:sort([3, 1.5, 2, 1.0, 1, -0.0, 0, 0.0]), lists:usort([1, 1.0, 2]), erlang:phash2(1.0),
     term_to_binary(1.5),
     dot([1.0, 2.0, 3.0], [4, 5, 6]), stats([2.5, 3.5, 1.0, 8.0]), [X * 1.0 || X <- [1 bsl 200]]].

mixed(A, B, C) ->
    D = A + B * C - A / B,
    E = (D * D + A) / (B + 1.0),
    {D, E, D > E, trunc(E) rem C, -E}.

loop(0, A) -> A;
loop(N, A) -> loop(N - 1, A + 1 / N).

newton(_, X, 0) -> X;
newton(A, X, N) -> newton(A, (X + A / X) / 2, N - 1).

horner(Cs, X) -> lists:foldr(fun(C, A) -> C + X * A end, 0, Cs).

dot([A | As], [B | Bs]) -> A * B + dot(As, Bs);
dot([], []) -> 0.0.

stats(L) ->
    N = length(L),
    M = lists:sum(L) / N,
    V = lists:sum([(X - M) * (X - M) || X <- L]) / N,
    {M, V, math:sqrt(V)}.

math() ->
    [{F, [prog:outcome(fun() -> math:F(X) end) || X <- [0, 0.5, 1, -1, 2.5, 100, 1000, a]]}
     || F <- [sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, exp, log, log2, log10, sqrt, ceil,
     floor, erf, erfc,
              asinh, acosh, atanh]]
        ++ [prog:outcome(fun() -> math:F(A, B) end)
            || F <- [pow, atan2, fmod], {A, B} <- [{2, 10}, {2.0, 0.5}, {-8, 1 / 3}, {0, 0}, {0,
            -1}, {7.5, 2}]]
        ++ [math:pi()].

errors() ->
    [fun() -> 1 / prog:id(0) end, fun() -> 1.0 / prog:id(0.0) end,
    fun() -> prog:id(1.0e308) * 10 end,
     fun() -> prog:id(1.0e308) + 1.0e308 end, fun() -> prog:id(a) + 1.0 end,
     fun() -> 1.0 * prog:id([]) end,
     fun() -> float(prog:id(1 bsl 2000)) end, fun() -> prog:id(1 bsl 2000) + 0.5 end,
     fun() -> prog:id(1.5) rem 2 end, fun() -> prog:id(1.5) band 1 end,
     fun() -> prog:id(1.5) div 2 end,
     fun() -> trunc(prog:id(a)) end, fun() -> -prog:id(a) end,
     fun() -> float_to_list(prog:id(1)) end].
