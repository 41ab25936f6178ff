%% Funs of all sorts, what they capture, all ways to call; apply in its variants.
-module(closures_apply).
-export([main/0, pub/1, pub/2, zero/0]).

main() ->
    K = prog:id(10),
    Add = fun(X) -> X + K end,
    Fact = fun F(0) -> 1; F(N) -> N * F(N - 1) end,
    Curried = fun(A) -> fun(B) -> fun(C) -> {A, B, C, K} end end end,
    Ext = fun ?MODULE:pub/1,
    Mod = prog:id(?MODULE),
    Name = prog:id(pub),
    Counter = counter(5),
    [Add(5), Fact(30), ((Curried(1))(2))(3), Ext(x), (fun pub/2)(a, b), (fun Mod:Name/1)(y),
     Mod:Name(z), ?MODULE:Name(1, 2), Mod:pub(q), apply(Mod, Name, [w]), apply(Add, [1]),
     apply(Ext, [e]),
     apply(fun zero/0, []), erlang:apply(lists, prog:id(reverse), [[1, 2, 3]]),
     apply(erlang, prog:id('+'), [1, 2]), (prog:id(lists)):(prog:id(sum))([1, 2, 3]),
     [F(4) || F <- [fun(X) -> X * X end, fun(X) -> X + K end, fun erlang:abs/1, Fact]],
     Counter(), lists:map(fun({A, B}) -> A + B; (C) -> C end, [{1, 2}, 5]),
     compose([fun(X) -> X + 1 end, fun(X) -> X * 2 end, fun integer_to_list/1], 20),
     many_args(fun(A, B, C, D, E, F, G, H) -> [H, G, F, E, D, C, B, A] end),
     captured_many(1, 2.5, "three", {4}, <<"five">>, #{six => 6}),
     fun_info_of(fun ?MODULE:pub/1), fun_info_of(fun lists:map/2),
     erlang:fun_info(Add, arity), erlang:fun_info(Add, type), erlang:fun_info(Add, module),
     element(2, erlang:fun_info(Add, env)), erlang:is_function(Add, 1), is_function(Add, 2),
     fun lists:map/2 =:= fun lists:map/2, fun lists:map/2 == fun lists:foldl/3, Add =:= Add,
     same_fun(1) =:= same_fun(1), same_fun(1) =:= same_fun(2), fun lists:map/2,
     lists:foldl(fun(X, {S, P}) -> {S + X, P * X} end, {0, 1}, lists:seq(1, 25)),
     shadow(1), letrec(10), church(), fold_funs(), tuple_of_funs(),
     prog:outcomes([fun() -> Add(1, 2) end, fun() -> Add(a) end, fun() -> (prog:id({a, b}))(1) end,
                    fun() -> apply(Add, [1 | 2]) end, fun() -> apply(Add, foo) end,
                    fun() -> apply(lists, nope, []) end, fun() -> apply(Mod, pub, [1, 2, 3]) end,
                    fun() -> Mod:(prog:id(1))(2) end, fun() -> (prog:id(1)):foo() end,
                    fun() -> (fun Mod:nope/0)() end,
                    fun() -> apply(prog:id("lists"), reverse, [[]]) end,
                    fun() -> apply(lists, reverse, prog:id(a)) end])].

pub(X) -> {pub, X}.
pub(X, Y) -> {pub, X, Y}.
zero() -> 0.

counter(0) -> fun() -> [] end;
counter(N) ->
    Next = counter(N - 1),
    fun() -> [N | Next()] end.

compose([], X) -> X;
compose([F | Fs], X) -> compose(Fs, F(X)).

many_args(F) -> F(1, 2, 3, 4, 5, 6, 7, 8).

captured_many(A, B, C, D, E, F) ->
    G = fun(X) -> fun() -> {X, A, B, C, D, E, F} end end,
    (G(prog:id(7)))().

fun_info_of(F) -> [erlang:fun_info(F, I) || I <- [module, name, arity, type, env]].

same_fun(X) -> fun() -> X end.

shadow(X) ->
    F = fun(Y) -> X + Y end,
    [F(Z) || Z <- [10, 20]].

letrec(N) ->
    Even = fun(_, 0) -> true; (Odd, M) -> Odd(M - 1) end,
    Odd = fun O(0) -> false; O(M) -> Even(O, M - 1) end,
    {Even(Odd, N), Odd(N)}.

church() ->
    Zero = fun(_) -> fun(X) -> X end end,
    Succ = fun(N) -> fun(F) -> fun(X) -> F((N(F))(X)) end end end,
    Plus = fun(A, B) -> fun(F) -> fun(X) -> (A(F))((B(F))(X)) end end end,
    Two = Succ(Succ(Zero)),
    Four = Plus(Two, Two),
    ((Plus(Four, Four))(fun(X) -> X + 1 end))(0).

fold_funs() ->
    Big = lists:foldl(fun(N, F) -> fun(X) -> F(X) + N end end, fun(X) -> X end, lists:seq(1, 1000)),
    Big(0).

tuple_of_funs() ->
    T = {fun() -> a end, #{f => fun(X) -> {X} end}},
    {(element(1, T))(), (maps:get(f, element(2, T)))(b)}.
