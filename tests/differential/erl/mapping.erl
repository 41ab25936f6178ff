%% Sequences of operations on one map. Results are shown in an order that does not depend on the
%% representation.
-module(mapping).
-export([make/0, run/1]).

make() ->
    Start = generate:map(2),
    Keys = list_to_tuple([some_key | [K || {K, _} <- generate:pairs(Start)]]),
    {operations, Start, generate:many(prng:pick({5, 60}), fun() -> operation(Keys) end)}.

operation(Keys) ->
    Key = case prng:below(3) of
              0 -> generate:term(1);
              1 -> prng:below(50);
              2 -> prng:pick(Keys)
          end,
    case prng:below(12) of
        0 -> {remove, Key};
        1 -> {update, Key, generate:leaf()};
        2 -> {take, Key};
        3 -> {merge, generate:map(1)};
        4 -> {find, Key};
        5 -> {with, [Key, a, 1, 2, 3]};
        6 -> {without, [Key, a, 1, 2, 3]};
        7 -> {fold};
        _ -> {put, Key, generate:leaf()}
    end.

run({operations, Start, Operations}) ->
    {Map, Results} = lists:foldl(fun step/2, {Start, []}, Operations),
    Keys = maps:keys(Map),
    Pairs = maps:to_list(Map),
    {sorted(Map), map_size(Map), lists:reverse(Results),
     lists:sort([#{K => []} || K <- Keys]),
     lists:zip(Keys, maps:values(Map)) =:= Pairs, maps:from_list(Pairs) =:= Map,
     Map =:= maps:from_list(lists:reverse(Pairs)), Map < Start, Map == Start,
     erlang:phash2(Map), sorted(maps:map(fun(_, V) -> {V} end, Map)),
     case Map of #{a := V} -> V; #{1 := V} -> {one, V}; #{} -> none end}.

sorted(Map) -> generate:pairs(Map).

step({put, K, V}, {M, R}) -> {M#{K => V}, R};
step({remove, K}, {M, R}) -> {maps:remove(K, M), R};
step({update, K, V}, {M, R}) ->
    try M#{K := V} of
        M2 -> {M2, R}
    catch
        error:E -> {M, [E | R]}
    end;
step({take, K}, {M, R}) ->
    case maps:take(K, M) of
        {V, M2} -> {M2, [V | R]};
        error -> {M, [error | R]}
    end;
step({merge, Other}, {M, R}) -> {maps:merge(M, Other), R};
step({find, K}, {M, R}) ->
    {M, [{maps:find(K, M), maps:get(K, M, default), maps:is_key(K, M)} | R]};
step({with, Ks}, {M, R}) -> {M, [sorted(maps:with(Ks, M)) | R]};
step({without, Ks}, {M, R}) -> {maps:without(Ks, M), R};
step({fold}, {M, R}) -> {M, [maps:fold(fun(_, _, N) -> N + 1 end, 0, M) | R]}.
