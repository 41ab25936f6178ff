%% Sequences of operations on one table of each type. What has no order in a hash table is shown
%% in the exact order of its keys.
-module(ets_tables).
-export([make/0, run/1]).

make() ->
    Type = prng:pick({set, ordered_set, bag, duplicate_bag}),
    KeyPos = prng:pick({1, 1, 1, 2, 3}),
    Options = generate:many(2, fun option/0),
    {table, Type, KeyPos, Options, generate:many(prng:pick({5, 40}), fun() -> operation(KeyPos) end)}.

option() ->
    prng:pick({public, private, protected, named_table, {read_concurrency, true},
               {write_concurrency, true}, {write_concurrency, auto},
               {decentralized_counters, true}, set}).

key() ->
    case prng:below(4) of
        0 -> prng:pick({a, b, 1, 1.0, 2, {k, 1}, {k, 1.0}, {k, 2, x}, "text", <<"bin">>, 1 bsl 70,
                        [], #{a => 1}, {}, [1 | 2], 2.5, -1});
        1 -> prng:below(100);
        2 -> {prng:below(3), prng:below(5)};
        3 -> prng:below(8)
    end.

value() ->
    case prng:below(4) of
        0 -> generate:term(1);
        1 -> prng:pick({x, y, 0, 1, 5, -3, (1 bsl 61) - 1, 1 bsl 64, "v", #{}, <<0:800>>});
        _ -> prng:below(10)
    end.

object(KeyPos) ->
    Size = case prng:below(12) of
               0 -> prng:below(KeyPos + 1);
               _ -> KeyPos + prng:below(3)
           end,
    list_to_tuple([case I of KeyPos -> key(); _ -> value() end || I <- lists:seq(1, Size)]).

%% OTP 25 crashes when a default has no key.
default(KeyPos) ->
    list_to_tuple([value() || _ <- lists:seq(1, KeyPos + prng:below(3))]).

objects(KeyPos) -> generate:many(6, fun() -> object(KeyPos) end).

operation(KeyPos) ->
    case prng:below(40) of
        0 -> {lookup, key()};
        1 -> {lookup_element, key(), prng:below(4)};
        2 -> {member, key()};
        3 -> {delete, key()};
        4 -> {delete_object, object(KeyPos)};
        5 -> {take, key()};
        6 -> {insert_new, object(KeyPos)};
        7 -> {insert_new, objects(KeyPos)};
        8 -> {update_counter, key(), counter(KeyPos)};
        9 -> {update_counter, key(), counter(KeyPos), default(KeyPos)};
        10 -> {update_counter, key(), generate:many(3, fun() -> counter(KeyPos) end)};
        11 -> {update_element, key(), element_spec(KeyPos)};
        12 -> {update_element, key(), generate:many(3, fun() -> element_spec(KeyPos) end)};
        13 -> {walk, first, next};
        14 -> {walk, last, prev};
        15 -> {select, match_specs:spec(fun() -> pattern(KeyPos) end)};
        16 -> {select_count, match_specs:spec(fun() -> pattern(KeyPos) end)};
        17 -> {select_delete, match_specs:test(fun() -> pattern(KeyPos) end)};
        18 -> {select_reverse, match_specs:spec(fun() -> pattern(KeyPos) end)};
        19 -> {chunks, select, match_specs:spec(fun() -> pattern(KeyPos) end), prng:below(5)};
        20 -> {chunks, select_reverse, match_specs:spec(fun() -> pattern(KeyPos) end),
               prng:between(1, 4)};
        21 -> {match, pattern(KeyPos)};
        22 -> {match_object, pattern(KeyPos)};
        23 -> {match_delete, pattern(KeyPos)};
        24 -> {chunks, match_object, pattern(KeyPos), prng:between(1, 3)};
        25 -> {select_replace, replace_spec(KeyPos)};
        26 -> {neighbour, prng:pick({next, prev}), key()};
        27 -> {fixed_walk, prng:below(3)};
        28 -> {slots};
        29 -> {info};
        30 -> {delete_all_objects};
        31 -> {foldl};
        32 -> {rename, prng:pick({x_table, y_table, 1})};
        33 -> {setopts, prng:pick({{protection, public}, {protection, private}, {heir, none},
                                   [{protection, protected}], {protection, odd}, []})};
        34 -> {wrong, prng:pick({lookup, member, delete, take, first, info, next, insert})};
        35 -> {insert, objects(KeyPos)};
        36 -> {insert, objects(KeyPos)};
        _ -> {insert, object(KeyPos)}
    end.

counter(_) ->
    case prng:below(7) of
        0 -> prng:between(-3, 3);
        1 -> {prng:below(4), prng:between(-3, 3)};
        2 -> {prng:below(5), prng:between(-5, 5), prng:below(10), prng:below(4)};
        3 -> {prng:between(1, 3), 1 bsl prng:below(70)};
        4 -> prng:pick({{2, x}, {2}, {2, 1, x, 1}, foo, {2, 1, 1}, {1.0, 2}, []});
        _ -> {prng:between(2, 3), prng:between(-3, 3)}
    end.

element_spec(_) ->
    case prng:below(6) of
        0 -> prng:pick({{2}, foo, {x, 1}, {0, 1}, {9, 1}, {1 bsl 70, 1}});
        _ -> {prng:between(1, 4), value()}
    end.

pattern(KeyPos) ->
    case prng:below(8) of
        0 -> '_';
        1 -> '$1';
        2 -> prng:pick({{}, a, [], {'_'}, 5, {'$1', '$2'}, {'$1', '$1'}});
        _ -> list_to_tuple([case I of
                                KeyPos -> key_pattern();
                                _ -> match_specs:pattern(fun value/0)
                            end || I <- lists:seq(1, KeyPos + prng:below(3))])
    end.

key_pattern() ->
    case prng:below(8) of
        0 -> key();
        1 -> {prng:below(3), '$1'};
        2 -> {'_', prng:below(5)};
        3 -> {k, '_'};
        4 -> {prng:below(3), '_'};
        5 -> '$2';
        6 -> '_';
        7 -> match_specs:pattern(fun key/0)
    end.

replace_spec(KeyPos) ->
    Size = KeyPos + prng:below(2),
    Head = list_to_tuple([case I of
                              KeyPos -> prng:pick({'$1', '$1', {'$1', '$2'}, a});
                              _ -> list_to_atom("$" ++ integer_to_list(I + 2))
                          end || I <- lists:seq(1, Size)]),
    Body = case prng:below(4) of
               0 -> '$_';
               1 -> {{'$1', '$3', new}};
               2 -> {setelement(KeyPos, Head, '$1')};
               3 -> {Head}
           end,
    [{Head, [], [Body]}].

%% --- running ---

run({table, Type, KeyPos, Options, Operations}) ->
    Made = try ets:new(a_table, [Type, {keypos, KeyPos} | Options -- [set]])
           catch error:badarg -> none
           end,
    try
        {Results, Table} = lists:mapfoldl(
                             fun(Operation, T) ->
                                     step(Operation, T, {Type, KeyPos})
                             end, Made, Operations),
        {Results, ets:info(Table, size), everything(Table, {Type, KeyPos}),
         [ets:info(Table, I) || I <- [type, keypos, named_table, name, protection, heir, compressed,
                                      fixed, write_concurrency, read_concurrency,
                                      decentralized_counters]]}
    after
        _ = [ets:delete(T) || T <- [a_table, x_table, y_table, Made], ets:info(T) =/= undefined]
    end.

step({rename, Name}, Table, _) ->
    try ets:rename(Table, Name) of
        Same when Same =:= Table -> {same, Table};
        New -> {New, New}
    catch
        error:Reason:Trace -> {{error, Reason, origin(Trace)}, Table}
    end;
step(Operation, Table, Kind) ->
    Result = try perform(Operation, Table, Kind)
             catch Class:Reason:Trace -> {Class, Reason, origin(Trace)}
             end,
    {Result, Table}.

origin([{M, F, Args, Info} | _]) when is_list(Args) ->
    {M, F, length(Args), lists:keyfind(error_info, 1, Info)};
origin([{M, F, A, Info} | _]) -> {M, F, A, lists:keyfind(error_info, 1, Info)}.

perform({walk, First, Next}, T, Kind) -> keys(walk(T, Next, ets:First(T)), Kind);
perform({neighbour, Next, Key}, T, {ordered_set, _}) -> ets:Next(T, Key);
perform({neighbour, Next, Key}, T, _) ->
    case ets:member(T, Key) of
        true -> lists:member(ets:Next(T, Key), ['$end_of_table' | walk(T, next, ets:first(T))]);
        false -> ets:Next(T, Key)
    end;
perform({fixed_walk, Every}, T, Kind) ->
    ets:safe_fixtable(T, true),
    Keys = fixed_walk(T, Every, 1, ets:first(T)),
    Fixed = ets:info(T, fixed),
    ets:safe_fixtable(T, false),
    %% Which keys go depends on the order.
    case Kind of
        {ordered_set, _} -> {Keys, Fixed};
        _ when Every =:= 0 -> ets:delete_all_objects(T), {length(Keys), ets:first(T)};
        _ when Every =:= 1 -> {keys(Keys, Kind), ets:info(T, size), ets:first(T)};
        _ -> ets:delete_all_objects(T), {keys(Keys, Kind), Fixed, ets:info(T, fixed)}
    end;
perform({slots}, T, Kind) -> rows(slots(T, 0, ets:slot(T, 0)), Kind);
perform({info}, T, _) -> {ets:info(T, size), ets:info(T, fixed), ets:info(T, safe_fixed)};
perform({foldl}, T, Kind) -> rows(ets:foldl(fun(R, Rs) -> [R | Rs] end, [], T), Kind);
perform({chunks, F, Spec, Limit}, T, Kind) ->
    case chunks(F, ets:F(T, Spec, Limit), Limit) of
        {Sizes, Results} when element(1, Kind) =:= ordered_set -> {Sizes, Results};
        {_, Results} -> any_order(Results)
    end;
perform({select, Spec}, T, Kind) -> results(ets:select(T, Spec), Kind);
perform({select_reverse, Spec}, T, Kind) -> results(ets:select_reverse(T, Spec), Kind);
perform({match, P}, T, Kind) -> results(ets:match(T, P), Kind);
perform({match_object, P}, T, Kind) -> rows(ets:match_object(T, P), Kind);
perform({wrong, F}, _, _) ->
    Table = case F of
                info -> no_such_table;
                lookup -> make_ref();
                member -> "table";
                _ -> no_such_table
            end,
    case F of
        first -> ets:first(Table);
        info -> ets:info(Table);
        insert -> ets:insert(Table, {1, 2});
        _ -> ets:F(Table, key)
    end;
%% How OTP 25 orders rows of one key in a list depends on the reductions that are left.
perform({F, [_ | _] = Rows}, T, {Type, KeyPos})
  when Type =/= bag, F =:= insert; Type =/= bag, F =:= insert_new ->
    ets:F(T, distinct(Rows, KeyPos, []));
perform(Operation, T, _) ->
    [F | Arguments] = tuple_to_list(Operation),
    Known = [{insert, 1}, {insert_new, 1}, {lookup, 1}, {lookup_element, 2}, {member, 1},
             {delete, 1}, {delete_object, 1}, {take, 1}, {update_counter, 2}, {update_counter, 3},
             {update_element, 2}, {select_count, 1}, {select_delete, 1}, {match_delete, 1},
             {select_replace, 1}, {delete_all_objects, 0}, {setopts, 1}],
    case lists:member({F, length(Arguments)}, Known) of
        true -> apply(ets, F, [T | Arguments]);
        false -> not_an_operation
    end.

distinct([Row | Rows], KeyPos, Keys) when is_tuple(Row), tuple_size(Row) >= KeyPos ->
    Key = element(KeyPos, Row),
    case lists:any(fun(K) -> K == Key end, Keys) of
        true -> distinct(Rows, KeyPos, Keys);
        false -> [Row | distinct(Rows, KeyPos, [Key | Keys])]
    end;
distinct([Row | Rows], KeyPos, Keys) -> [Row | distinct(Rows, KeyPos, Keys)];
distinct(Rest, _, _) -> Rest.

walk(_, _, '$end_of_table') -> [];
walk(T, Next, Key) -> [Key | walk(T, Next, ets:Next(T, Key))].

fixed_walk(_, _, _, '$end_of_table') -> [];
fixed_walk(T, Every, I, Key) ->
    _ = Every =/= 0 andalso I rem Every =:= 0 andalso ets:delete(T, Key),
    [Key | fixed_walk(T, Every, I + 1, ets:next(T, Key))].

slots(_, _, '$end_of_table') -> [];
slots(T, N, Rows) -> Rows ++ slots(T, N + 1, ets:slot(T, N + 1)).

chunks(_, '$end_of_table', _) -> {[], []};
chunks(F, {Results, Continuation}, Limit) ->
    true = length(Results) =< Limit,
    {Sizes, More} = chunks(F, ets:F(Continuation), Limit),
    {[length(Results) | Sizes], Results ++ More}.

keys(Keys, {ordered_set, _}) -> Keys;
keys(Keys, _) -> exact(fun(K) -> K end, Keys).

rows(Rows, {ordered_set, _}) -> Rows;
rows(Rows, {_, KeyPos}) -> exact(fun(R) -> element(KeyPos, R) end, Rows).

results(Results, {ordered_set, _}) -> Results;
results(Results, _) -> any_order(Results).

any_order(Results) -> exact(fun(R) -> R end, Results).

%% Sorted by keys among which 1 and 1.0 differ; the order of equal keys stays.
exact(Key, List) ->
    [X || {_, X} <- lists:sort(fun({A, _}, {B, _}) -> A =< B end,
                               [{#{Key(X) => []}, X} || X <- List])].

everything(T, Kind) -> rows(ets:tab2list(T), Kind).
