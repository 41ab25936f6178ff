%% io_lib's formatting over drawn formats. Maps have no order, so hardly any occur. Not by
%% io_lib:format/2, which asks the code server when a format is wrong.
-module(formatting).
-export([make/0, run/1]).

make() ->
    case prng:below(4) of
        0 -> {write, small(3)};
        1 -> {print, small(4), prng:between(1, 100)};
        _ ->
            {Format, Argument} = control(),
            {format, Format, [Argument]}
    end.

control() ->
    Modified = fun(Controls, Argument) ->
                       {"~" ++ width() ++ precision() ++ prng:pick({"", "t", ""})
                        ++ prng:pick(Controls), Argument}
               end,
    case prng:below(7) of
        0 -> Modified({"w", "p", "W", "P"}, small(3));
        1 -> Modified({"s"}, prng:pick({generate:string(), generate:characters(6), <<"bin">>, abc}));
        2 -> Modified({"e", "f", "g"}, generate:float());
        3 -> {"~" ++ width() ++ "." ++ integer_to_list(prng:between(2, 36))
              ++ prng:pick({"b", "B", "#", "+"}), generate:integer()};
        4 -> Modified({"c"}, prng:between(0, 2000));
        5 -> {"~" ++ width() ++ ".16" ++ prng:pick({"", ".*"}) ++ "b~n", generate:integer()};
        6 -> Modified({"i", "b", "B", "~~", "n", "q"}, generate:leaf())
    end.

width() -> prng:pick({"", "", "", "5", "-12", "20", "1"}).
precision() -> prng:pick({"", "", "", ".3", ".10", ".0", "..*", ".5.-"}).

small(Depth) ->
    Term = generate:term(Depth),
    case has_order(Term) of
        true -> small(Depth);
        false -> Term
    end.

%% Whether a map in it has more than one pair, and so an order.
has_order(M) when is_map(M) ->
    map_size(M) > 1 orelse has_order(maps:to_list(M));
has_order([H | T]) -> has_order(H) orelse has_order(T);
has_order(T) when is_tuple(T) -> has_order(tuple_to_list(T));
has_order(_) -> false.

run({write, Term}) -> lists:flatten(io_lib:write(Term));
run({print, Term, Columns}) -> lists:flatten(io_lib:print(Term, 1, Columns, -1));
run({format, Format, Arguments}) -> lists:flatten(io_lib_format:fwrite(Format, Arguments)).
