%% Functions whose machine code takes more than one chunk of the splicer's memory, and instructions
%% whose handlers have loops in them: large frames, large tuples, long choices. What they give is
%% worked out a second time by small functions.
-module(large_functions).
-export([main/0]).

-define(STEP(X), (((X) * 3 + 1) band 16#fffff)).
-define(STEP_8(X), ?STEP(?STEP(?STEP(?STEP(?STEP(?STEP(?STEP(?STEP(X))))))))).
-define(STEP_64(X), ?STEP_8(?STEP_8(?STEP_8(?STEP_8(?STEP_8(?STEP_8(?STEP_8(?STEP_8(X))))))))).

main() ->
    [{steps, [steps(N) =:= step(256, N) || N <- [0, 1, -5, 1 bsl 70]]},
     {steps_of_no_number, failure(fun() -> steps(a) end)},
     {hot_steps, hot(2_000, 0) =:= hot_step(2_000, 0)},
     {frames, [frame(N) || N <- lists:seq(1, 40)]},
     {hot_frames, lists:sum([element(1, frame(N)) || N <- lists:seq(1, 20_000)])},
     {failing_frames, [failure(fun() -> frame(N) end) || N <- [a, -1]]},
     {tuples, erlang:phash2([wide(N) || N <- lists:seq(1, 5_000)])},
     {choices, lists:sum([choice(N rem 70) || N <- lists:seq(1, 50_000)])},
     {other_choices, [failure(fun() -> choice(N) end) || N <- [64, 70, -1, x, 1.0]]}].

failure(F) ->
    try F() catch Class:Reason:Stack -> {Class, Reason, element(2, hd(Stack))} end.

%% 256 steps: some 800 instructions one behind the other.
steps(N) -> ?STEP_64(?STEP_64(?STEP_64(?STEP_64(N)))).

step(0, N) -> N;
step(Count, N) -> step(Count - 1, ?STEP(N)).

hot(0, Sum) -> Sum;
hot(Count, Sum) -> hot(Count - 1, (Sum + steps(Count)) band 16#ffffffff).

hot_step(0, Sum) -> Sum;
hot_step(Count, Sum) -> hot_step(Count - 1, (Sum + step(256, Count)) band 16#ffffffff).

%% 24 values live over calls, in a frame that an exception may meet half filled.
frame(N) ->
    try
        A = id(N), B = id(A + 1), C = id(B + 1), D = id(C + 1), E = id(D + 1), F = id(E + 1),
        G = id(F + 1), H = id(G + 1), I = id(H + 1), J = id(I + 1), K = id(J + 1), L = id(K + 1),
        M = id(L + 1), O = id(M + 1), P = id(O + 1), Q = id(P + 1), R = id(Q + 1), S = id(R + 1),
        T = id(S + 1), U = id(T + 1), V = id(U + 1), W = id(V + 1), X = id(W + 1), Y = id(X + 1),
        {id(A) + Y, [B, C, D, E, F, G, H, I, J, K, L, M, O, P, Q, R, S, T, U, V, W, X]}
    of
        {Sum, Rest} -> {Sum, length(Rest), lists:sum(Rest)}
    catch
        error:Reason -> {0, Reason, N}
    end.

id(-1) -> error(negative);
id(X) -> X.

wide(N) ->
    {N, N + 1, N + 2, N + 3, N + 4, N + 5, N + 6, N + 7, N + 8, N + 9, N + 10, N + 11, N + 12,
     [N], {N}, <<N:32>>, N * 2, N * 3, N * 4, N * 5, N * 6, N * 7, N * 8, N * 9, N div 2, N rem 3,
     a, b, c, "text", 1.5, N, N, N, N, N}.

choice(0) -> 5; choice(1) -> 17; choice(2) -> 3; choice(4) -> 8; choice(8) -> 13;
choice(9) -> 1; choice(12) -> 2; choice(15) -> 22; choice(17) -> 4; choice(20) -> 6;
choice(23) -> 7; choice(27) -> 9; choice(30) -> 10; choice(33) -> 11; choice(37) -> 12;
choice(40) -> 14; choice(44) -> 15; choice(47) -> 16; choice(50) -> 18; choice(55) -> 19;
choice(58) -> 20; choice(60) -> 21; choice(61) -> 23; choice(64) -> 24;
choice(N) when is_integer(N), N >= 0 -> 0.
