%% Deep recursion, tail calls, mutual recursion, wide functions, big tuples.
-module(recursion).
-export([main/0]).

main() ->
    [body(10000000), tail(10000000, 0), length(copy(lists:seq(1, 1000000))), even(3000001), ack(2,
    300),
     fib(24), hanoi(14), wide(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
     20), collatz(27, 0),
     tuples(), queens(6), primes(2000), sum_tree(tree(14)), deep_list(200000), y_registers(50),
     permutations([1, 2, 3, 4]), mc91(37), tak(12, 8, 4), gcd(1 bsl 80, 6 bsl 40),
     non_tail_case(100000)].

body(0) -> 0;
body(N) -> 1 + body(N - 1).

tail(0, A) -> A;
tail(N, A) -> tail(N - 1, A + N band 3).

copy([H | T]) -> [H | copy(T)];
copy([]) -> [].

even(0) -> true;
even(N) -> odd(N - 1).
odd(0) -> false;
odd(N) -> even(N - 1).

ack(0, N) -> N + 1;
ack(M, 0) -> ack(M - 1, 1);
ack(M, N) -> ack(M - 1, ack(M, N - 1)).

fib(N) when N < 2 -> N;
fib(N) -> fib(N - 1) + fib(N - 2).

hanoi(N) -> length(hanoi(N, a, b, c)).
hanoi(0, _, _, _) -> [];
hanoi(N, A, B, C) -> hanoi(N - 1, A, C, B) ++ [{A, B} | hanoi(N - 1, C, B, A)].

wide(A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T) when A < 100 ->
    wide(B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, A * 3 + T rem 7);
wide(A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T) ->
    {A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T}.

collatz(1, N) -> N;
collatz(X, N) when X rem 2 =:= 0 -> collatz(X div 2, N + 1);
collatz(X, N) -> collatz(3 * X + 1, N + 1).

tuples() ->
    T = list_to_tuple(lists:seq(1, 5000)),
    U = setelement(2500, T, middle),
    V = lists:foldl(fun(I, Acc) -> setelement(I, Acc, {I, element(I, Acc)}) end, T, lists:seq(1,
    5000, 500)),
    W = erlang:append_element(U, last),
    X = erlang:make_tuple(300, x, [{5, five}, {300, end_}]),
    {tuple_size(T), element(2500, U), element(2500, T), element(501, V), element(5001, W),
    element(5, X),
     element(300, X), element(6, X), erlang:phash2(V), tuple_size(erlang:delete_element(1, T)),
     erlang:insert_element(2, {a, b}, new), T =:= setelement(2500, U, 2500), T < U, U > T}.

queens(N) -> length(queens(N, N)).
queens(0, _) -> [[]];
queens(K, N) -> [[Q | Qs] || Qs <- queens(K - 1, N), Q <- lists:seq(1, N), safe(Q, Qs, 1)].
safe(_, [], _) -> true;
safe(Q, [P | Ps], D) -> Q =/= P andalso abs(Q - P) =/= D andalso safe(Q, Ps, D + 1).

primes(N) -> lists:sum(sieve(lists:seq(2, N))).
sieve([P | Xs]) -> [P | sieve([X || X <- Xs, X rem P =/= 0])];
sieve([]) -> [].

tree(0) -> leaf;
tree(N) -> {node, tree(N - 1), N, tree(N - 1)}.
sum_tree(leaf) -> 0;
sum_tree({node, L, N, R}) -> sum_tree(L) + N + sum_tree(R).

deep_list(N) ->
    L = lists:foldl(fun(_, A) -> [A] end, [], lists:seq(1, N)),
    {depth(L, 0), L =:= lists:foldl(fun(_, A) -> [A] end, [], lists:seq(1, N)), lists:flatten(L),
     byte_size(term_to_binary(L)) > N}.
depth([X], N) -> depth(X, N + 1);
depth([], N) -> N.

y_registers(N) ->
    A = prog:id(N), B = prog:id(A + 1), C = prog:id(B * 2), D = prog:id({A, B}),
    E = prog:id([C | D]),
    F = prog:id(fun() -> {A, E} end), G = prog:id(#{A => B}), H = prog:id(<<A, B>>),
    I = prog:id(A / 3),
    erlang:garbage_collect(),
    {A, B, C, D, E, F(), G, H, I}.

permutations([]) -> [[]];
permutations(L) -> [[H | T] || H <- L, T <- permutations(L -- [H])].

mc91(N) when N > 100 -> N - 10;
mc91(N) -> mc91(mc91(N + 11)).

tak(X, Y, Z) when Y >= X -> Z;
tak(X, Y, Z) -> tak(tak(X - 1, Y, Z), tak(Y - 1, Z, X), tak(Z - 1, X, Y)).

gcd(A, 0) -> A;
gcd(A, B) -> gcd(B, A rem B).

non_tail_case(0) -> {0, []};
non_tail_case(N) ->
    case non_tail_case(N - 1) of
        {S, L} when N rem 10000 =:= 0 -> {S + N, [N | L]};
        {S, L} -> {S + 1, L}
    end.
