%% Tables of all types: what goes in comes out, and what is wrong is refused as OTP does.
-module(ets_basics).
-export([main/0]).

main() ->
    [{Type, rows(Type), deletion(Type), updates(Type), walks(Type), errors(Type)}
     || Type <- [set, ordered_set, bag, duplicate_bag]] ++ [names(), large(), bags(), revived(), inherited(), emptied(), buried(), ends()].

%% A walk over a fixed table goes on from a row that went with all others.
emptied() ->
    [begin
         T = ets:new(t, [Type]),
         ets:insert(T, [{I} || I <- lists:seq(1, 5000)]),
         First = ets:first(T),
         true = ets:safe_fixtable(T, true),
         true = ets:delete_all_objects(T),
         Empty = {ets:next(T, First), ets:info(T, size), ets:tab2list(T)},
         ets:insert(T, {First}),
         Again = {ets:lookup(T, First) =:= [{First}], ets:first(T) =:= First, ets:info(T, size)},
         true = ets:safe_fixtable(T, false),
         {Empty, Again, ets:tab2list(T) =:= [{First}], ets:delete_all_objects(T), ets:tab2list(T)}
     end || Type <- [set, ordered_set, bag]].

%% Many rows die while their table is fixed.
buried() ->
    [begin
         T = ets:new(t, [Type]),
         ets:insert(T, [{I, a} || I <- lists:seq(1, 20_000)]),
         Old = ets:info(T, memory),
         true = ets:safe_fixtable(T, true),
         [ets:delete(T, I) || I <- lists:seq(1, 20_000), I rem 4 =/= 0],
         true = ets:safe_fixtable(T, false),
         Left = {lists:sort(ets:tab2list(T)), ets:info(T, size), ets:info(T, memory) < Old},
         ets:insert(T, [{I, b} || I <- lists:seq(1, 20_000)]),
         {Left, ets:select_delete(T, [{{'_', b}, [], [true]}]), lists:sort(ets:tab2list(T))}
     end || Type <- [set, ordered_set, bag, duplicate_bag]].

ends() ->
    [begin
         T = ets:new(t, [Type]),
         ets:insert(T, [{1}, {'$end'}, {"z"}]),
         [try ets:Step(T, '$end_of_table') catch error:Reason -> Reason end || Step <- [next, prev]]
     end || Type <- [set, ordered_set]].

%% In a fixed table: what comes back after it was deleted is the newest of its key.
revived() ->
    T = ets:new(t, [bag]),
    ets:insert(T, [{k, a}, {k, b}, {k, c}]),
    true = ets:safe_fixtable(T, true),
    Orders = [begin
                  ets:delete_object(T, {k, V}),
                  ets:insert(T, {k, V}),
                  {ets:lookup(T, k), ets:info(T, size)}
              end || V <- [a, c, b, b, a]],
    true = ets:safe_fixtable(T, false),
    {Orders, ets:lookup(T, k), tuple_size(ets:info(T, stats))}.

order(L, ordered_set) -> L;
order(L, _) -> lists:sort(L).

