%% dict, orddict, gb_trees, gb_sets, sets, ordsets, array, queue, proplists, digraph-free containers.
-module(containers).
-export([main/0]).

main() ->
    Keys = [erlang:phash2(I, 1000) || I <- lists:seq(1, 300)],
    [dicts(Keys), trees(Keys), sets_(Keys), arrays(), queues(), props(), orddicts(Keys),
    maps_(Keys), heaps(Keys)].

dicts(Keys) ->
    D = lists:foldl(fun(K, A) -> dict:update_counter(K, 1, A) end, dict:new(), Keys),
    E = dict:filter(fun(_, V) -> V > 1 end, D),
    F = dict:merge(fun(_, A, B) -> A + B end, D, E),
    {dict:size(D), lists:sort(dict:to_list(E)), dict:fold(fun(_, V, A) -> V + A end, 0, F),
     dict:find(hd(Keys), D), dict:find(none, D), dict:fetch(hd(Keys), D),
     lists:sort(dict:fetch_keys(E)),
     dict:is_key(5000, D), dict:size(dict:erase(hd(Keys), D)), dict:to_list(dict:map(fun(K,
     V) -> K + V end, E)),
     dict:take(hd(Keys), E), dict:append(a, 1, dict:from_list([{a, [0]}]))}.

trees(Keys) ->
    T = lists:foldl(fun(K, A) -> gb_trees:enter(K, K * 2, A) end, gb_trees:empty(), Keys),
    {S, V, T2} = gb_trees:take_smallest(T),
    I = gb_trees:iterator_from(500, T),
    {K1, V1, _} = gb_trees:next(I),
    {gb_trees:size(T), S, V, gb_trees:largest(T2), K1, V1, gb_trees:lookup(-1, T),
    gb_trees:get(hd(Keys), T),
     gb_trees:keys(gb_trees:balance(lists:foldl(fun gb_trees:delete_any/2, T, lists:sublist(Keys,
     200)))),
     gb_trees:to_list(gb_trees:from_orddict([{1, a}, {2, b}]))}.

sets_(Keys) ->
    A = sets:from_list(Keys),
    B = sets:from_list(lists:seq(1, 1000, 3)),
    V2 = sets:from_list(Keys, [{version, 2}]),
    G = gb_sets:from_list(Keys),
    O = ordsets:from_list(Keys),
    {sets:size(A), lists:sort(sets:to_list(sets:intersection(A, B))), sets:size(sets:union(A, B)),
     sets:size(sets:subtract(A, B)), sets:is_element(hd(Keys), V2), sets:is_subset(V2, V2),
     sets:size(V2),
     sets:is_disjoint(A, B), gb_sets:to_list(gb_sets:intersection(G, gb_sets:from_list(lists:seq(1,
     99)))),
     gb_sets:smallest(G), gb_sets:largest(G), ordsets:union(lists:sublist(O, 5), [a, b]),
     ordsets:subtract(O, O),
     ordsets:is_subset([hd(O)], O), gb_sets:fold(fun(X, Acc) -> X + Acc end, 0, G),
     lists:sort(sets:to_list(sets:filter(fun(X) -> X < 100 end, V2)))}.

arrays() ->
    A = lists:foldl(fun(I, Acc) -> array:set(I * 7, I, Acc) end, array:new([{default, none}]),
    lists:seq(0, 100)),
    {array:size(A), array:get(49, A), array:get(50, A), array:sparse_size(A), array:foldl(
         fun(_, none, S) -> S; (I, V, S) -> S + I * V end, 0, A), array:to_list(array:resize(15,
         A)),
     array:sparse_to_orddict(array:resize(50, A)), array:is_fix(array:fix(A)),
     array:to_list(array:from_list([a, b])),
     prog:outcome(fun() -> array:get(-1, A) end), array:to_orddict(array:map(fun(_, X) -> {X} end,
     array:from_list([1])))}.

