%% io_lib:format of everything: all control sequences, widths, pretty printing of nested terms.
-module(formatting).
-export([main/0]).

main() ->
    [[lists:flatten(io_lib:format(F, [T])) || F <- ["~p", "~w", "~tp", "~tw", "~10p", "~0p", "~P",
    "~W"], F =/= "~P",
                                               F =/= "~W", T <- terms()],
     [lists:flatten(io_lib:format(F, [T, 4])) || F <- ["~P", "~W", "~tP"], T <- terms()],
     [prog:outcome(fun() -> lists:flatten(io_lib:format(F, A)) end) || {F, A} <- formats()],
     [io_lib:print(T, 1, 40, -1) || T <- terms()],
     [unicode:characters_to_binary(io_lib:format("~ts|~tp", [S, S])) || S <- ["\x{20ac}uro",
     <<"\x{e5}"/utf8>>]],
     io_lib:format("~30p~n", [big_term()]), lists:flatten(io_lib:format("~p", [records()])),
     [io_lib:write(T, D) || T <- terms(), D <- [1, 3]], [io_lib:write_string("a\"\n\\\e\x{400}")],
     [io_lib:write_atom(A) || A <- [a, 'A', 'a b', '', 'it\'s', 'end', '\x{3b1}', a@b, 'Å']],
     [io_lib:char_list([$a, 16#20ac]), io_lib:printable_list("ab\n"), io_lib:printable_list([1]),
      io_lib:deep_char_list(["a", [$b]]), io_lib:printable_unicode_list([16#20ac])],
     [io_lib:fread(F, S) || {F, S} <- [{"~d", "12 rest"}, {"~f ~s", "1.5 abc"}, {"~a-~d", "x-5"},
     {"~16u", "ff"},
                                       {"~c", "q"}, {"~d", "x"}, {"~#", "16#1f"}, {"~2d~d",
                                       "1234"}]],
     erl_error_text(), string:pad("x", 5), io_lib:nl(), lists:flatten(io_lib:format("~s",
     [big_iolist()]))].

terms() ->
    [1, -1, 1 bsl 70, 1.5, 1.0e100, 0.1, atom, 'Quoted Atom', 'åäö', "string", "",
    "with \"quotes\"\n", [1, 2, 3],
     [0, 1], [a | b], [[], [[]]], {}, {a}, {a, "b", <<"c">>, 1.0}, <<>>, <<"bin">>, <<1, 2, 3>>,
     <<5:3>>, <<"åb">>,
     <<"utf\x{20ac}"/utf8>>, #{}, #{a => 1}, #{"k" => [v], {t} => #{n => <<>>}}, "\x{20ac}", [$a,
     16#20ac],
     lists:seq(1, 60), lists:duplicate(20, {some, "tuple", [with, parts]}),
     list_to_tuple(lists:seq(1, 40)),
     lists:duplicate(200, $x), binary:copy(<<"long">>, 30), true, [true | "abc"], fun lists:map/2,
     #{deep => #{deeper => #{deepest => [1, [2, [3, [4, [5]]]]]}}}, {{{{{{{{1}}}}}}}}, "\0\1\2",
     [10, 13, 9]].

formats() ->
    [{"~10s|~-10s|~10.3s|", ["abc", "abc", "abcdef"]}, {"~5w|~-5w|", [12, 12]},
     {"~3w|", [12345]}, {"~*w|~*.*f", [6, ab, 10, 2, 3.14159]}, {"~c~c~3c", [$a, 98, $z]},
     {"~b ~B ~.16b ~.16B ~.2b", [10, 11, 255, 255, 5]}, {"~#~.16#", [10, 255]},
     {"~8.16.0b|~-8.8b|", [48879, 511]}, {"~x ~10.16X", [255, "0x", 255, "0X"]},
     {"~e ~.3e ~f ~.1f ~g", [1.5, 1.5, 1.5,
                                                                                                         0.25, 1.0e20]},
     {"~10.2f|~-10.2f|~010.2f", [3.14159, 3.14159, 2.0]}, {"~~ ~n ~i~w", [skip, shown]}, {"~s",
     [["deep", [$x, "y"]]]},
     {"~s", [<<"binary">>]}, {"~ts", [[16#3b1, <<"\x{3b2}"/utf8>>]]}, {"~20p|", [{a, "b"}]},
     {"~.5p", ["text"]},
     {"~lp ~ltp", ["abc", "abc"]}, {"~p ~p", [#{1 => 2}, [$\s]]}, {"~tc", [16#20ac]},
     {"~-8ts|", ["åä"]}, {"~4.2.*s|", [$-, "abc"]}].

big_term() ->
    [{I, "name" ++ integer_to_list(I), #{key => I * 1.5, list => lists:seq(1,
    I)}} || I <- lists:seq(1, 6)].

records() -> {state, [{child, 1, undefined}, {child, 2, <<"pid">>}], #{opts => [{a, b}, c]},
  'Last One'}.

erl_error_text() ->
    try error({badmatch, [1, 2]})
    catch C:R:S -> unicode:characters_to_binary(erl_error:format_exception(C, R, [hd(S)]))
    end.

big_iolist() -> [["x", $y, <<"z">>], [[[["deep"]]]], lists:duplicate(50, "ab")].
