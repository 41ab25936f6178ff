%% What the loader makes one instruction of, taken off its fast path: integers too large for a
%% word, floats, wrong types, heaps and slices that end in the middle; and whom a trace blames.
-module(fused_instructions).
-export([main/0, three/3, two/2, none/0, reason/1]).

main() ->
    [{Name, prog:outcome(Fun)} || {Name, Fun} <- parts()].

parts() ->
    [{"subtract, allocate, move, call", fun() -> [down(N) || N <- numbers()] end},
     {"subtract, allocate, two moves, call", fun() -> [sum_down(N, a) || N <- numbers()] end},
     {"its traces", fun() -> [traced(fun() -> F(X) end)
                               || F <- [fun lines/1, fun deep/1], X <- [3, x, 2.5, 1 bsl 70]]
                     end},
     {"test, add, return", fun() -> [count_up(A, B) || A <- [0, 1, x], B <- numbers()] end},
     {"band and test", fun() -> [parity(N) || N <- numbers() ++ [-1, -2, x, 1.0]] end},
     {"less and return", fun() -> [smaller(A, B) || A <- numbers(), B <- [x, [], 1, -1.5]] end},
     {"append", fun() -> [traced(fun() -> append(A, B) end)
                          || A <- [[], [1, 2], x], B <- [[], z]] end},
     {"deep append", fun() -> erlang:phash2(append(lists:seq(1, 100000), [])) end},
     {"pushes", fun() -> erlang:phash2(push(100000, [])) end},
     {"tuples", fun() -> [traced(fun() -> first(T) end)
                          || T <- [{1, 2}, {1}, [], x, {a, b, c}, 7]] end},
     {"selects", fun() -> [choose(X) || X <- choices()] end},
     {"few choices", fun() -> [choose_three(X) || X <- choices()] end},
     {"numbers far apart", fun() -> [choose_number(X) || X <- choices()] end},
     {"apply by name", fun() -> [traced(fun() -> by_name(M, F, A) end)
                                || {M, F, A} <- calls()] end},
     {"apply by name, last", fun() -> [traced(fun() -> by_name_last(M, F, A) end)
                                          || {M, F, A} <- calls()] end},
     {"apply of funs", fun() -> [without_trace(traced(fun() -> of_fun(F, A) end))
                              || {F, A} <- fun_calls()] end},
     {"calls that vary", fun() -> lists:sum([vary(N) || N <- lists:seq(1, 3000)]) end},
     {"shifts and products", fun() -> [traced(fun() -> operators(A, B) end)
                                          || A <- numbers(), B <- [0, 1, 7, 61, -3, x]] end},
     {"reductions go on", fun() -> loop(30000, 0) end}].

numbers() -> [0, 1, 2, 3, 7, 100, -(1 bsl 61)].

down(N) when N > 200; N < 0 -> step(0);
down(N) -> step(N).

step(0) -> 0;
step(N) when N < -1 bsl 60 -> N - 1;
step(N) -> M = step(N - 1), M + N.

sum_down(N, _) when N > 200; N < 0 -> none;
sum_down(0, A) -> {A, 0};
sum_down(N, A) -> {B, Sum} = sum_down(N - 1, [A]), {B, Sum + N}.

%% The operator and the call stand on lines of their own.
lines(N) ->
    M =
        N - 1,
    R =
        reason(
          M),
    {R, N}.

deep(N) -> M = N - 1, R = reason(M), [R | N].

reason(N) when N =:= 2 -> error(two);
reason(N) -> N.

traced(Fun) ->
    try Fun() of
        Value -> {value, Value}
    catch
        Class:Reason:Trace ->
            {Class, Reason, [{M, F, if is_list(A) -> length(A); true -> A end,
                              proplists:get_value(line, Info)} || {M, F, A, Info} <- Trace,
                                                                  M =:= ?MODULE]}
    end.

without_trace({Class, Reason, _}) -> {Class, Reason};
without_trace(Value) -> Value.

count_up(0, N) -> N + 1;
count_up(A, _) -> A.

parity(N) when N band 1 =:= 0 -> even;
parity(N) when N band 1 =:= 1 -> odd;
parity(_) -> neither.

smaller(A, B) when B < A -> A;
smaller(_, B) -> B.

append([], List) -> List;
append([Head | Tail], List) -> [Head | append(Tail, List)].

push(0, List) -> List;
push(N, List) -> push(N - 1, [N | List]).

first({A, _}) -> A;
first({A}) -> [A].

choices() ->
    [zero, one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, true, false,
     [], 0, 1, 1000, 100000, -5, 1 bsl 58, 1 bsl 70, 1.0, {}, "one", <<"one">>, self, undefined].

choose(X) ->
    case X of
        zero -> 0; one -> 1; two -> 2; three -> 3; four -> 4; five -> 5; six -> 6; seven -> 7;
        eight -> 8; nine -> 9; ten -> 10; eleven -> 11; twelve -> 12; true -> yes; false -> no;
        _ -> other
    end.

choose_three(X) ->
    case X of one -> 1; two -> 2; three -> 3; _ -> other end.

choose_number(X) ->
    case X of 0 -> a; 1000 -> b; 100000 -> c; -5 -> d; 288230376151711744 -> e; _ -> other end.

three(A, B, C) -> [A, B, C].
two(A, B) -> {A, B}.
none() -> nothing.

calls() ->
    [{?MODULE, three, [1, 2, 3]}, {?MODULE, two, [1, 2]}, {?MODULE, none, []},
     {erlang, abs, [-4]}, {erlang, error, [oops]}, {erlang, throw, [oops]},
     {lists, reverse, [[1, 2]]}, {?MODULE, absent, [1]}, {?MODULE, two, [1 | 2]},
     {?MODULE, two, x}, {1, two, []},
     {?MODULE, "two", []}].

by_name(M, F, A) -> [apply(M, F, A)].
by_name_last(M, F, A) -> apply(M, F, A).

fun_calls() ->
    X = length(calls()),
    [{fun ?MODULE:two/2, [1, 2]}, {fun ?MODULE:two/2, [1]}, {fun two/2, [3, 4]},
     {fun(A) -> A + X end, [1]}, {fun(A) -> A + X end, []}, {fun erlang:abs/1, [-3]},
     {fun erlang:error/1, [oops]}, {fun ?MODULE:absent/1, [1]}, {x, [1]}, {fun none/0, [1 | x]},
     {fun none/0, []}].

of_fun(F, A) -> [apply(F, A)].

vary(N) ->
    {F, A} = element(N rem 3 + 1, {{none, []}, {two, [N, 1]}, {three, [1, 2, N]}}),
    Module = ?MODULE,
    case apply(Module, F, A) of
        nothing -> Module:reason(1);
        {X, _} -> X;
        [_, _, X] -> X * 2
    end.

operators(A, B) -> {A * B, A bsl (B band 15), A bsr (B band 63), A bor B, A bxor B, A band B}.

loop(0, Sum) -> Sum;
loop(N, Sum) -> loop(N - 1, Sum + step(N band 7)).