queues() ->
    Q = lists:foldl(fun queue:in/2, queue:new(), lists:seq(1, 20)),
    {{value, F}, Q2} = queue:out(Q),
    {{value, L}, Q3} = queue:out_r(queue:in_r(zero, Q2)),
    {F, L, queue:len(Q3), queue:to_list(Q3), queue:peek(Q3), queue:is_empty(queue:new()),
    queue:member(7, Q3),
     queue:to_list(queue:reverse(Q3)), queue:split(3, Q3), queue:filter(fun(X) -> X =/= 5 end,
     Q3) =:= Q3,
     queue:to_list(queue:join(Q, Q3)), queue:out(queue:new()), queue:fold(fun(X,
     A) when is_integer(X) -> X + A;
                                                                             (_, A) -> A end, 0,
                                                                             Q3)}.

props() ->
    P = [a, {b, 1}, {c, 2, 3}, {b, 2}, {d, false}, "junk"],
    {proplists:get_value(a, P), proplists:get_value(b, P), proplists:get_value(c, P),
    proplists:get_value(z, P, def),
     proplists:get_all_values(b, P), proplists:get_bool(a, P), proplists:get_bool(d, P),
     proplists:lookup(b, P),
     proplists:lookup_all(b, P), proplists:delete(b, P), proplists:is_defined(d, P),
     proplists:compact([{x, true}]),
     proplists:unfold([x, {y, 1}]), proplists:normalize([{aa, 1}, nob], [{aliases, [{aa, a}]},
     {negations, [{nob, b}]}]),
     proplists:split(P, [a, b]), proplists:append_values(b, P), proplists:get_keys([{q, 1}]),
     proplists:to_map([{k, v}, w])}.

orddicts(Keys) ->
    D = lists:foldl(fun(K, A) -> orddict:append(K rem 10, K, A) end, orddict:new(), Keys),
    {orddict:fetch_keys(D), [length(V) || {_, V} <- D], orddict:fold(fun(K, _, A) -> K + A end, 0,
    D),
     orddict:update(3, fun length/1, D) =/= D, orddict:find(99, D), orddict:take(0, [{0, z}])}.

maps_(Keys) ->
    M = maps:from_list([{K, {K}} || K <- Keys]),
    N = maps:filter(fun(K, _) -> K rem 7 =:= 0 end, M),
    {map_size(M), lists:sort(maps:keys(N)), maps:fold(fun(K, _, A) -> A + K end, 0, M),
    maps:get(hd(Keys), M),
     lists:sort(maps:to_list(maps:with([1, 7, 14, 21], N))), map_size(maps:without(Keys, M)),
     maps:merge(#{a => 1, b => 2}, #{b => 3}), map_size(maps:merge(M, N)), maps:find(none, M),
     lists:sort(maps:values(maps:map(fun(K, _) -> K end, N))), maps:take(hd(Keys),
     #{hd(Keys) => x}),
     maps:update_with(a, fun(X) -> X + 1 end, #{a => 1}), maps:update_with(b, fun(X) -> X end, 0,
     #{}),
     lists:sort(iterate(maps:iterator(N))), maps:from_keys([a, b], 1), maps:intersect(#{a => 1},
     #{a => 2, c => 3}),
     maps:groups_from_list(fun(X) -> X rem 3 end, lists:seq(1, 10)), maps:filtermap(fun(_,
     V) -> {true, [V]} end, #{x => y}),
     M =:= lists:foldl(fun(K, A) -> A#{K => {K}} end, #{}, lists:reverse(Keys)),
     maps:to_list(maps:from_list([{c, 1}, {b, 2}])),
     erlang:phash2(M), map_size(lists:foldl(fun maps:remove/2, M, lists:sublist(Keys, 100)))}.

iterate(I) ->
    case maps:next(I) of
        {K, V, Next} -> [{K, V} | iterate(Next)];
        none -> []
    end.

heaps(Keys) -> drain(lists:foldl(fun insert/2, nil, Keys), 15).
insert(X, H) -> merge({X, nil, nil}, H).
merge(nil, H) -> H;
merge(H, nil) -> H;
merge({A, L, R}, {B, _, _} = H) when A =< B -> {A, merge(R, H), L};
merge(G, {B, L, R}) -> {B, merge(R, G), L}.
drain(_, 0) -> [];
drain(nil, _) -> [];
drain({X, L, R}, N) -> [X | drain(merge(L, R), N - 1)].
