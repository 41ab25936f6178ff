%% Conversions of long texts, which dirty threads do altogether.
-module(long_texts).
-export([main/0]).

main() ->
    Text = binary:copy(<<"text ", 228/utf8, 8364/utf8, "rest">>, 150_000),
    Latin = binary:copy(<<"text ", 228, "rest">>, 150_000),
    Ascii = binary:copy(<<"text">>, 400_000),
    List = unicode:characters_to_list(Text),
    <<_:3, Shifted/bitstring>> = <<1:3, Text/binary>>,
    Inputs = [Text, Latin, Ascii, List, [List, Text | Latin], <<Text/binary, 16#e2, 16#82>>,
              <<Text/binary, 255, "more">>, List ++ [16#d800], List ++ [-1], List ++ [a],
              [List | a], [List, <<1:3>>], Shifted, <<Text/binary, 1:3>>,
              [<<Text/binary, 16#e2>>, <<16#82>>, <<16#ac>>]],
    {[[short(fun() -> unicode:F(Input, Encoding) end)
       || Input <- Inputs, Encoding <- [utf8, latin1, utf16]]
      || F <- [characters_to_list, characters_to_binary]],
     [short(fun() -> unicode:characters_to_binary(Input, From, To) end)
      || Input <- Inputs, {From, To} <- [{utf8, latin1}, {latin1, utf8}, {utf8, {utf16, little}}]],
     [catch unicode:bin_is_7bit(Input) || Input <- Inputs],
     length(string:split(Text, <<8364/utf8>>, all))}.

short(F) ->
    try summary(F())
    catch Class:Reason:Stack ->
        [{M, Name, Arguments, _} | _] = Stack,
        Arity = if is_list(Arguments) -> length(Arguments); true -> Arguments end,
        {Class, Reason, M, Name, Arity}
    end.

summary({Tag, Converted, Rest}) -> {Tag, summary(Converted), erlang:md5(term_to_binary(Rest))};
summary(List) when is_list(List) -> {length(List), lists:last(List), erlang:phash2(List)};
summary(Binary) -> {byte_size(Binary), erlang:md5(Binary)}.
