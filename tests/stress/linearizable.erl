%% ETS tables under concurrent use: whether what a key's operations have answered can be explained by
%% some order of them in which each takes effect at one moment between its call and its return
%% (linearizability; the search is Wing and Gong's, with Lowe's memory of what has been tried).
%%
%% run(Seed, Seconds): {ok, Counts}, or an error with the history that has no explanation.
-module(linearizable).
-export([run/1, run/2]).

-define(WORKERS, 4).
-define(KEYS, 3).
-define(OPERATIONS, 30).

run([Seed, Seconds]) -> run(list_to_integer(Seed), list_to_integer(Seconds)).

run(Seed, Seconds) ->
    refuses_what_is_wrong(),
    End = erlang:monotonic_time(second) + Seconds,
    rounds(Seed * 1000003, End, 0, 0).

rounds(Random0, End, Rounds, Operations) ->
    case Rounds > 0 andalso erlang:monotonic_time(second) >= End of
        true -> {ok, [{rounds, Rounds}, {operations, Operations}]};
        false ->
            {Kind, Random} = draw(kinds(), Random0),
            Count = round(Kind, Random),
            rounds(next(Random), End, Rounds + 1, Operations + Count)
    end.

%% Options, and how many words a row has besides its key and value.
kinds() ->
    {{[set], 0}, {[set, {write_concurrency, true}], 0}, {[set, {read_concurrency, true}], 40},
     {[ordered_set], 0}, {[ordered_set, {write_concurrency, true}], 0},
     {[ordered_set, {write_concurrency, auto}], 40}, {[set, compressed], 40},
     {[set], 0}, {[ordered_set, {write_concurrency, true}], 3}, {[set], large}, {[ordered_set], large}}.

round({Options, Words}, Random) ->
    Table = ets:new(table, [public | Options]),
    %% Neighbours, so that leaves split and buckets hold more than one key.
    Fill = element(1, draw({1, 10, 70, 200}, Random)),
    ets:insert(Table, [{{other, N}, N} || N <- lists:seq(1, Fill)]),
    Count = case Words of large -> 4; _ -> ?OPERATIONS end,
    %% Locks that are mostly read under are another matter.
    Operations = element(1, draw({operations(), operations(), mostly_reading()}, next(Random))),
    [ets:lookup(Table, Key) || Key <- lists:seq(1, ?KEYS), _ <- lists:seq(1, 300)],
    Self = self(),
    Pids = [spawn_link(fun() ->
                           receive go -> ok end,
                           Self ! {self(), work(Count, Operations, Table, Words, Random * 31 + N, N, [])}
                       end) || N <- lists:seq(1, ?WORKERS)],
    [Pid ! go || Pid <- Pids],
    Done = lists:append([receive {Pid, Log} -> Log end || Pid <- Pids]),
    Final = [{Key, lookup, outcome(fun() -> rows(ets:lookup(Table, Key)) end), last, last}
             || Key <- lists:seq(1, ?KEYS)],
    Fill = ets:info(Table, size) - length([x || {_, _, {value, [_]}, _, _} <- Final]),
    ets:delete(Table),
    [check(Options, Key, [Entry || Entry <- Done ++ Final, element(1, Entry) =:= Key])
     || Key <- lists:seq(1, ?KEYS)],
    length(Done).

work(0, _, _, _, _, _, Log) -> Log;
work(Count, Operations, Table, Words, Random0, Worker, Log) ->
    {Operation, Random1} = draw(Operations, next(Random0)),
    {Key, Random} = draw({1, 2, 3}, Random1),
    Value = Worker * 1_000_000 + Count * 1000,
    Row = row(Key, Value, Words),
    Start = erlang:monotonic_time(),
    Result = perform(Operation, Table, Key, Value, Row),
    End = erlang:monotonic_time(),
    work(Count - 1, Operations, Table, Words, Random, Worker,
         [{Key, described(Operation, Value), Result, Start, End} | Log]).

