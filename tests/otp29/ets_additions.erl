%% What tables have since OTP 27: lookups along the way, defaults for what is not there.
-module(ets_additions).
-export([main/0]).

p(X, V) -> io:format("~p: ~p~n", [X, V]).

main() ->
    [begin
         p({walks, Type}, walks(Type)),
         p({ends, Type}, ends(Type)),
         p({fixed, Type}, fixed(Type)),
         p({elements, Type}, elements(Type)),
         p({updates, Type}, updates(Type)),
         p({counters, Type}, counters(Type)),
         p({refused, Type}, refused(Type))
     end || Type <- [set, ordered_set, bag, duplicate_bag]],
    [p({order, Type}, order(Type)) || Type <- [bag, duplicate_bag]],
    p(concurrent, [concurrent(Type) || Type <- [set, ordered_set, bag]]),
    p(named, named()).

attempt(Fun) ->
    try Fun()
    catch C:R:S -> {C, R, cause(S)}
    end.

cause([{ets, F, A, Info} | _]) ->
    Cause = case Info of
                [{error_info, #{cause := C}}] -> C;
                [{error_info, #{module := erl_stdlib_errors}}] -> none
            end,
    Texts = erl_stdlib_errors:format_error(badarg, [{ets, F, A, Info}]),
    {F, length(A), Cause, [{K, iolist_to_binary(T)} || {K, T} <- lists:sort(maps:to_list(Texts))]}.

table(Type, Rows, Options) ->
    T = ets:new(t, [Type | Options]),
    true = ets:insert(T, Rows),
    T.

%% There and back, with all rows of each key; as first, next, last, prev and lookup tell.
walks(Type) ->
    [begin
         T = table(Type, [{K rem 300, K, [K, {K}]} || K <- lists:seq(1, 700)], Options),
         Forth = walk(T, first_lookup, next_lookup),
         Back = walk(T, last_lookup, prev_lookup),
         Keys = keys(T, first, next),
         {length(Forth), [K || {K, _} <- Forth] =:= Keys,
          [K || {K, _} <- Back] =:= keys(T, last, prev),
          lists:all(fun({K, Rows}) -> Rows =:= ets:lookup(T, K) end, Forth ++ Back),
          Type =/= ordered_set orelse lists:reverse(Back) =:= Forth,
          lists:sum([length(Rows) || {_, Rows} <- Forth]), lists:sort(Forth) =:= lists:sort(Back)}
     end || Options <- [[], [compressed], [{write_concurrency, true}], [{write_concurrency, auto}]]].

walk(T, First, Next) -> walk_on(T, Next, ets:First(T)).
walk_on(_, _, '$end_of_table') -> [];
walk_on(T, Next, {K, _} = Found) -> [Found | walk_on(T, Next, ets:Next(T, K))].
keys(T, First, Next) -> keys_on(T, Next, ets:First(T)).
keys_on(_, _, '$end_of_table') -> [];
keys_on(T, Next, K) -> [K | keys_on(T, Next, ets:Next(T, K))].

ends(Type) ->
    T = ets:new(t, [Type, {keypos, 2}]),
    Empty = [ets:first_lookup(T), ets:last_lookup(T)],
    true = ets:insert(T, {one, 1, binary:copy(<<"0123456789">>, 7)}),
    One = [ets:first_lookup(T), ets:last_lookup(T), ets:next_lookup(T, 1), ets:prev_lookup(T, 1)],
    Other = [attempt(fun() -> ets:next_lookup(T, 0) end), attempt(fun() -> ets:prev_lookup(T, 2) end),
             attempt(fun() -> ets:next_lookup(T, 1.0) end), attempt(fun() -> ets:prev_lookup(T, 1.5) end)],
    {Empty, One, Other}.

%% In a fixed table a key that is gone still leads on.
fixed(Type) ->
    T = table(Type, [{N, N} || N <- lists:seq(1, 100)], []),
    Order = keys(T, first, next),
    true = ets:safe_fixtable(T, true),
    {First, _} = ets:first_lookup(T),
    [true = ets:delete(T, K) || K <- lists:sublist(Order, 50)],
    {Next, [_]} = ets:next_lookup(T, First),
    {Now, [_]} = ets:first_lookup(T),
    true = ets:safe_fixtable(T, false),
    {Next =:= lists:nth(51, Order), Now =:= Next, length(walk(T, first_lookup, next_lookup))}.

elements(Type) ->
    T = table(Type, [{k, 1, x}, {k, 2, y}, {j}], []),
    [attempt(F) || F <- [fun() -> ets:lookup_element(T, k, 2, default) end,
                         fun() -> ets:lookup_element(T, none, 2, default) end,
                         fun() -> ets:lookup_element(T, none, 9, [default, 1 bsl 99]) end,
                         fun() -> ets:lookup_element(T, none, 2, []) end,
                         fun() -> ets:lookup_element(T, j, 2, default) end,
                         fun() -> ets:lookup_element(T, k, 0, default) end,
                         fun() -> ets:lookup_element(T, none, 0, default) end,
                         fun() -> ets:lookup_element(T, k, two, default) end]].

%% Sets only. What is inserted is the default with its key and then with the changes.
updates(Type) ->
    T = table(Type, [{k, 1, x}], []),
    R = [outcome(Type, F)
         || F <- [fun() -> ets:update_element(T, k, {2, changed}, {k, d, d}) end,
                  fun() -> ets:update_element(T, new, {2, set}, {any, d, d}) end,
                  fun() -> ets:update_element(T, newer, [{2, a}, {3, b}], {x, y, z, w}) end,
                  fun() -> ets:update_element(T, newest, [], {x, y}) end,
                  fun() -> ets:update_element(T, fail, {4, a}, {x, y, z}) end,
                  fun() -> ets:update_element(T, fail, {1, a}, {x, y, z}) end,
                  fun() -> ets:update_element(T, fail, {2, a}, not_a_tuple) end,
                  fun() -> ets:update_element(T, fail, {2, a}, {}) end,
                  fun() -> ets:update_element(T, k, {2, a}, {}) end,
                  fun() -> ets:update_element(T, fail, [{2, a}, x], {x, y, z}) end]],
    {R, lists:sort(ets:tab2list(T))}.

%% Tables with many rows of a key are refused; why is not documented.
outcome(Type, Fun) when Type =:= set; Type =:= ordered_set -> attempt(Fun);
outcome(_, Fun) -> try Fun() catch C:R -> {C, R} end.

counters(Type) ->
    T = table(Type, [{x, k, 1}], [{keypos, 2}]),
    R = [outcome(Type, F)
         || F <- [fun() -> ets:update_counter(T, k, {3, 2}, {short}) end,
                  fun() -> ets:update_counter(T, new, {3, 2}, {short}) end,
                  fun() -> ets:update_element(T, k, {3, 2}, {short}) end,
                  fun() -> ets:update_element(T, new, {3, 2}, {short}) end,
                  fun() -> ets:update_counter(T, new, {3, 2}, {a, b, 40}) end]],
    {R, lists:sort(ets:tab2list(T))}.

refused(Type) ->
    Self = self(),
    spawn_link(fun() ->
                   T = table(Type, [{k, 1}], [private]),
                   Self ! {private, T},
                   receive stop -> ok end
               end),
    Private = receive {private, P} -> P end,
    Gone = ets:new(t, [Type]),
    ets:delete(Gone),
    [[refusal(F) || F <- [fun() -> ets:first_lookup(T) end, fun() -> ets:next_lookup(T, k) end]]
     || T <- [Private, Gone, no_table, "no table"]] ++
    [refusal(F) || F <- [fun() -> ets:last_lookup(Gone) end, fun() -> ets:prev_lookup(Gone, k) end,
                         fun() -> ets:lookup_element(Private, k, 2, d) end,
                         fun() -> ets:lookup_element(Gone, k, 2, d) end,
                         fun() -> ets:update_element(Private, k, {2, d}, {k, 1}) end,
                         fun() -> ets:update_element(Gone, k, {2, d}, {k, 1}) end]].

refusal(Fun) ->
    {error, badarg, {F, Arity, Cause, [{1, _} | _]}} = attempt(Fun),
    {F, Arity, Cause}.

%% Since OTP 27 a list goes in from its head.
order(Type) ->
    T = table(Type, [{k, N} || N <- [1, 2, 3]], []),
    true = ets:insert(T, [{k, 3}, {k, 4}, {k, 5}]),
    Long = table(Type, [{k, N} || N <- lists:seq(1, 3000)], []),
    {k, Rows} = ets:first_lookup(Long),
    {ets:lookup(T, k), Rows =:= [{k, N} || N <- lists:seq(1, 3000)]}.

%% Each step shows a key with rows that it had, while others write.
concurrent(Type) ->
    T = ets:new(t, [Type, public, {write_concurrency, true}]),
    Writers = [spawn_monitor(fun() -> [write(T, N, K) || K <- lists:seq(1, 3000)] end)
               || N <- lists:seq(1, 4)],
    ets:safe_fixtable(T, true),
    Walks = [lists:all(fun({K, Rows}) -> Rows =/= [] andalso [] =:= [R || R <- Rows, element(1, R) =/= K] end,
                       walk(T, first_lookup, next_lookup)) || _ <- lists:seq(1, 20)],
    ets:safe_fixtable(T, false),
    [receive {'DOWN', R, process, _, Why} -> normal = Why end || {_, R} <- Writers],
    {lists:usort(Walks), length(walk(T, first_lookup, next_lookup))}.

write(T, N, K) ->
    ets:insert(T, {K, N}),
    K rem 3 =:= 0 andalso ets:delete(T, K).

named() ->
    names = ets:new(names, [named_table, ordered_set, {read_concurrency, true}]),
    true = ets:insert(names, [{"b", 1}, {a, 2}, {<<"c">>, 3}, {1.5, 4}]),
    {walk(names, first_lookup, next_lookup), ets:next_lookup(names, {}), ets:prev_lookup(names, b),
     ets:lookup_element(names, b, 2, none), ets:update_element(names, b, {2, 5}, {x, y}),
     ets:lookup_element(names, b, 2, none)}.
