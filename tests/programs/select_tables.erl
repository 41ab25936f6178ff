%% Large case tables over atoms, integers, floats, bignums, tuples, strings; jump tables and holes.
-module(select_tables).
-export([main/0]).

main() ->
    {[int(X) || X <- lists:seq(-2, 25) ++ [1000, 1001, 99999, 1 bsl 59, 1 bsl 59 - 1, 1 bsl 64,
    -(1 bsl 64), 2.0,
                                          a]],
     [atom_(X) || X <- [a, b, c, d, e, f, g, 'A', '', true, false, undefined, ok, error, "a", 1]],
     [mixed(X) || X <- [1, 1.0, a, "ab", <<"ab">>, {}, {a}, {a, b}, {a, b, c}, [], [x], #{},
     1 bsl 70, -0.0, 0.0,
                        2.5, {x, 1, 2, 3}]],
     [arity(X) || X <- [{}, {1}, {1, 2}, {1, 2, 3}, {1, 2, 3, 4}, {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5,
     6}, [], a]],
     [string_(X) || X <- ["get", "put", "post", "head", "gets", "ge", "", "delete", <<"get">>,
     "pux"]],
     [tagged(X) || X <- [{add, 1, 2}, {sub, 1, 2}, {mul, 3, 4}, {divide, 8, 2}, {neg, 5}, {other,
     1}, {add, 1}]],
     [bin(X) || X <- [<<"GET /">>, <<"POST /">>, <<"PUT /">>, <<"HEAD">>, <<"">>, <<"X">>,
     <<"GE">>]],
     [dense(X) || X <- lists:seq(0, 40)], [float_(X) || X <- [0.0, -0.0, 0.5, 1.0, 1, 1.0e300,
     -1.5, 2.5]],
     [two(X, Y) || X <- [a, b, c], Y <- [1, 2, 3]], [guarded(X) || X <- [1, 5, 10, 15, 20, a, -5]]}.

int(0) -> zero; int(1) -> one; int(2) -> two; int(3) -> three; int(4) -> four; int(5) -> five;
int(7) -> seven; int(8) -> eight; int(20) -> twenty; int(21) -> twentyone; int(1000) -> thousand;
int(99999) -> many; int(-1) -> minus; int(576460752303423488) -> 'not_small_in_erts';
int(18446744073709551616) -> big; int(-18446744073709551616) -> minus_big; int(_) -> other.

atom_(a) -> 1; atom_(b) -> 2; atom_(c) -> 3; atom_(d) -> 4; atom_(e) -> 5; atom_(f) -> 6;
  atom_('A') -> 7;
atom_('') -> 8; atom_(true) -> 9; atom_(false) -> 10; atom_(undefined) -> 11; atom_(ok) -> 12;
atom_(X) when is_atom(X) -> {atom, X}; atom_(_) -> none.

mixed(1) -> int; mixed(1.0) -> float; mixed(a) -> atom; mixed("ab") -> string;
  mixed(<<"ab">>) -> binary;
mixed({}) -> empty; mixed({a}) -> one; mixed({a, b}) -> two; mixed({a, _, c}) -> three;
  mixed([]) -> nil;
mixed([x | _]) -> list; mixed(1180591620717411303424) -> big; mixed(2.5) -> two_and_a_half;
mixed({x, _, Y, _}) -> {x, Y}; mixed(M) when is_map(M) -> map; mixed(_) -> none.

arity({}) -> 0; arity({_}) -> 1; arity({_, _}) -> 2; arity({_, _, _}) -> 3; arity({_, _, _,
  _}) -> 4;
arity({_, _, _, _, _}) -> 5; arity(_) -> other.

string_("get") -> get_; string_("put") -> put_; string_("post") -> post; string_("head") -> head;
string_("ge" ++ [C]) -> {ge, C}; string_("" ++ T) when length(T) > 5 -> long; string_(X) -> {other,
  X}.

tagged({add, A, B}) -> A + B; tagged({sub, A, B}) -> A - B; tagged({mul, A, B}) -> A * B;
tagged({divide, A, B}) -> A / B; tagged({neg, A}) -> -A; tagged({T, _}) -> {unknown, T};
  tagged(T) -> T.

bin(<<"GET ", R/binary>>) -> {get_, R}; bin(<<"POST ", R/binary>>) -> {post, R};
bin(<<"PUT ", R/binary>>) -> {put_, R}; bin(<<"HEAD">>) -> head; bin(<<>>) -> empty; bin(<<C,
  R/binary>>) -> {C, R}.

dense(10) -> a; dense(11) -> b; dense(12) -> c; dense(13) -> d; dense(14) -> e; dense(15) -> f;
  dense(16) -> g;
dense(17) -> h; dense(18) -> i; dense(19) -> j; dense(25) -> k; dense(26) -> l; dense(30) -> m;
  dense(X) -> X.

float_(0.5) -> half; float_(1.0) -> one; float_(1.0e300) -> huge; float_(-1.5) -> neg;
  float_(0.0) -> zero;
float_(X) -> X.

two(a, 1) -> a1; two(a, 2) -> a2; two(b, 1) -> b1; two(_, 3) -> any3; two(c, X) -> {c, X}; two(X,
  Y) -> {X, Y}.

guarded(X) when is_integer(X), X > 0, X < 10 -> low;
guarded(X) when X >= 10, X < 20; X =:= -5 -> mid;
guarded(X) when is_atom(X) -> atom;
guarded(_) -> high.
