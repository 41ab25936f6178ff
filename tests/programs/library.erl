%% Other parts of stdlib that need no process: calendar, filename, uri_string, rand, base64, digraph's
%% kin, erl_tar's names, math on sofs, io_lib_pretty, json-like parsers written here.
-module(library).
-export([main/0]).

main() ->
    [[calendar:F(X) || F <- [day_of_the_week, date_to_gregorian_days], X <- [{2024, 2, 29}, {1970,
    1, 1}, {2000, 12, 31}]],
     calendar:gregorian_days_to_date(738000), calendar:datetime_to_gregorian_seconds({{2024, 2,
     29}, {12, 30, 15}}),
     calendar:gregorian_seconds_to_datetime(63876340215), calendar:iso_week_number({2021, 1, 3}),
     calendar:last_day_of_the_month(
         2023, 2), calendar:valid_date({2023, 2, 29}), calendar:seconds_to_daystime(100000),
         calendar:is_leap_year(1900),
     calendar:system_time_to_rfc3339(1700000000, [{offset, "Z"}]),
     calendar:rfc3339_to_system_time("2024-05-06T07:08:09.123Z",
                                                                                                [{unit, millisecond}]),
     [filename:F("/usr/lib/erlang.tar.gz") || F <- [basename, dirname, extension, rootname, split,
     pathtype]],
     filename:join(["a", "b/", "/c", "d"]), filename:join("x", <<"y">>), filename:absname("f",
     "/d"), filename:basename("a.erl", ".erl"),
     uri_string:parse("https://user@host:8080/path/x?q=1&r=a%20b#frag"),
     uri_string:normalize("HTTP://a/b/../c/./d"),
     uri_string:recompose(#{scheme => "http", host => "h", path => "/p", query => "a=b"}),
     uri_string:quote("a b/ö"),
     uri_string:dissect_query("a=1&b=%C3%A5&c"), uri_string:resolve("../x", "http://a/b/c/d"),
     rand_values(), sofs_(), sort_files(),
     json("{\"a\": [1, 2.5, true, null, \"x\\n\\u00e5\"], \"b\": {\"c\": {}}, \"d\": []}"),
     json("[1, 2"), calc("2 * (3 + 4) - -5 / 2"),
     roman(1994), [roman(N) || N <- [4, 9, 40, 90, 400, 2024]], life(), matrix(),
     huffman("abracadabra"), rle("aaabccddddd"),
     levenshtein("kitten", "sitting"), anagrams(["listen", "silent", "enlist", "google", "elgoog",
     "abc"]), brackets("{[()]}("),
     base64:encode(lists:seq(0, 255)), zip_with_index([a, b, c]), erl_anno:line(erl_anno:new(5)),
     random_walk(1000)].

rand_values() ->
    S0 = rand:seed_s(exsss, {1, 2, 3}),
    {A, S1} = rand:uniform_s(1000, S0),
    {B, S2} = rand:uniform_s(S1),
    {C, S3} = rand:normal_s(S2),
    {D, _} = rand:uniform_s(1 bsl 100, S3),
    E = [begin {X, _} = rand:uniform_s(100, rand:seed_s(Alg, 42)), X end || Alg <- [exro928ss,
    exrop, exs1024s, exsp, mwc59]
             , Alg =/= mwc59],
    {A, B, C, D, E, rand:mwc59(12345)}.

sofs_() ->
    R = sofs:relation([{1, a}, {2, b}, {1, c}]),
    {sofs:to_external(sofs:converse(R)), sofs:to_external(sofs:image(R, sofs:set([1]))),
     sofs:to_external(sofs:relation_to_family(R)), sofs:to_external(sofs:domain(R))}.

sort_files() -> [lists:sort(fun(A, B) -> natural(A) =< natural(B) end, ["f10", "f9", "f1", "e2"])].
natural([C | _] = S) when C >= $0, C =< $9 ->
    {D, R} = lists:splitwith(fun(X) -> X >= $0 andalso X =< $9 end, S),
    [list_to_integer(D) | natural(R)];
natural([C | R]) -> [{C} | natural(R)];
natural([]) -> [].

json(S) ->
    try value(S) of {V, _} -> V
    catch error:R -> {error, R}
    end.
value([C | R]) when C =:= $\s; C =:= $\n -> value(R);
value("true" ++ R) -> {true, R};
value("null" ++ R) -> {null, R};
value("[" ++ R) -> array(skip(R), []);
value("{" ++ R) -> object(skip(R), #{});
value("\"" ++ R) -> text(R, []);
value(S) ->
    case string:to_float(S) of
        {error, _} -> {N, _} = I = string:to_integer(S), true = is_integer(N), I;
        F -> F
    end.
array("]" ++ R, A) -> {lists:reverse(A), R};
array("," ++ R, A) -> array(skip(R), A);
array(S, A) -> {V, R} = value(S), array(skip(R), [V | A]).
object("}" ++ R, M) -> {M, R};
object("," ++ R, M) -> object(skip(R), M);
object(S, M) ->
    {K, R} = value(S),
    ":" ++ R2 = skip(R),
    {V, R3} = value(R2),
    object(skip(R3), M#{K => V}).
text("\"" ++ R, A) -> {list_to_binary(lists:reverse(A)), R};
text("\\n" ++ R, A) -> text(R, [$\n | A]);
text([$\\, $u, A1, B, C, D | R], A) -> text(R, [list_to_integer([A1, B, C, D], 16) | A]);
text([C | R], A) -> text(R, [C | A]).
skip([$\s | R]) -> skip(R);
skip(R) -> R.

calc(S) -> {V, []} = sum([C || C <- S, C =/= $\s]), V.
sum(S) -> {A, R} = product(S), sum(A, R).
sum(A, "+" ++ S) -> {B, R} = product(S), sum(A + B, R);
sum(A, "-" ++ S) -> {B, R} = product(S), sum(A - B, R);
sum(A, R) -> {A, R}.
product(S) -> {A, R} = factor(S), product(A, R).
product(A, "*" ++ S) -> {B, R} = factor(S), product(A * B, R);
product(A, "/" ++ S) -> {B, R} = factor(S), product(A / B, R);
product(A, R) -> {A, R}.
factor("(" ++ S) -> {A, ")" ++ R} = sum(S), {A, R};
factor("-" ++ S) -> {A, R} = factor(S), {-A, R};
factor(S) -> string:to_integer(S).

roman(0) -> "";
roman(N) ->
    {V, S} = hd([P || {V, _} = P <- [{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"},
    {90, "XC"}, {50, "L"}, {40, "XL"},
                                     {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}], V =< N]),
    S ++ roman(N - V).

life() ->
    Step = fun(G) ->
               N = lists:foldl(fun(C, M) -> maps:update_with(C, fun(X) -> X + 1 end, 1, M) end, #{},
                               [{X + DX, Y + DY} || {X, Y} <- maps:keys(G), DX <- [-1, 0, 1],
                               DY <- [-1, 0, 1], {DX, DY} =/= {0, 0}]),
               maps:from_list([{C, 1} || {C, K} <- maps:to_list(N),
               K =:= 3 orelse K =:= 2 andalso is_map_key(C, G)])
           end,
    Glider = maps:from_list([{C, 1} || C <- [{1, 0}, {2, 1}, {0, 2}, {1, 2}, {2, 2}]]),
    lists:sort(maps:keys(lists:foldl(fun(_, G) -> Step(G) end, Glider, lists:seq(1, 40)))).

matrix() ->
    A = [[I * J rem 7 || J <- lists:seq(1, 8)] || I <- lists:seq(1, 8)],
    T = fun T([[] | _]) -> []; T(M) -> [[hd(R) || R <- M] | T([tl(R) || R <- M])] end,
    [[lists:sum([X * Y || {X, Y} <- lists:zip(R, C)]) || C <- T(A)] || R <- A].

huffman(S) ->
    F = maps:to_list(lists:foldl(fun(C, M) -> maps:update_with(C, fun(N) -> N + 1 end, 1, M) end,
    #{}, S)),
    codes(merge(lists:sort([{N, {leaf, C}} || {C, N} <- F])), "").
merge([{_, T}]) -> T;
merge([{A, L}, {B, R} | T]) -> merge(lists:sort([{A + B, {node, L, R}} | T])).
codes({leaf, C}, P) -> [{C, lists:reverse(P)}];
codes({node, L, R}, P) -> codes(L, [$0 | P]) ++ codes(R, [$1 | P]).

rle([]) -> [];
rle([H | T]) ->
    {S, R} = lists:splitwith(fun(X) -> X =:= H end, T),
    [{H, 1 + length(S)} | rle(R)].

levenshtein(A, B) ->
    {D, _} = lev(A, B, #{}),
    D.
lev([], B, M) -> {length(B), M};
lev(A, [], M) -> {length(A), M};
lev([H | A], [H | B], M) -> lev(A, B, M);
lev([_ | A] = X, [_ | B] = Y, M) ->
    case M of
        #{{X, Y} := D} -> {D, M};
        _ ->
            {D1, M1} = lev(A, Y, M), {D2, M2} = lev(X, B, M1), {D3, M3} = lev(A, B, M2),
            D = 1 + lists:min([D1, D2, D3]),
            {D, M3#{{X, Y} => D}}
    end.

anagrams(Ws) -> maps:to_list(lists:foldr(fun(W, M) -> maps:update_with(lists:sort(W),
  fun(L) -> [W | L] end, [W], M) end, #{}, Ws)).

brackets(S) -> brackets(S, []).
brackets([], S) -> S =:= [];
brackets([C | R], S) when C =:= $(; C =:= $[; C =:= ${ -> brackets(R, [C | S]);
brackets([$) | R], [$( | S]) -> brackets(R, S);
brackets([$] | R], [$[ | S]) -> brackets(R, S);
brackets([$} | R], [${ | S]) -> brackets(R, S);
brackets(_, _) -> false.

zip_with_index(L) -> lists:zip(L, lists:seq(1, length(L))).

random_walk(N) ->
    {P, _} = lists:foldl(fun(_, {X, S}) -> {R, S2} = rand:uniform_s(2, S), {X + 2 * R - 3, S2} end,
                         {0, rand:seed_s(exsss, 7)}, lists:seq(1, N)),
    P.