operations() ->
    {insert, insert, insert_new, insert_new, insert_list, delete, delete_object, take, take, lookup,
     lookup, lookup_element, member, count, count, count, count_default, count_twice, update,
     select_delete, next}.

mostly_reading() ->
    {lookup, lookup, lookup, lookup, lookup, lookup, lookup_element, lookup_element, member, insert,
     count_default, take}.

described(Operation, Value)
  when Operation =:= insert; Operation =:= insert_new; Operation =:= update;
       Operation =:= insert_list ->
    {Operation, Value};
described(Operation, _) -> Operation.

row(Key, Value, 0) -> {Key, Value, []};
row(Key, Value, large) -> {Key, Value, lists:seq(Value, Value + 70_000)};
row(Key, Value, Words) -> {Key, Value, lists:seq(Value, Value + Words)}.

perform(Operation, Table, Key, Value, Row) ->
    outcome(fun() -> call(Operation, Table, Key, Value, Row) end).

call(insert, Table, _, _, Row) -> ets:insert(Table, Row);
call(insert_list, Table, _, _, Row) -> ets:insert(Table, [{{other, 1}, 1}, Row]);
call(insert_new, Table, _, _, Row) -> ets:insert_new(Table, Row);
call(delete, Table, Key, _, _) -> ets:delete(Table, Key);
%% An object that is nowhere.
call(delete_object, Table, Key, _, _) -> ets:delete_object(Table, {Key, nowhere});
call(take, Table, Key, _, _) -> rows(ets:take(Table, Key));
call(lookup, Table, Key, _, _) -> rows(ets:lookup(Table, Key));
call(lookup_element, Table, Key, _, _) -> ets:lookup_element(Table, Key, 2);
call(member, Table, Key, _, _) -> ets:member(Table, Key);
call(count, Table, Key, _, _) -> ets:update_counter(Table, Key, {2, 1});
call(count_default, Table, Key, _, _) -> ets:update_counter(Table, Key, {2, 1}, {Key, 7, []});
call(count_twice, Table, Key, _, _) -> ets:update_counter(Table, Key, [{2, 1}, {2, 10}]);
call(update, Table, Key, Value, _) -> ets:update_element(Table, Key, [{2, Value}, {3, []}]);
call(select_delete, Table, Key, _, _) -> ets:select_delete(Table, [{{Key, '_', '_'}, [], [true]}]);
%% Only that it ends and gives no key that never was.
call(next, Table, Key, _, _) ->
    try ets:next(Table, Key) of
        '$end_of_table' -> ok;
        {other, _} -> ok;
        N when is_integer(N), N >= 1, N =< ?KEYS -> ok
    catch error:badarg -> ok
    end.

%% A row is of one piece: its words belong to the value it began with.
rows([]) -> [];
rows([{_, Value, []}]) -> [Value];
rows([{_, Value, Words = [First | _]}]) ->
    case Value >= First andalso Value - First < 1000 andalso
         lists:last(Words) - First + 1 =:= length(Words) of
        true -> [Value];
        false -> error({torn, Value, First})
    end.

outcome(F) -> try {value, F()} catch error:badarg -> badarg end.

%% --- what each operation does to a key: absent, or its value ---

step({insert, V}, _, {value, true}) -> V;
step({insert_list, V}, _, {value, true}) -> V;
step({insert_new, V}, absent, {value, true}) -> V;
step({insert_new, _}, S, {value, false}) when S =/= absent -> S;
step(delete, _, {value, true}) -> absent;
step(delete_object, S, {value, true}) -> S;
step(take, absent, {value, []}) -> absent;
step(take, S, {value, [S]}) -> absent;
step(lookup, absent, {value, []}) -> absent;
step(lookup, S, {value, [S]}) -> S;
step(lookup_element, absent, badarg) -> absent;
step(lookup_element, S, {value, S}) -> S;
step(member, absent, {value, false}) -> absent;
step(member, S, {value, true}) when S =/= absent -> S;
step(count, absent, badarg) -> absent;
step(count, S, {value, V}) when V =:= S + 1 -> V;
step(count_default, absent, {value, 8}) -> 8;
step(count_default, S, {value, V}) when V =:= S + 1 -> V;
step(count_twice, absent, badarg) -> absent;
step(count_twice, S, {value, [A, B]}) when A =:= S + 1, B =:= S + 11 -> B;
step({update, V}, S, {value, true}) when S =/= absent -> V;
step({update, _}, absent, {value, false}) -> absent;
step(select_delete, absent, {value, 0}) -> absent;
step(select_delete, S, {value, 1}) when S =/= absent -> absent;
step(next, S, {value, ok}) -> S;
step(_, _, _) -> fail.

