%% The short benchmarks whose instructions are counted: one function each, always the same work.
%%
%% all(Names) runs each of them in a process of its own and calls erlang:timestamp/0 before the
%% first and after each, which is where instructions.py has the counts taken. What is loaded on
%% demand is loaded, and what apply remembers is remembered, by a short run before.
-module(bench_cases).
-export([names/0, all/0, inc/1, add/2]).

names() -> [calls, lists, dispatch, integers, floats, funs, binaries, maps, trees, messages].

all() ->
    [once(Name, 1) || Name <- names()],
    erlang:timestamp(),
    [begin
         Result = once(Name, 30),
         erlang:timestamp(),
         {Name, Result}
     end || Name <- names()].

once(Name, Scale) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({done, run(Name, Scale)}) end),
    receive {'DOWN', Monitor, process, Pid, {done, Result}} -> Result end.

run(calls, N) -> repeat(N, fun() -> fib(17) + tak(12, 8, 4) + ack(2, 30) end);
run(lists, N) -> repeat(N * 2, fun() -> lists:sum(sort(nrev(numbers(60, 1)))) end);
run(dispatch, N) -> repeat(N, fun() -> execute(1, program(), [], {150, 0}) end);
run(integers, N) -> repeat(N, fun() -> collatz(90, 0) + mix(1500, 17) end);
run(floats, N) -> repeat(N, fun() -> pixels(12, 0) end);
run(funs, N) -> repeat(N * 2, fun() -> higher(numbers(100, 7)) end);
run(binaries, N) -> repeat(N, fun() -> byte_size(build(400, <<>>)) + parse(build(400, <<>>), 0) end);
run(maps, N) -> repeat(N, fun() -> small_maps(100, #{a => 0, b => 1, c => 2}) + large_map(300) end);
run(trees, N) -> repeat(N, fun() -> check(tree(10)) end);
run(messages, N) -> repeat(N, fun() -> ring(20, 15) + selective(60) end).

repeat(N, Fun) -> repeat(N, Fun, 0).
repeat(0, _, Sum) -> Sum;
repeat(N, Fun, Sum) -> repeat(N - 1, Fun, Sum + Fun()).

%% --- calls ---

fib(N) when N < 2 -> N;
fib(N) -> fib(N - 1) + fib(N - 2).

tak(X, Y, Z) when Y < X -> tak(tak(X - 1, Y, Z), tak(Y - 1, Z, X), tak(Z - 1, X, Y));
tak(_, _, Z) -> Z.

ack(0, N) -> N + 1;
ack(M, 0) -> ack(M - 1, 1);
ack(M, N) -> ack(M - 1, ack(M, N - 1)).

%% --- lists ---

numbers(0, _) -> [];
numbers(N, Seed) -> [Seed rem 1000 | numbers(N - 1, (Seed * 1103 + 12345) rem 65536)].

nrev([]) -> [];
nrev([Head | Tail]) -> append(nrev(Tail), [Head]).

append([], List) -> List;
append([Head | Tail], List) -> [Head | append(Tail, List)].

sort([]) -> [];
sort([Pivot | Rest]) ->
    sort([X || X <- Rest, X < Pivot]) ++ [Pivot | sort([X || X <- Rest, X >= Pivot])].

%% --- dispatch: a stack machine that adds up N, N-1, ... ---

program() ->
    {{load, 1}, {jump_if_zero, 11}, {load, 2}, {load, 1}, add, {store, 2},
     {load, 1}, {push, 1}, subtract, {store_and_jump, 1, 1}, {load, 2}, halt}.

execute(Pc, Code, Stack, Vars) ->
    case element(Pc, Code) of
        {push, X} -> execute(Pc + 1, Code, [X | Stack], Vars);
        {load, V} -> execute(Pc + 1, Code, [element(V, Vars) | Stack], Vars);
        {store, V} -> execute(Pc + 1, Code, tl(Stack), setelement(V, Vars, hd(Stack)));
        {store_and_jump, V, To} -> execute(To, Code, tl(Stack), setelement(V, Vars, hd(Stack)));
        {jump_if_zero, To} when hd(Stack) =:= 0 -> execute(To, Code, tl(Stack), Vars);
        {jump_if_zero, _} -> execute(Pc + 1, Code, tl(Stack), Vars);
        halt -> hd(Stack);
        Operator ->
            [B, A | Rest] = Stack,
            execute(Pc + 1, Code, [operate(Operator, A, B) | Rest], Vars)
    end.

operate(add, A, B) -> A + B;
operate(subtract, A, B) -> A - B;
operate(multiply, A, B) -> A * B.

%% --- integers ---

collatz(0, Sum) -> Sum;
collatz(N, Sum) -> collatz(N - 1, Sum + chain(N, 1)).

chain(1, Length) -> Length;
chain(X, Length) when X band 1 =:= 0 -> chain(X bsr 1, Length + 1);
chain(X, Length) -> chain(3 * X + 1, Length + 1).

mix(0, X) -> X;
mix(N, X) -> mix(N - 1, ((X bxor (X bsl 7)) + N * 31 + X div 3) rem 16#ffffff band 16#fffff0).

%% --- floats ---

pixels(0, Sum) -> Sum;
pixels(N, Sum) -> pixels(N - 1, Sum + escape(0.0, 0.0, N / 12 - 1.5, N / 20, 60)).

escape(_, _, _, _, 0) -> 0;
escape(X, Y, _, _, N) when X * X + Y * Y > 4.0 -> N;
escape(X, Y, A, B, N) -> escape(X * X - Y * Y + A, 2.0 * X * Y + B, A, B, N - 1).

%% --- funs ---

inc(X) -> X + 1.
add(X, Y) -> X + Y.

higher(Numbers) ->
    Scale = length(Numbers),
    Scaled = lists:map(fun(X) -> X * Scale + 1 end, Numbers),
    Even = lists:filter(fun(X) -> X rem 2 =:= 0 end, Scaled),
    Sum = lists:foldl(fun ?MODULE:add/2, 0, Even),
    Calls = [{?MODULE, inc, [Sum]}, {?MODULE, add, [Sum, 1]}, {erlang, max, [Sum, 3]}],
    lists:foldl(fun({M, F, As}, All) -> All + apply(M, F, As) end, dynamic(50, ?MODULE, inc, 0),
                Calls).

dynamic(0, _, _, X) -> X;
dynamic(N, Module, Function, X) -> dynamic(N - 1, Module, Function, Module:Function(X)).

%% --- binaries ---

build(0, Built) -> Built;
build(N, Built) -> build(N - 1, <<Built/binary, N:16, (N rem 7):3, 0:5, (N * 3):32/little>>).

parse(<<N:16, Kind:3, _:5, Value:32/little, Rest/binary>>, Sum) ->
    parse(Rest, Sum + N + Kind + Value);
parse(<<>>, Sum) -> Sum.

%% --- maps ---

small_maps(0, #{a := A, b := B}) -> A + B;
small_maps(N, Map = #{a := A}) -> small_maps(N - 1, Map#{a := A + N, b := maps:get(c, Map)}).

large_map(N) ->
    Map = put_all(N, #{}),
    get_all(N, Map, 0).

put_all(0, Map) -> Map;
put_all(N, Map) -> put_all(N - 1, Map#{N * 7 => N}).

get_all(0, _, Sum) -> Sum;
get_all(N, Map, Sum) -> get_all(N - 1, Map, Sum + map_get(N * 7, Map)).

%% --- trees: allocation and garbage collection ---

tree(0) -> leaf;
tree(Depth) -> {tree(Depth - 1), tree(Depth - 1)}.

check(leaf) -> 1;
check({Left, Right}) -> check(Left) + check(Right).

%% --- messages ---

ring(Size, Laps) ->
    First = lists:foldl(fun(_, Next) -> spawn_link(fun() -> pass(Next) end) end, self(),
                        lists:seq(1, Size)),
    Sum = laps(Laps, First, 0),
    First ! stop,
    receive stop -> Sum end.

laps(0, _, Sum) -> Sum;
laps(N, First, Sum) ->
    First ! {token, N},
    receive {token, X} -> laps(N - 1, First, Sum + X) end.

pass(Next) ->
    receive
        {token, X} -> Next ! {token, X + 1}, pass(Next);
        stop -> Next ! stop
    end.

selective(N) ->
    [self() ! {number, X} || X <- lists:seq(1, N)],
    lists:sum([receive {number, X} -> X end || X <- lists:seq(N, 1, -1)]).
