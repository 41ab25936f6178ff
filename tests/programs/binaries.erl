%% Construction and matching of binaries: all types, sizes, units, signs and byte orders.
-module(binaries).
-export([main/0]).

main() ->
    {ints(), floats(), utf(), sizes(), matching(), appending(), errors()}.

ints() ->
    Values = [0, 1, -1, 127, 128, -128, 255, 256, 65535, -70000, 1 bsl 40, -(1 bsl 63),
    1 bsl 64 - 1,
              1 bsl 100 + 12345, -(1 bsl 100)],
    [{V, S, build(V, S), both(build(V, S), S)}
     || V <- Values, S <- [0, 1, 3, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65, 127, 128,
     200]].

build(V, S) -> {<<V:S>>, <<V:S/little>>, <<V:S/native>>, <<1:3, V:S, 2:2>>, <<1:5, V:S/little>>}.

both({Big, Little, _, Mid, MidLittle}, S) ->
    <<A:S>> = Big,
    <<B:S/signed>> = Big,
    <<C:S/little>> = Little,
    <<D:S/little-signed>> = Little,
    <<1:3, E:S/signed, 2:2>> = Mid,
    <<1:5, F:S/little-signed>> = MidLittle,
    {A, B, C, D, E, F}.

floats() ->
    [{F, <<F/float>>, <<F:32/float>>, <<F:16/float>>, <<F:64/little-float>>, <<F:32/float-little>>,
      back(<<F/float>>), back32(<<F:32/float>>), back16(<<F:16/float>>), shifted(<<1:3, F/float>>)}
     || F <- [0.0, -0.0, 1.0, -1.5, 3.14159, 1.0e10, 1.0e-10, 65504.0, 0.1, 5, -3]]
        ++ [back(<<16#7FF0:16, 0:48>>), back(<<16#FFF8:16, 0:48>>), back32(<<16#7F800000:32>>),
            back16(<<16#7C00:16>>), back16(<<16#3C00:16>>), back16(<<1:16>>)].

back(<<F/float>>) -> F;
back(_) -> no_float.
back32(<<F:32/float>>) -> F;
back32(_) -> no_float.
back16(<<F:16/float>>) -> F;
back16(_) -> no_float.
shifted(<<_:3, F/float>>) -> F.

utf() ->
    [{C, prog:outcome(fun() -> <<C/utf8>> end), prog:outcome(fun() -> <<C/utf16>> end),
      prog:outcome(fun() -> <<C/utf32-little>> end), prog:outcome(fun() -> <<1:1, C/utf8>> end),
      prog:outcome(fun() -> <<C/utf8, 1:3, C/utf16-little, C:5, C/utf16, C/utf8, C/utf8>> end)}
     || C <- [0, $a, 16#7F, 16#80, 16#7FF, 16#800, 16#D7FF, 16#D800, 16#FFFF, 16#10000, 16#10FFFF,
              16#110000, -1, a]]
        ++ [take8(B) || B <- [<<"a">>, <<16#C3, 16#A5, 1>>, <<16#C3>>, <<16#E2, 16#82, 16#AC>>,
                              <<16#F0, 16#9F, 16#98, 16#80>>, <<16#ED, 16#A0, 16#80>>, <<255>>,
                              <<>>]]
        ++ [take16(B) || B <- [<<0, $a>>, <<16#D800:16, 16#DC00:16>>, <<16#DC00:16>>,
        <<16#D800:16>>,
                               <<1>>]]
        ++ [take32(B) || B <- [<<$a:32>>, <<16#D800:32>>, <<16#110000:32>>, <<1:24>>]].

take8(<<C/utf8, R/binary>>) -> {C, R};
take8(_) -> none.
take16(<<C/utf16, R/binary>>) -> {C, R};
take16(<<C/utf16-little, R/binary>>) -> {little, C, R};
take16(_) -> none.
take32(<<C/utf32, R/binary>>) -> {C, R};
take32(_) -> none.

sizes() ->
    B = prog:id(<<"0123456789">>),
    N = prog:id(3),
    <<A:N/binary, C:N/binary-unit:16, D/binary>> = B,
    <<E:N, F:(N * 2), G/bitstring>> = B,
    {A, C, D, E, F, G, <<B:N/binary>>, <<B:(N + 2)/bitstring>>, <<B:(N)/binary-unit:2>>,
     <<(prog:id(<<5:3>>))/bitstring, 1:1>>, <<"abc", $d, 16#ff:4, "x"/utf16-little>>,
     [{S, prog:outcome(fun() -> <<_:S/binary, R/binary>> = B, R end)} || S <- [0, 5, 10, 11, -1,
     a]]}.

matching() ->
    [packet(P) || P <- [<<1, 3, "abc">>, <<1, 9, "abc">>, <<2, 5:16, -1:8, "tail">>, <<3, 1:1,
    5:7>>,
                        <<3, 0:1, 5:7>>, <<>>, <<4, "key=value">>, <<4:4, 5:4>>, <<5, 1.5/float>>,
                        <<5, 0:63>>, <<6, "lit", 7>>, foo, <<1:7>>]]
        ++ [same(<<1, 2, 1, 2>>), same(<<1, 2, 1, 3>>), find(<<"abc,def">>, 0), find(<<"abc">>, 0),
            nibbles(<<16#123456:24>>), ip(<<16#45, 0, 20:16, 0:32, 64, 6, 0:16, 127, 0, 0, 1, 10,
            0, 0, 2,
                                            "data">>)].

packet(<<1, L, D:L/binary>>) -> {short, D};
packet(<<1, L, D/binary>>) when byte_size(D) < L -> {incomplete, L};
packet(<<2, S:16/signed, B:8/signed, T/binary>>) -> {two, S, B, T};
packet(<<3, 1:1, X:7>>) -> {set, X};
packet(<<3, 0:1, X:7>>) -> {unset, X};
packet(<<4, "key=", V/binary>>) -> {key, V};
packet(<<4:4, R/bitstring>>) -> {four, R};
packet(<<5, F/float>>) -> {float, F};
packet(<<5, R/bitstring>>) -> {no_float, bit_size(R)};
packet(<<6, "lit", _>>) -> literal;
packet(<<>>) -> empty;
packet(B) when is_bitstring(B) -> {other, B};
packet(_) -> no_binary.

same(<<A:16, A:16>>) -> {same, A};
same(<<A:16, B:16>>) -> {A, B}.

find(B, N) ->
    case B of
        <<H:N/binary, $,, T/binary>> -> {H, T};
        <<_:N/binary, _, _/binary>> -> find(B, N + 1);
        _ -> none
    end.

nibbles(<<N:4, R/bitstring>>) -> [N | nibbles(R)];
nibbles(<<>>) -> [].

ip(<<4:4, HL:4, _Tos:8, Len:16, _:32, Ttl, Proto, _Sum:16, Src:32, Dst:4/binary, Rest/binary>>)
  when HL >= 5 ->
    Options = 4 * (HL - 5),
    <<_:Options/binary, Data/binary>> = Rest,
    {Len, Ttl, Proto, Src, Dst, Data}.

appending() ->
    B = lists:foldl(fun(I, Acc) -> <<Acc/binary, I:16>> end, <<>>, lists:seq(1, 5000)),
    C = lists:foldl(fun(I, Acc) -> <<Acc/bitstring, I:3>> end, <<>>, lists:seq(1, 3000)),
    %% Two continuations of one binary must not see each other.
    D = <<B/binary, "one">>,
    E = <<B/binary, "two">>,
    F = <<D/binary, "more">>,
    {erlang:md5(B), bit_size(C), erlang:md5(<<C/bitstring, 0:(-bit_size(C) band 7)>>),
     binary:part(D, byte_size(D), -3), binary:part(E, byte_size(E), -3),
     binary:part(F, byte_size(F), -7), erlang:phash2(C)}.

errors() ->
    prog:outcomes([fun() -> <<(prog:id(a))>> end, fun() -> <<1:(prog:id(-1))>> end,
                   fun() -> <<1:(prog:id(b))>> end, fun() -> <<(prog:id(x))/binary>> end,
                   fun() -> <<(prog:id(<<1:3>>))/binary>> end, fun() -> <<(prog:id(1.0)):16>> end,
                   fun() -> <<(prog:id(1.0e100)):32/float>> end,
                   fun() -> <<(prog:id(a))/float>> end,
                   fun() -> <<1.0:(prog:id(24))/float>> end,
                   fun() -> <<(prog:id(<<"ab">>)):3/binary>> end,
                   fun() -> <<(prog:id(16#D800))/utf8>> end, fun() -> <<_:4>> = prog:id(<<1>>) end,
                   fun() -> <<(prog:id([]))/utf16>> end]).
