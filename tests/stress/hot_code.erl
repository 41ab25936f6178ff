%% A module that is loaded anew again and again while workers keep it busy: its functions become hot,
%% are traced and no longer traced, raise, and are asked where they are, whichever generation runs.
%% Machine code that was made for a generation must go when that goes, and its memory be used again.
%%
%% run(Seed, Seconds): {ok, Counts}.
-module(hot_code).
-export([run/1, run/2]).

-define(HOT, stress_hot).
-define(GENERATIONS, 8).
-define(WORKERS, 4).

run([Seed, Seconds]) -> run(list_to_integer(Seed), list_to_integer(Seconds)).

run(Seed, Seconds) ->
    process_flag(trap_exit, true),
    is_pid(whereis(erts_code_purger)) orelse spawn(erts_code_purger, start, []),
    Codes = list_to_tuple([generation(N) || N <- lists:seq(1, ?GENERATIONS)]),
    wait_for_purger(),
    load(element(1, Codes)),
    Self = self(),
    Workers = [spawn_link(fun() -> work(Self, 0) end) || _ <- lists:seq(1, ?WORKERS)],
    Tracer = spawn_link(fun() -> drop(0) end),
    End = erlang:monotonic_time(millisecond) + Seconds * 1000,
    Loads = change(Codes, Seed, Workers, Tracer, End, 0),
    Rounds = [stop(Worker) || Worker <- Workers],
    Traced = stop(Tracer),
    Traced > 0 orelse error(nothing_traced),
    {ok, [{loads, Loads}, {rounds, lists:sum(Rounds)}, {traced, Traced}]}.

wait_for_purger() ->
    whereis(erts_code_purger) =:= undefined andalso begin erlang:yield(), wait_for_purger() end.

stop(Worker) ->
    Worker ! {stop, self()},
    receive
        {Worker, Count} -> Count;
        {'EXIT', Worker, Why} -> error({worker, Why})
    end.

change(Codes, Random0, Workers, Tracer, End, Loads) ->
    Random = (Random0 * 1103515245 + 12345) rem 2147483648,
    load(element(Loads rem ?GENERATIONS + 1, Codes)),
    Worker = lists:nth(Random div 64 rem ?WORKERS + 1, Workers),
    %% Often there is time to become hot, and often there is not.
    Random div 1024 rem 4 =:= 0 andalso receive after Random div 4096 rem 20 -> ok end,
    Random div 16 rem 8 =:= 0 andalso trace(Worker, Tracer),
    place(Worker),
    receive {'EXIT', Died, Why} -> error({died, Died, Why}) after 0 -> ok end,
    case erlang:monotonic_time(millisecond) >= End of
        true -> Loads + 1;
        false -> change(Codes, Random, Workers, Tracer, End, Loads + 1)
    end.

load(Code) ->
    soft_purge(1000000),
    {module, ?HOT} = erlang:load_module(?HOT, Code).

soft_purge(0) -> error(cannot_purge);
soft_purge(N) -> erts_code_purger:soft_purge(?HOT) orelse begin erlang:yield(), soft_purge(N - 1) end.

%% Set and cleared while the worker may be anywhere in the functions.
trace(Worker, Tracer) ->
    erlang:trace(Worker, true, [call, return_to, {tracer, Tracer}]),
    erlang:trace_pattern({?HOT, '_', '_'}, [{'_', [], [{return_trace}]}], [local]),
    receive after 1 -> ok end,
    erlang:trace_pattern({?HOT, '_', '_'}, false, [local]),
    erlang:trace(Worker, false, [call, return_to]),
    Tracer ! {reached, self()},
    receive {Tracer, reached} -> ok end.

drop(Count) ->
    receive
        {reached, Who} -> Who ! {self(), reached}, drop(Count);
        {stop, Who} -> Who ! {self(), Count};
        Trace when element(1, Trace) =:= trace -> drop(Count + 1)
    end.

place(Worker) ->
    case process_info(Worker, current_location) of
        {current_location, {?HOT, Name, 1, [{file, "stress_hot.erl"}, {line, Line}]}} ->
            true = lists:member({Name, Line}, [{run, 7}, {fib, 9}, {fib, 10}, {fib, 11}, {fail, 20}, {fail, 21}]);
        _ -> ok
    end.

work(Parent, Count) ->
    receive {stop, Parent} -> Parent ! {self(), Count} after 0 -> ok end,
    Generation = ?HOT:generation(),
    {Other, 144} = ?HOT:run(12),
    true = lists:all(fun(N) -> 1 =< N andalso N =< ?GENERATIONS end, [Generation, Other]),
    try ?HOT:fail(9) of _ -> error(no_exception)
    catch error:badarith:Stack ->
        [{erlang, '+', [1, a], _} | Frames] = Stack,
        Places = [{Name, Arity, proplists:get_value(line, Info)} || {?HOT, Name, Arity, Info} <- Frames],
        {Stack, [{fail, 1, 20}]} = {Stack, Places}  % repeated calls are told once
    end,
    %% Out of it at times, or it could never be purged.
    Count rem 10 =:= 9 andalso erlang:yield(),
    Count rem 100 =:= 99 andalso erlang:garbage_collect(),
    work(Parent, Count + 1).

%%   generation() -> N.
%%   run(X) -> {N, fib(X)}.
%%   fib(X) when X < 2 -> X;
%%   fib(X) -> fib(X - 1) + fib(X - 2).
%%   fail(0) -> 1 + a;
%%   fail(X) -> 1 + fail(X - 1).
generation(N) ->
    X = fun(Line) -> {var, Line, 'X'} end,
    Call = fun(Line, Name, Less) ->
               {call, Line, {atom, Line, Name}, [{op, Line, '-', X(Line), {integer, Line, Less}}]}
           end,
    Export = [{generation, 0}, {run, 1}, {fail, 1}],
    Forms =
        [{attribute, 1, file, {"stress_hot.erl", 1}},
         {attribute, 1, module, ?HOT},
         {attribute, 1, export, Export},
         {function, 5, generation, 0, [{clause, 5, [], [], [{integer, 5, N}]}]},
         {function, 7, run, 1,
          [{clause, 7, [X(7)], [],
            [{tuple, 7, [{integer, 7, N}, {call, 7, {atom, 7, fib}, [X(7)]}]}]}]},
         {function, 9, fib, 1,
          [{clause, 9, [X(9)], [[{op, 9, '<', X(9), {integer, 9, 2}}]], [X(9)]},
           {clause, 10, [X(10)], [],
            [{op, 11, '+', Call(10, fib, 1), Call(11, fib, 2)}]}]},
         {function, 20, fail, 1,
          [{clause, 20, [{integer, 20, 0}], [], [{op, 20, '+', {integer, 20, 1}, {atom, 20, a}}]},
           {clause, 21, [X(21)], [], [{op, 21, '+', {integer, 21, 1}, Call(21, fail, 1)}]}]}],
    {ok, ?HOT, Binary} = compile:forms(Forms, [nowarn_failed]),
    Binary.