%% --- the search ---

check(Options, Key, History) ->
    Sorted = lists:keysort(4, [entry(Entry) || Entry <- History]),
    case explains(Sorted) of
        true -> ok;
        false -> error({not_linearizable, Options, Key, Sorted})
    end.

entry({Key, Operation, Result, last, last}) ->
    Late = 1 bsl 100,
    {Key, Operation, Result, Late, Late};
entry(Entry) -> Entry.

explains(Sorted) ->
    Numbered = lists:zip(lists:seq(0, length(Sorted) - 1), Sorted),
    element(1, search(Numbered, absent, 0, #{})).

%% `Left`: what has not taken effect yet, by start; `Done`: the others, as bits.
search([], _, _, Seen) -> {true, Seen};
search(Left, State, Done, Seen) when is_map_key({Done, State}, Seen) ->
    _ = Left,
    {false, Seen};
search(Left, State, Done, Seen) ->
    FirstEnd = lists:min([End || {_, {_, _, _, _, End}} <- Left]),
    Candidates = lists:takewhile(fun({_, {_, _, _, Start, _}}) -> Start =< FirstEnd end, Left),
    try_each(Candidates, Left, State, Done, Seen).

try_each([], _, State, Done, Seen) -> {false, Seen#{{Done, State} => tried}};
try_each([{Number, {_, Operation, Result, _, _}} | Rest], Left, State, Done, Seen0) ->
    case step(Operation, State, Result) of
        fail -> try_each(Rest, Left, State, Done, Seen0);
        Next ->
            case search(lists:keydelete(Number, 1, Left), Next, Done bor (1 bsl Number), Seen0) of
                {true, Seen} -> {true, Seen};
                {false, Seen} -> try_each(Rest, Left, State, Done, Seen)
            end
    end.

%% Histories as they would be with a lost update, a stale read, and two that both came first.
refuses_what_is_wrong() ->
    Wrong = [[{k, {insert, 1}, {value, true}, 1, 2}, {k, count, {value, 2}, 3, 6},
              {k, count, {value, 2}, 4, 5}],
             [{k, {insert, 1}, {value, true}, 1, 2}, {k, {insert, 5}, {value, true}, 3, 4},
              {k, lookup, {value, [1]}, 5, 6}],
             [{k, {insert_new, 1}, {value, true}, 1, 9}, {k, {insert_new, 2}, {value, true}, 2, 8},
              {k, lookup, {value, [2]}, 3, 4}],
             [{k, {insert, 1}, {value, true}, 1, 2}, {k, take, {value, [1]}, 3, 5},
              {k, take, {value, [1]}, 4, 6}]],
    [false = explains(History) || History <- Wrong],
    true = explains([{k, {insert, 1}, {value, true}, 1, 9}, {k, lookup, {value, []}, 2, 3},
                     {k, lookup, {value, [1]}, 4, 5}, {k, take, {value, [1]}, 5, 6},
                     {k, count, badarg, 7, 8}]).

%% --- numbers ---

next(Random) -> (Random * 6364136223846793005 + 1442695040888963407) band ((1 bsl 64) - 1).

draw(Choices, Random0) ->
    Random = next(Random0),
    {element(1 + (Random bsr 33) rem tuple_size(Choices), Choices), Random}.
