%% Tables and persistent terms with keys, rows and specifications so large that a dirty thread looks
%% at them, and products within specifications.
-module(large_keys).
-export([main/0]).

main() ->
    {[tables(Type, Key, Other) || Type <- [set, ordered_set, bag, duplicate_bag],
                                  {Key, Other} <- keys()],
     [updates(Type, Key) || Type <- [set, ordered_set], {Key, _} <- keys()],
     [refused(Key) || {Key, _} <- keys()],
     [walks(Key, Other) || {Key, Other} <- keys()],
     [persistent(Key, Other) || {Key, Other} <- keys()],
     [selects(Options, Key) || Options <- [[set], [ordered_set], [bag], [set, compressed]],
                               {Key, _} <- keys()],
     [products(Type) || Type <- [set, ordered_set, bag]],
     runs(), at_once()}.

%% Two that differ late.
keys() ->
    Long = lists:seq(1, 100_000),
    Text = binary:copy(<<"some text ">>, 100_000),
    [{Long, Long ++ [x]}, {list_to_tuple(Long), list_to_tuple(tl(Long) ++ [0])},
     {{a, [Text]}, {a, [<<Text/binary, 1>>]}}, {Text, binary:part(Text, 0, 999_999)},
     {#{Long => Text}, #{Long => Long}}, {short, "short"}].

short(Term) -> erlang:phash2(Term).
rows(Rows) when is_list(Rows) -> [short(R) || R <- Rows];
rows(Other) -> Other.

copy(T) -> binary_to_term(term_to_binary(T)).

tables(Type, Key, Other) ->
    T = ets:new(t, [Type]),
    Same = copy(Key),
    First = [ets:insert(T, {Key, 1}), ets:member(T, Same), ets:member(T, Other),
             ets:insert_new(T, {Same, 2}), ets:insert_new(T, {Other, 2}), ets:insert(T, {Same, 3}),
             ets:insert(T, [{Same, 4}, {x, 5}, {Other, 6}]),
             ets:insert_new(T, [{y, 1}, {Same, 7}])],
    Then = [rows(ets:lookup(T, Same)), rows(ets:lookup(T, Other)),
            failing(fun() -> ets:lookup_element(T, Same, 2) end),
            failing(fun() -> ets:lookup_element(T, [Same], 2) end),
            failing(fun() -> ets:lookup_element(T, Same, 3) end),
            ets:delete_object(T, {Same, 3}), ets:delete_object(T, {Same, 0}), ets:info(T, size),
            rows(ets:take(T, Same)), ets:member(T, Key), rows(ets:take(T, Same)),
            ets:delete(T, copy(Other)), ets:member(T, Other), ets:info(T, size)],
    ets:delete(T),
    {First, Then}.

updates(Type, Key) ->
    T = ets:new(t, [Type]),
    Same = copy(Key),
    ets:insert(T, {Key, 1, a}),
    [ets:update_counter(T, Same, 5), ets:update_counter(T, Same, [{2, 3}, {2, 1 bsl 70}]),
     ets:update_counter(T, [Same], {2, 1}, {z, 40}), ets:update_element(T, Same, {3, Same}),
     rows(ets:lookup(T, Same)), ets:update_element(T, Same, [{3, x}, {2, 0}]),
     ets:update_element(T, {Same}, {3, x}), ets:update_element(T, [Same], {2, [Same, Same]}),
     [rows(ets:lookup(T, K)) || K <- [Same, [Same], {Same}]],
     failing(fun() -> ets:update_counter(T, {Same}, 1) end),
     failing(fun() -> ets:update_counter(T, [Same], {2, 1}) end),
     failing(fun() -> ets:update_element(T, Same, {1, x}) end),
     failing(fun() -> ets:update_element(T, Same, {9, Same}) end)].

failing(F) ->
    try F() of
        X -> {no_failure, short(X)}
    catch
        C:R:Stack ->
            [{M, N, A, I} | _] = Stack,
            Arguments = [X || X <- A, not is_reference(X)],
            {C, R, M, N, short(Arguments), proplists:get_value(error_info, I)}
    end.

%% Tables that are not there, and those of others.
refused(Key) ->
    Self = self(),
    Owner = spawn(fun() -> Self ! {table, ets:new(t, [private])}, receive stop -> ok end end),
    Private = receive {table, P} -> P end,
    Gone = ets:new(t, []),
    ets:delete(Gone),
    Calls = fun(T) ->
                [failing(F) || F <- [fun() -> ets:insert(T, {Key}) end,
                                     fun() -> ets:lookup(T, Key) end,
                                     fun() -> ets:member(T, Key) end,
                                     fun() -> ets:delete(T, Key) end,
                                     fun() -> ets:take(T, Key) end,
                                     fun() -> ets:next(T, Key) end,
                                     fun() -> ets:update_counter(T, Key, 1) end,
                                     fun() -> ets:update_element(T, Key, {2, 1}) end,
                                     fun() -> ets:delete_object(T, {Key}) end,
                                     fun() -> ets:select(T, [{{Key}, [], [x]}]) end,
                                     fun() -> ets:match_object(T, {Key}) end,
                                     fun() -> ets:select_delete(T, [{{Key}, [], [true]}]) end]]
            end,
    Results = [Calls(T) || T <- [Private, Gone, no_such_table]],
    Owner ! stop,
    Results.

walks(Key, Other) ->
    T = ets:new(t, [ordered_set]),
    ets:insert(T, [{Key, 1}, {Other, 2}, {a, 3}, {<<>>, 4}]),
    Set = ets:new(t, []),
    ets:insert(Set, [{Key, 1}]),
    [short(ets:next(T, copy(Key))), short(ets:prev(T, copy(Key))), short(ets:next(T, [Key])),
     short(ets:next(Set, copy(Key))), failing(fun() -> ets:next(Set, [Key]) end),
     short(ets:tab2list(T)), short(ets:first(T)), short(ets:last(T))].

persistent(Key, Other) ->
    Get = fun(K) -> persistent_term:get(K, none) end,
    Results =
        [Get(Key), persistent_term:put(Key, 1), Get(copy(Key)), Get(Other),
         persistent_term:put(copy(Key), 2), Get(Key), persistent_term:put({Other, Key}, Key),
         short(Get(copy({Other, Key}))), persistent_term:put({Other, Key}, copy(Key)),
         persistent_term:put(copy({Other, Key}), Other), short(Get({Other, Key})),
         persistent_term:erase(Other), persistent_term:erase(copy(Key)), Get(Key),
         persistent_term:erase(Key), persistent_term:erase({Other, copy(Key)}),
         failing(fun() -> persistent_term:get(Key) end)],
    Results.

%% Rows among which some are large.
selects(Options, Key) ->
    T = ets:new(t, Options),
    ets:insert(T, [{N, N rem 7, {N}} || N <- lists:seq(1, 3000)]),
    ets:insert(T, [{-1, 3, Key}, {2500.5, 3, [Key]}, {{3}, 3, {Key}}]),
    Sort = fun(L) -> lists:sort([short(R) || R <- L]) end,
    Whole = [{{'$1', 3, '_'}, [], ['$_']}],
    [Sort(ets:select(T, Whole)), Sort(ets:match_object(T, {'_', '_', Key})),
     Sort(ets:match(T, {'$1', 3, '$2'})), ets:select_count(T, [{{'_', 3, '_'}, [], [true]}]),
     Sort(in_chunks(ets:select(T, Whole, 100))), Sort(ets:select(T, [{{'_', '_', Key}, [], [x]}])),
     ets:select_delete(T, [{{'_', 3, '_'}, [], [true]}]), ets:info(T, size),
     ets:info(T, safe_fixed_monotonic_time)].

in_chunks('$end_of_table') -> [];
in_chunks({Rows, Continuation}) -> Rows ++ in_chunks(ets:select(Continuation)).

products(Type) ->
    T = ets:new(t, [Type]),
    Big = 1 bsl 300_000 - 1,
    ets:insert(T, [{N, case N rem 100 of 0 -> Big + N; _ -> N end} || N <- lists:seq(1, 1000)]),
    Rest = {'rem', {'*', '$2', Big}, 1009},
    Even = [{{'_', '$2'}, [{'=:=', {'rem', {'*', '$2', Big}, 2}, 0}], [true]}],
    Body = ets:select(T, [{{'$1', '$2'}, [], [{{'$1', Rest}}]}]),
    Chunks = in_chunks(ets:select(T, [{{'$1', '$2'}, [], [{{'$1', Rest}}]}], 77)),
    [short(lists:sort(Body)), short(lists:sort(Chunks)), ets:select_count(T, Even),
     short(lists:sort(ets:select(T, [{{'$1', '$2'}, [{'<', Rest, 500}], ['$1']}]))),
     ets:select(T, [{{100, '$2'}, [], [{'*', '$2', a}, {'rem', '$2', 0}]}]),
     [short(R) || R <- ets:select(T, [{{100, '$2'}, [], [{'*', '$2', '$2'}]}])],
     case Type of
         bag -> none;
         _ -> ets:select_replace(T, [{{'$1', '$2'}, [{'>', '$1', 500}],
                                      [{{'$1', {'rem', {'*', '$2', Big}, 1009}}}]}])
     end,
     ets:select_delete(T, Even), ets:info(T, size), short(lists:sort(ets:tab2list(T)))].

runs() ->
    Big = 1 bsl 300_000 - 1,
    Long = lists:seq(1, 100_000),
    Spec = ets:match_spec_compile([{{'$1', '$2'}, [{'>', {'*', '$1', '$2'}, 10}],
                                    [{{'$1', {'rem', {'*', '$1', '$2'}, 7}}}]},
                                   {{'_', '$1'}, [], ['$1']}]),
    [short(ets:match_spec_run([{N, Big - N} || N <- lists:seq(0, 20)], Spec)),
     short(ets:match_spec_run([{1, 2}, {3, Long}, {Long, 4}, {5, 6}], Spec)),
     failing(fun() -> ets:match_spec_run([{Big, Big} | x], Spec) end),
     short(erlang:match_spec_test({Big, Big}, [{{'$1', '$2'}, [], [{'*', '$1', '$2'}]}], table)),
     short(erlang:match_spec_test([Big, Big], [{['$1', '$2'], [], [{'*', '$1', '$2'}]}], trace)),
     short(erlang:match_spec_test({Long}, [{{'$1'}, [], ['$1']}], table))].

%% Several at once, on one key.
at_once() ->
    T = ets:new(t, [public]),
    Key = lists:seq(1, 100_000),
    ets:insert(T, {Key, 0}),
    Count = fun() -> [ets:update_counter(T, copy(Key), 1) || _ <- lists:seq(1, 25)] end,
    Pids = [spawn_monitor(Count) || _ <- lists:seq(1, 8)],
    Ends = [receive {'DOWN', Ref, _, _, Reason} -> Reason end || {_, Ref} <- Pids],
    {Ends, ets:lookup_element(T, Key, 2)}.
