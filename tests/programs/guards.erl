%% Every test and operator that a guard may have, on every kind of term; failing guards.
-module(guards).
-export([main/0]).

main() ->
    Terms = terms(),
    {types, [{type(T), tests(T)} || T <- Terms],
     sizes, [sizes(T) || T <- Terms],
     orders, [compare(A, B) || A <- Terms, B <- lists:sublist(Terms, 9)],
     arithmetic, [arith(A, B) || A <- [1, -7, 2.5, 1 bsl 70, a], B <- [0, 3, -2, 0.5, 1 bsl 65,
     []]],
     logic, [logic(A, B) || A <- [true, false, maybe_], B <- [true, false, 1]],
     elements, [elem(N, T) || N <- [0, 1, 3, 4, a], T <- [{a, b, c}, {}, [a]]],
     maps, [map_guard(K, M) || K <- [a, b], M <- [#{a => 1}, #{}, [], #{b => a, a => b}]],
     funs, [fun_guard(F) || F <- [fun main/0, fun lists:map/2, fun(X) -> X end, f]]}.

terms() ->
    [0, -1, 1 bsl 80, 1.5, -0.0, a, true, [], [1, 2], [1 | 2], {}, {a, 1}, #{}, #{k => v}, <<>>,
    <<"ab">>,
     <<5:3>>, self(), make_ref(), fun() -> ok end, "string", {rec, 1, 2}].

type(X) when is_integer(X), X > 1 bsl 60 -> big;
type(X) when is_integer(X) -> integer;
type(X) when is_float(X) -> float;
type(X) when is_boolean(X) -> boolean;
type(X) when is_atom(X) -> atom;
type([]) -> nil;
type(X) when is_list(X), length(X) >= 0 -> list;
type(X) when is_list(X) -> improper;
type(X) when is_record(X, rec, 3) -> record;
type(X) when is_tuple(X) -> tuple;
type(X) when is_map(X) -> map;
type(X) when is_binary(X) -> binary;
type(X) when is_bitstring(X) -> bitstring;
type(X) when is_pid(X) -> pid;
type(X) when is_reference(X) -> reference;
type(X) when is_function(X) -> function;
type(X) when is_port(X) -> port.

tests(X) ->
    [is_atom(X), is_binary(X), is_bitstring(X), is_boolean(X), is_float(X), is_function(X),
     is_function(X, 0), is_integer(X), is_list(X), is_map(X), is_number(X), is_pid(X), is_port(X),
     is_reference(X), is_tuple(X), is_record(X, rec, 3)].

sizes(X) when length(X) > 1 -> {long, length(X), hd(X)};
sizes(X) when tuple_size(X) > 0; map_size(X) > 0 -> sized;
sizes(X) when byte_size(X) > 0, bit_size(X) rem 8 =:= 0 -> {bytes, byte_size(X), size(X)};
sizes(X) when bit_size(X) > 0 -> {bits, bit_size(X), byte_size(X)};
sizes(X) when abs(X) > 0, round(X) =/= 1 -> {number, abs(X), trunc(X)};
sizes(X) when node(X) =:= node() -> here;
sizes(_) -> none.

compare(A, B) ->
    {A < B, A =< B, A > B, A >= B, A == B, A /= B, A =:= B, A =/= B, before(A, B)}.

before(A, B) when A < B -> less;
before(A, B) when A =:= B -> same;
before(A, B) when A == B -> equal;
before(_, _) -> more.

arith(A, B) when A + B > 10 -> plus;
arith(A, B) when A - B < -10; A * B < -10 -> minus;
arith(A, B) when A / B > 1.0 -> divided;
arith(A, B) when A div B =:= -3; A rem B =:= 1 -> whole;
arith(A, B) when A band B =/= 0, A bor B > 0, A bxor B =:= 0; bnot A =:= B -> bits;
arith(A, B) when A bsl B > 100; A bsr B =:= -1 -> shifted;
arith(A, _) when -A > 0; +A =:= 0 -> signed;
arith(_, _) -> none.

logic(A, B) when A and B -> both;
logic(A, B) when A xor B -> one;
logic(A, B) when A orelse B, not B -> first;
logic(A, B) when A andalso B =:= 1 -> second;
logic(A, _) when not A -> negated;
logic(A, B) when A or B -> either;
logic(_, _) -> none.

elem(N, T) when element(N, T) =:= a -> first;
elem(N, T) when element(N, T) =:= c; hd(T) =:= a, tl(T) =:= [] -> other;
elem(_, _) -> none.

map_guard(K, M) when is_map_key(K, M), map_get(K, M) =:= 1 -> one;
map_guard(K, M) when map_get(map_get(K, M), M) =:= K -> circle;
map_guard(_, M) when map_size(M) =:= 0 -> empty;
map_guard(_, _) -> none.

fun_guard(F) when is_function(F, 0) -> nullary;
fun_guard(F) when is_function(F, 1) -> unary;
fun_guard(F) when is_function(F) -> some;
fun_guard(_) -> none.
