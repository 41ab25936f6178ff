%% Random terms and texts, from prng. Sizes are modest: what differs shows in small terms too.
-module(generate).
-export([term/1, leaf/0, integer/0, number/0, float/0, atom/0, binary/0, bitstring/0, list/1,
         near/1, many/2, characters/1, string/0, map/1, pairs/1]).

term(0) -> leaf();
term(Depth) ->
    case prng:below(11) of
        0 -> many(5, fun() -> term(Depth - 1) end);
        1 -> list_to_tuple(many(5, fun() -> term(Depth - 1) end));
        2 -> map(Depth);
        3 -> [term(Depth - 1) | term(Depth - 1)];
        4 -> many(12, fun() -> prng:below(300) - 20 end);
        5 -> string();
        _ -> leaf()
    end.

many(Most, Make) -> [Make() || _ <- lists:seq(1, prng:below(Most + 1))].

list(Depth) -> many(8, fun() -> term(Depth) end).

map(Depth) ->
    Size = case prng:below(8) of
               0 -> 60;
               _ -> 6
           end,
    maps:from_list(many(Size, fun() -> {term(max(0, Depth - 2)), term(max(0, Depth - 1))} end)).

leaf() ->
    case prng:below(9) of
        0 -> integer();
        1 -> integer();
        2 -> float();
        3 -> atom();
        4 -> atom();
        5 -> binary();
        6 -> bitstring();
        7 -> [];
        8 -> prng:pick({{}, fun lists:map/2, fun erlang:'+'/2, fun 'No':such/0, <<>>, #{}})
    end.

number() ->
    case prng:below(3) of
        0 -> float();
        _ -> integer()
    end.

integer() ->
    case prng:below(9) of
        0 -> prng:between(-3, 3);
        1 -> prng:between(-1000, 1000);
        2 -> sign(prng:bits(prng:between(1, 70)));
        3 -> sign(prng:bits(prng:between(50, 70)));
        4 -> sign(prng:bits(prng:between(100, 400)));
        5 -> sign((1 bsl prng:between(0, 140)) + prng:between(-2, 2));
        6 -> sign((1 bsl prng:pick({27, 28, 31, 32, 53, 59, 60, 61, 62, 63, 64, 128}))
                  + prng:between(-2, 2));
        7 -> prng:bits(8);
        8 -> sign(((1 bsl prng:between(1, 130)) - 1) bsl prng:between(0, 70))
    end.

sign(N) ->
    case prng:below(2) of
        0 -> N;
        1 -> -N
    end.

float() ->
    case prng:below(8) of
        0 -> prng:pick({0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 0.1, 100.0, 1.0e22, 1.0e23});
        1 -> prng:between(-1000, 1000) / 8;
        2 -> prng:between(-100000, 100000) / 1000;
        3 -> erlang:float(sign(prng:bits(prng:between(1, 70))));
        4 -> erlang:float(1 bsl prng:between(0, 1020)) * prng:pick({1.0, -1.0, 0.75});
        5 -> prng:pick({1.7976931348623157e308, 5.0e-324, 2.2250738585072014e-308,
                        9007199254740992.0, 9007199254740991.0, 1.0e-10, 123456789.125});
        _ -> any_float()
    end.

any_float() ->
    case <<(prng:bits(64)):64>> of
        <<F/float>> -> F;
        _ -> any_float()
    end.

atom() ->
    case prng:below(4) of
        0 -> prng:pick({a, b, ok, true, false, undefined, '', 'A', 'hello world', 'a@b', error});
        1 -> list_to_atom([$a + prng:below(26) || _ <- lists:seq(1, prng:between(1, 6))]);
        2 -> list_to_atom([prng:between(1, 255) || _ <- lists:seq(1, prng:between(1, 4))]);
        3 -> list_to_atom([prng:between(1, 1500) || _ <- lists:seq(1, prng:between(1, 4))])
    end.

binary() ->
    case prng:below(4) of
        0 -> list_to_binary(string());
        1 -> list_to_binary(many(100, fun() -> prng:below(256) end));
        2 -> unicode:characters_to_binary(characters(12));
        3 -> list_to_binary(many(8, fun() -> prng:below(256) end))
    end.

bitstring() ->
    Size = prng:below(100),
    Skip = prng:below(9),
    <<_:Skip, Bits:Size/bitstring, _/bitstring>> = <<(prng:bits(128)):128>>,
    Bits.

string() -> many(20, fun() -> prng:between(32, 126) end).

characters(Most) ->
    many(Most, fun() ->
                       case prng:below(5) of
                           0 -> prng:between(32, 126);
                           1 -> prng:between(0, 255);
                           2 -> prng:between(256, 2047);
                           3 -> prng:between(16#800, 16#D7FF);
                           4 -> prng:between(16#10000, 16#10FFFF)
                       end
               end).

%% The pairs of a map in the exact order of their keys, in which 1 and 1.0 differ.
pairs(Map) ->
    lists:append([maps:to_list(One)
                  || One <- lists:sort([#{K => V} || {K, V} <- maps:to_list(Map)])]).

%% Something much like the given term, for comparisons that go deep.
near(N) when is_integer(N) ->
    case prng:below(6) of
        0 -> N + 1;
        1 -> N - 1;
        2 -> -N;
        3 when abs(N) < 1 bsl 1000 -> erlang:float(N);
        4 -> N + (1 bsl 64);
        _ -> N
    end;
near(F) when is_float(F) ->
    case prng:below(4) of
        0 -> trunc(F);
        1 -> -F;
        2 -> trunc(F) + 1;
        _ -> F
    end;
near([H | T]) ->
    case prng:below(3) of
        0 -> [near(H) | T];
        1 -> [H | near(T)];
        2 -> T
    end;
near(T) when is_tuple(T), T =/= {} ->
    I = prng:between(1, tuple_size(T)),
    setelement(I, T, near(element(I, T)));
near(M) when is_map(M), map_size(M) > 0 ->
    Pairs = pairs(M),
    {K, V} = lists:nth(prng:between(1, length(Pairs)), Pairs),
    {K2, V2} = lists:nth(prng:between(1, length(Pairs)), Pairs),
    case prng:below(5) of
        0 -> M#{K := near(V)};
        1 -> maps:put(near(K), V, maps:remove(K, M));
        2 -> maps:remove(K, M);
        3 -> (M#{K => near(V)})#{K2 => near(V2)};
        4 -> maps:put(near(K2), V2, maps:put(near(K), V, maps:remove(K2, maps:remove(K, M))))
    end;
near(B) when is_bitstring(B), bit_size(B) > 0 ->
    Size = prng:below(bit_size(B)),
    <<Before:Size/bitstring, Bit:1, After/bitstring>> = B,
    case prng:below(3) of
        0 -> <<Before/bitstring, (1 - Bit):1, After/bitstring>>;
        1 -> Before;
        2 -> <<B/bitstring, 0:1>>
    end;
near(Term) ->
    case prng:below(2) of
        0 -> Term;
        1 -> leaf()
    end.
