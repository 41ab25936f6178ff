-module(number_text).
-export([make/0, run/1]).

make() ->
    case prng:below(6) of
        0 -> {integer, generate:integer(), prng:between(2, 36)};
        1 -> {parse_integer, integer_text(), prng:between(1, 37)};
        2 -> {float, generate:float(), float_options()};
        3 -> {parse_float, float_text()};
        4 -> {shortest, generate:float()};
        5 -> {prng:pick({list_to_integer, list_to_float, binary_to_integer, list_to_atom}),
              prng:pick({generate:string(), generate:leaf(), integer_text(), float_text()})}
    end.

integer_text() ->
    Text = integer_to_list(generate:integer(), prng:between(2, 36)),
    case prng:below(5) of
        0 -> [prng:pick({$+, $-, $ , $0, $_}) | Text];
        1 -> Text ++ [prng:pick({$ , $., $Z, $9})];
        _ -> Text
    end.

float_text() ->
    Digits = fun(Most) -> [$0 + prng:below(10) || _ <- lists:seq(1, prng:between(1, Most))] end,
    Text = Digits(prng:pick({2, 25})) ++ "." ++ Digits(prng:pick({2, 30})),
    Signed = prng:pick({"", "-", "+", ""}) ++ Text,
    case prng:below(4) of
        0 -> Signed;
        1 -> Signed ++ prng:pick({"e", "E"}) ++ prng:pick({"", "-", "+"}) ++ Digits(3);
        2 -> Signed ++ "e" ++ integer_to_list(prng:between(-330, 320));
        3 -> prng:pick({Signed ++ "x", "." ++ Text, Digits(5), Signed ++ "e", "1.", "inf", "nan"})
    end.

float_options() ->
    case prng:below(7) of
        0 -> [];
        1 -> [short];
        2 -> [{scientific, prng:between(0, 30)}];
        3 -> [{decimals, prng:between(0, 30)}];
        4 -> [{decimals, prng:between(0, 20)}, compact];
        5 -> [compact, {decimals, prng:between(0, 260)}];
        6 -> prng:pick({[{decimals, -1}], [{scientific, 250}], [bad], [{decimals, 300}]})
    end.

run({integer, N, Base}) ->
    {integer_to_list(N), integer_to_binary(N), integer_to_list(N, Base),
     integer_to_binary(N, Base), list_to_integer(integer_to_list(N, Base), Base) =:= N};
run({parse_integer, Text, Base}) -> list_to_integer(Text, Base);
run({float, F, Options}) -> {float_to_list(F, Options), float_to_binary(F, Options)};
run({shortest, F}) ->
    Text = float_to_list(F, [short]),
    {Text, list_to_float(Text) =:= F, float_to_list(F), io_lib:write(F)};
run({parse_float, Text}) -> list_to_float(Text);
run({binary_to_integer, Text}) when is_list(Text) -> binary_to_integer(list_to_binary(Text));
run({Function, Text}) -> erlang:Function(Text).
