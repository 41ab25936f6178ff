%% Construction and matching with segments whose types, sizes and positions are drawn.
-module(bit_syntax).
-export([make/0, run/1]).

make() ->
    case prng:below(3) of
        0 -> {build, generate:many(6, fun built_segment/0)};
        1 -> {match, generate:bitstring(), generate:many(5, fun matched_segment/0)};
        2 -> {match, generate:binary(), generate:many(5, fun matched_segment/0)}
    end.

built_segment() ->
    case prng:below(9) of
        8 -> {bits, generate:bitstring(), 0};
        7 -> {prng:pick({utf8, utf16, utf32, utf16_little}), code_point(), 0};
        6 -> {prng:pick({float, float_little}), generate:number(), prng:pick({16, 32, 64, 8})};
        5 -> {part, generate:binary(), prng:between(-1, 12)};
        _ -> {prng:pick({unsigned, little, native}), generate:integer(), prng:between(-1, 140)}
    end.

matched_segment() ->
    case prng:below(8) of
        7 -> {prng:pick({utf8, utf16, utf32, utf16_little}), 0};
        6 -> {prng:pick({float, float_little}), prng:pick({16, 32, 64})};
        5 -> {part, prng:between(-1, 4)};
        4 -> {bits, prng:between(0, 40)};
        _ -> {prng:pick({unsigned, signed, little, signed_little}), prng:between(0, 100)}
    end.

code_point() ->
    case prng:below(6) of
        0 -> prng:pick({-1, 16#D800, 16#DFFF, 16#110000, a});
        1 -> prng:below(128);
        2 -> prng:below(2048);
        3 -> prng:below(16#D800);
        _ -> prng:between(16#E000, 16#10FFFF)
    end.

run({build, Segments}) -> lists:foldl(fun build/2, <<>>, Segments);
run({match, Bits, Segments}) -> match(Segments, Bits, []).

build({unsigned, V, S}, Acc) -> <<Acc/bitstring, V:S>>;
build({little, V, S}, Acc) -> <<Acc/bitstring, V:S/little>>;
build({native, V, S}, Acc) -> <<Acc/bitstring, V:S/native-signed>>;
build({float, V, S}, Acc) -> <<Acc/bitstring, V:S/float>>;
build({float_little, V, S}, Acc) -> <<Acc/bitstring, V:S/float-little>>;
build({part, V, S}, Acc) -> <<Acc/bitstring, V:S/binary>>;
build({bits, V, _}, Acc) -> <<V/bitstring, Acc/bitstring, V/bitstring>>;
build({utf8, V, _}, Acc) -> <<Acc/bitstring, V/utf8>>;
build({utf16, V, _}, Acc) -> <<Acc/bitstring, V/utf16>>;
build({utf16_little, V, _}, Acc) -> <<Acc/bitstring, V/utf16-little>>;
build({utf32, V, _}, Acc) -> <<Acc/bitstring, V/utf32>>.

match([], Rest, Acc) -> {lists:reverse(Acc), Rest};
match([{Type, Size} | Segments], Bits, Acc) ->
    case one(Type, Size, Bits) of
        {Value, Rest} -> match(Segments, Rest, [Value | Acc]);
        no -> {no, lists:reverse(Acc), Bits}
    end.

one(unsigned, S, B) -> case B of <<V:S, R/bitstring>> -> {V, R}; _ -> no end;
one(signed, S, B) -> case B of <<V:S/signed, R/bitstring>> -> {V, R}; _ -> no end;
one(little, S, B) -> case B of <<V:S/little, R/bitstring>> -> {V, R}; _ -> no end;
one(signed_little, S, B) ->
    case B of <<V:S/signed-little, R/bitstring>> -> {V, R}; _ -> no end;
one(float, S, B) -> case B of <<V:S/float, R/bitstring>> -> {V, R}; _ -> no end;
one(float_little, S, B) -> case B of <<V:S/float-little, R/bitstring>> -> {V, R}; _ -> no end;
one(part, S, B) -> case B of <<V:S/binary, R/bitstring>> -> {V, R}; _ -> no end;
one(bits, S, B) -> case B of <<V:S/bitstring, R/bitstring>> -> {V, R}; _ -> no end;
one(utf8, _, B) -> case B of <<V/utf8, R/bitstring>> -> {V, R}; _ -> no end;
one(utf16, _, B) -> case B of <<V/utf16, R/bitstring>> -> {V, R}; _ -> no end;
one(utf16_little, _, B) -> case B of <<V/utf16-little, R/bitstring>> -> {V, R}; _ -> no end;
one(utf32, _, B) -> case B of <<V/utf32, R/bitstring>> -> {V, R}; _ -> no end.
