%% unicode:characters_to_binary/2, characters_to_list/2, bin_is_7bit/1: hand-made corners, and
%% random data in which right and wrong parts are mixed.
-module(unicode_cases).
-export([cases/0]).

cases() ->
    Inputs = corners() ++ [data(4) || _ <- lists:seq(1, 3000)] ++ big(),
    [{unicode, F, [Input, Encoding]}
     || Input <- Inputs,
        F <- [characters_to_binary, characters_to_list],
        Encoding <- [utf8, latin1]]
        ++ [{unicode, F, [<<"abc">>, unicode]}
            || F <- [characters_to_binary, characters_to_list]]
        ++ [{unicode, bin_is_7bit, [Input]} || Input <- corners() ++ big()].

corners() ->
    [[], <<>>, [[]], [<<>>], [[], <<>>], [<<"a">>], [<<"a">> | <<"b">>], [<<>> | <<"b">>], "abc",
     [1114111], [1114112], [55295], [55296], [57343], [57344], [-1], [255], [256],
     [1 bsl 70], [$a, 1 bsl 70, foo], [$a, [1 bsl 70] | foo], [foo], [1.0], [{}], foo, 17, 1.0,
     [$a | foo], [$a | 17], <<1:3>>, [<<1:3>>], [<<"a">>, <<1:9>>], [1 bsl 70, <<1:3>>],
     [1 bsl 59, foo], [(1 bsl 59) - 1, foo], [-(1 bsl 59), foo], [-(1 bsl 59) - 1, foo],
     [$a, [1 bsl 59 | foo], <<1:3>>],
     <<16#C3>>, <<16#C3, 16#A5>>, <<16#C1, 16#80>>, <<16#E2, 16#82>>, <<16#E2, $a>>,
     <<$a, 16#E2, $a, $b>>, <<$a, 16#E2, $a>>, <<16#F0, 16#9F, 16#98>>, <<16#F0, 16#9F, $a>>,
     <<16#F8>>, <<16#FF, "abc">>, <<16#80>>, <<"ab", 16#80, "cd">>, <<16#F5>>, <<16#F5, 16#80>>,
     <<16#F4, 16#90, 16#80, 16#80>>, <<16#ED, 16#A0, 16#80>>, <<16#E0, 16#80, 16#80>>,
     [<<16#C3>>, <<16#A5>>], [<<16#C3>>, <<$a>>], [<<16#C3>>, $a], [<<16#C3>>, [], <<>>, <<16#A5>>],
     [<<16#E2>>, <<16#82>>, <<16#AC, $a>>], [<<16#E2>>, <<16#82>>], [<<16#E2>>, <<16#82, $a>>, $b],
     [[<<16#E2>>] | <<16#82, 16#AC>>], [<<"x", 16#C3>> | <<"y">>], [<<16#F0>>, <<16#9F>>, $z],
     [[[$a, [$b, <<16#FF>>, $c], $d], <<"e">>] | <<"f">>], [[[[16#D800, $a], $b], $c], $d],
     unaligned(<<"hello">>), unaligned(<<16#C3, 16#A5>>), unaligned(<<$a, 16#C3>>),
     [unaligned(<<"a", 16#FF, "b">>)], [unaligned(<<16#E2>>), unaligned(<<16#82, 16#AC>>)],
     [<<"abc">>], [<<"abc", 16#FF>>], [<<"abc", 16#C3>>], nested(20000, [$x]),
     nested(1000, [16#FF, 16#D800])].

big() ->
    Ascii = binary:copy(<<"0123456789">>, 2000),
    Mixed = binary:copy(<<"r", 16#C3, 16#A5, "d ", 16#E2, 16#82, 16#AC, " ">>, 1500),
    [Ascii, Mixed, unaligned(Ascii), [Ascii, $a], [Mixed, Mixed | Mixed], [Mixed, <<16#FF>>, $a],
     <<Mixed/binary, 16#E2, 16#82>>, <<Mixed/binary, 16#FF, Mixed/binary>>,
     [unaligned(Mixed), 16#1F600, [[Ascii]]], lists:seq(1, 20000), [lists:seq(1, 300), Mixed],
     [Mixed, [$a, [Ascii, -1], $b], Mixed]].

%% The same bytes, not at a byte boundary.
unaligned(Binary) ->
    <<_:3, Bytes/binary>> = <<0:3, Binary/binary>>,
    Bytes.

nested(0, Inner) -> Inner;
nested(N, Inner) -> [nested(N - 1, Inner)].

data(0) ->
    leaf();
data(Depth) ->
    case rand:uniform(8) of
        1 -> leaf();
        2 -> [];
        _ -> [element(Depth) || _ <- lists:seq(1, rand:uniform(4))] ++ tail()
    end.

element(Depth) ->
    case rand:uniform(5) of
        1 -> data(Depth - 1);
        2 -> leaf();
        _ -> character()
    end.

tail() ->
    case rand:uniform(6) of
        1 -> leaf();
        _ -> []
    end.

leaf() ->
    Bytes = iolist_to_binary([piece() || _ <- lists:seq(1, rand:uniform(4))]),
    case rand:uniform(4) of
        1 -> unaligned(Bytes);
        _ -> Bytes
    end.

piece() ->
    case rand:uniform(12) of
        1 -> rand:bytes(1);
        2 -> <<16#C3>>;
        3 -> <<16#A5>>;
        4 -> <<16#E2, 16#82>>;
        5 -> <<16#AC>>;
        6 -> <<16#1F600/utf8>>;
        7 -> <<16#F0, 16#9F>>;
        8 -> <<16#20AC/utf8>>;
        9 -> <<"longer piece of plain ASCII text, to have a run">>;
        _ -> <<"ab">>
    end.

character() ->
    case rand:uniform(20) of
        1 -> 16#D800;
        2 -> 16#110000;
        3 -> 16#1F600;
        4 -> 16#20AC;
        5 -> 16#E5;
        _ -> $a + rand:uniform(20)
    end.
