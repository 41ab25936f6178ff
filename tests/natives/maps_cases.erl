%% Natives of maps and the map functions of erlang and erts_internal. The order of large maps is
%% each VM's own, so keys, values and map_next are asked of small maps only.
-module(maps_cases).
-export([cases/0]).

cases() ->
    Maps = [#{}, #{a => 1}, small_map(5), small_map(31), small_map(32), large_map(33),
            large_map(34), large_map(200)] ++ [random_map(random(70)) || _ <- lists:seq(1, 60)],
    NoMaps = [a, [], [{a, 1}], {}, 17, 1.5, <<"x">>],
    lists:append([of_one_map(M) || M <- Maps ++ NoMaps])
        ++ [{maps, merge, [A, B]} || A <- Maps, B <- Maps]
        ++ [{maps, merge, [A, B]} || A <- [#{}, large_map(40) | NoMaps], B <- NoMaps ++ [#{}]]
        ++ from_lists()
        ++ next().

of_one_map(Map) ->
    Keys = case is_map(Map) andalso map_size(Map) > 0 of
               true -> [lists:nth(random(map_size(Map)), maps:keys(Map)) || _ <- lists:seq(1, 4)];
               false -> []
           end ++ [key(random(100)) || _ <- lists:seq(1, 4)],
    Small = not is_map(Map) orelse map_size(Map) =< 32,
    [{erlang, F, [Map]} || F <- [is_map, map_size]]
        ++ [{maps, F, [Map]} || F <- [keys, values], Small]
        ++ [{erts_internal, map_to_tuple_keys, [Map]}]
        ++ [{M, F, [Key, Map]}
            || {M, F} <- [{erlang, map_get}, {erlang, is_map_key}, {maps, get}, {maps, find},
                          {maps, is_key}, {maps, take}, {maps, remove}],
               Key <- Keys]
        ++ [{maps, F, [Key, Value, Map]}
            || F <- [put, update], Key <- Keys, Value <- [new, [1, 2]]].

from_lists() ->
    Lists = [[], [{a, 1}], [{a, 1}, {a, 2}], [{a, 1} | b], [a], [{a}], [{a, b, c}], [{a, 1}, b],
             a, {}, [{1, a}, {1.0, b}], [{0.0, a}, {-0.0, b}],
             [{key(random(N)), I} || N <- [10, 30, 40, 100, 1000], I <- lists:seq(1, N)],
             [{key(I rem 20), I} || I <- lists:seq(1, 100)]],
    [{maps, from_list, [L]} || L <- Lists ++ [lists:reverse(L) || L <- Lists, is_proper(L)]]
        ++ [{maps, from_keys, [L, v]} || L <- Lists]
        ++ [{maps, from_keys, [[key(I) || I <- lists:seq(1, N)], v]} || N <- [32, 33, 500]].

next() ->
    [{erts_internal, map_next, [Path, Map, How]}
     || Path <- [0, 1, 3, -1, a, 1 bsl 70],
        Map <- [#{}, #{a => 1}, small_map(5), small_map(32), [], foo],
        How <- [iterator, [], [x, y], foo, {}]].

is_proper(L) -> is_list(L) andalso is_integer(catch length(L)).

small_map(N) -> maps:from_list([{key(I), {value, I}} || I <- lists:seq(1, N)]).
large_map(N) -> small_map(N).
random_map(N) -> maps:from_list([{key(random(100)), random(5)} || _ <- lists:seq(1, N)]).

%% Terms of all types; no atoms only, as their order in maps depends on the release.
key(N) ->
    case N rem 9 of
        0 -> N;
        1 -> list_to_atom("key" ++ integer_to_list(N));
        2 -> float(N);
        3 -> {N, a};
        4 -> integer_to_binary(N);
        5 -> integer_to_list(N);
        6 -> 1 bsl (N + 60);
        7 -> #{N => key(N - 1)};
        8 -> [N | <<N:3>>]
    end.

random(N) -> rand:uniform(max(N, 1)).