rows(Type) ->
    T = ets:new(t, [Type, {keypos, 2}]),
    true = ets:insert(T, [{V, K, extra} || {K, V} <- [{a, 1}, {b, 2}, {a, 3}, {1, x}, {1.0, y}]]),
    true = ets:insert(T, {"string", <<0:4000>>, #{map => [1, 2, 3]}}),
    New = [ets:insert_new(T, {1, a}), ets:insert_new(T, [{1, c}, {2, d}]),
           ets:insert_new(T, [{1, e}, {2, d}])],
    R = {order(ets:tab2list(T), Type), ets:lookup(T, a), ets:lookup(T, none), New,
         ets:member(T, b), ets:lookup_element(T, b, 1), ets:info(T, size),
         ets:lookup(T, <<0:4000>>)},
    true = ets:delete(T),
    R.

deletion(Type) ->
    T = ets:new(t, [Type]),
    ets:insert(T, [{K rem 5, K} || K <- lists:seq(1, 30)]),
    A = ets:take(T, 3),
    true = ets:delete(T, 4),
    true = ets:delete_object(T, {0, 30}),
    B = order(ets:tab2list(T), Type),
    C = ets:select_delete(T, [{{'$1', '$2'}, [{'>', '$2', 20}], [true]}]),
    true = ets:match_delete(T, {1, '_'}),
    D = order(ets:tab2list(T), Type),
    true = ets:delete_all_objects(T),
    {A, B, C, D, ets:tab2list(T), ets:first(T)}.

updates(Type) ->
    T = ets:new(t, [Type]),
    ets:insert(T, {k, 1, 2, x}),
    Try = fun(F) -> try F() catch C:R:S -> {C, R, cause(S)} end end,
    [Try(F) || F <- [fun() -> ets:update_counter(T, k, 5) end,
                     fun() -> ets:update_counter(T, k, {3, -7}) end,
                     fun() -> ets:update_counter(T, k, [{2, 1}, {2, 1, 3, 0}, {3, 1 bsl 70}]) end,
                     fun() -> ets:update_counter(T, k, {4, 1}) end,
                     fun() -> ets:update_counter(T, k, {5, 1}) end,
                     fun() -> ets:update_counter(T, k, {1, 1}) end,
                     fun() -> ets:update_counter(T, none, 1) end,
                     fun() -> ets:update_counter(T, new, 1, {any, 10}) end,
                     fun() -> ets:update_element(T, k, {4, lists:seq(1, 10)}) end,
                     fun() -> ets:update_element(T, k, [{2, 0}, {3, <<1:999>>}]) end,
                     fun() -> ets:update_element(T, none, {2, 0}) end,
                     fun() -> ets:update_element(T, k, {9, 0}) end,
                     fun() -> ets:update_element(T, k, {1, 0}) end,
                     fun() -> lists:sort(ets:tab2list(T)) end]].

walks(Type) ->
    T = ets:new(t, [Type]),
    ets:insert(T, [{{K rem 7, K}, K} || K <- lists:seq(1, 500)]),
    Forward = keys(T, next, ets:first(T)),
    Backward = keys(T, prev, ets:last(T)),
    true = order(Forward, Type) =:= order(Backward, other) orelse Type =:= ordered_set,
    Chunks = chunks(ets:select(T, [{{{'$1', '$2'}, '_'}, [{'<', '$2', 400}], ['$1']}], 37)),
    Bound = ets:select(T, [{{{3, '$1'}, '_'}, [], ['$1']}]),
    Count = ets:select_count(T, [{{{3, '$1'}, '$1'}, [{'>', '$1', 100}], [true]}]),
    Sum = ets:foldl(fun({_, V}, S) -> S + V end, 0, T),
    {order(Forward, Type), length(Backward), lists:sort(Chunks), order(Bound, Type), Count, Sum}.

keys(_, _, '$end_of_table') -> [];
keys(T, Next, K) -> [K | keys(T, Next, ets:Next(T, K))].

chunks('$end_of_table') -> [];
chunks({L, Continuation}) when length(L) =< 37 -> L ++ chunks(ets:select(Continuation)).

cause([{M, F, A, Info} | _]) when is_list(A) -> {M, F, length(A), Info};
cause([{M, F, A, Info} | _]) -> {M, F, A, Info}.

errors(Type) ->
    T = ets:new(t, [Type, {keypos, 2}]),
    ets:insert(T, {v, k}),
    D = ets:new(t, []),
    ets:delete(D),
    [try {value, F()} catch C:R:S -> {C, R, cause(S)} end
     || F <- [fun() -> ets:insert(T, {a}) end,
              fun() -> ets:insert(T, [{a, b}, {c}]) end,
              fun() -> ets:insert(T, [{a, b} | c]) end,
              fun() -> ets:insert(T, not_a_tuple) end,
              fun() -> ets:lookup(D, k) end,
              fun() -> ets:lookup(make_ref(), k) end,
              fun() -> ets:lookup(no_such_table, k) end,
              fun() -> ets:lookup("no table", k) end,
              fun() -> ets:lookup_element(T, k, 3) end,
              fun() -> ets:lookup_element(T, none, 1) end,
              fun() -> ets:lookup_element(T, k, 0) end,
              fun() -> ets:next(T, none) end,
              fun() -> ets:select(T, [{foo}]) end,
              fun() -> ets:select(T, [{'$1', [], ['$2']}]) end,
              fun() -> ets:select(T, [{'$1', [], ['$1']}], 0) end,
              fun() -> ets:select({T}) end,
              fun() -> ets:info(T, no_such_item) end,
              fun() -> ets:info(D) end,
              fun() -> ets:info(D, size) end,
              fun() -> ets:new("t", []) end,
              fun() -> ets:new(t, [no_option]) end,
              fun() -> ets:new(t, [{keypos, 0}]) end,
              fun() -> ets:rename(T, "x") end,
              fun() -> ets:safe_fixtable(T, maybe) end,
              fun() -> ets:slot(T, -1) end,
              fun() -> ets:setopts(T, [{heir, none}, {heir, none}]) end,
              fun() -> ets:delete_object(T, foo) end,
              fun() -> ets:delete(D) end]].

names() ->
    a_name = ets:new(a_name, [named_table, public]),
    Twice = try ets:new(a_name, [named_table]) catch error:R:S -> {R, cause(S)} end,
    Tid = ets:whereis(a_name),
    ets:insert(a_name, {1}),
    Same = ets:lookup(Tid, 1),
    other = ets:rename(a_name, other),
    Gone = {ets:whereis(a_name), ets:info(a_name), ets:lookup(other, 1), ets:info(Tid, name)},
    true = Tid =:= ets:whereis(other),
    ets:delete(other),
    {Twice, Same, Gone, ets:whereis(other)}.

%% Long lists, many rows: everything that must not stop the others for long.
large() ->
    T = ets:new(t, [public]),
    true = ets:insert(T, [{K, K * K} || K <- lists:seq(1, 50000)]),
    false = ets:insert_new(T, [{K, x} || K <- lists:seq(40000, 60000)]),
    A = ets:info(T, size),
    B = lists:sum(ets:select(T, [{{'$1', '$2'}, [{'=:=', {'rem', '$1', 2}, 0}], ['$2']}])),
    C = ets:select_count(T, [{{'$1', '_'}, [{'>', '$1', 100}], [true]}]),
    D = ets:select_delete(T, [{{'$1', '_'}, [{'>', '$1', 30000}], [true]}]),
    E = ets:select_replace(T, [{{'$1', '$2'}, [{'<', '$1', 5}], [{{'$1', {{changed, '$2'}}}}]}]),
    F = ets:lookup(T, 4),
    O = ets:new(o, [ordered_set]),
    true = ets:insert(O, ets:tab2list(T)),
    G = {ets:first(O), ets:last(O), ets:info(O, size), ets:next(O, 17), ets:prev(O, 17)},
    H = erlang:phash2(ets:tab2list(O)),
    I = lists:sublist(ets:select_reverse(O, [{{'$1', '_'}, [], ['$1']}]), 5),
    true = ets:delete_all_objects(T),
    J = ets:info(T, size),
    ets:delete(T),
    ets:delete(O),
    {A, B, C, D, E, F, G, H, I, J}.

bags() ->
    B = ets:new(b, [bag]),
    [ets:insert(B, {k, N}) || N <- [1, 2, 3, 2, 1, 1.0]],
    D = ets:new(d, [duplicate_bag]),
    [ets:insert(D, {k, N}) || N <- [1, 2, 3, 2, 1]],
    true = ets:delete_object(D, {k, 2}),
    {ets:lookup(B, k), ets:lookup(D, k), ets:lookup_element(D, k, 2), ets:match(B, {k, '$1'}),
     ets:tab2list(D), ets:select(D, [{{k, '$1'}, [], ['$1']}])}.

%% Literals of a module, funs, references, big terms.
inherited() ->
    T = ets:new(t, [ordered_set, compressed]),
    Ref = make_ref(),
    F = fun(X) -> {X, Ref} end,
    Binary = binary:copy(<<"0123456789">>, 100),
    <<_:3, Part:777/bitstring, _/bitstring>> = Binary,
    ets:insert(T, {1, Ref, F, self(), Binary, Part, {literal, [with, "the", <<"module">>]}, 1 bsl 500}),
    [{1, Ref2, F2, Self, Binary2, Part2, Literal, Big}] = ets:lookup(T, 1),
    Ref2 =:= Ref andalso F2(1) =:= F(1) andalso Self =:= self() andalso Binary2 =:= Binary
        andalso Part2 =:= Part andalso {Literal, Big}.
