%% Records and map syntax: construction, update, matching, defaults, errors.
-module(records_maps).
-export([main/0]).

-record(point, {x = 0, y = 0 :: integer(), tag}).
-record(line, {from = #point{}, to = #point{x = 1}}).

main() ->
    P = #point{x = 1, tag = t},
    L = #line{to = P},
    M = prog:id(#{a => 1, "b" => 2, {c} => 3, 4 => [four], 5.0 => five, <<"six">> => 6}),
    [P, L, P#point{y = 5}, L#line.to#point.tag, L#line{from = P#point{x = 9}}, #point.y,
     record_info(fields, point), record_info(size, line), is_record(P, point), is_record(P, line),
     setelement(#point.x, P, 7), match(P), match(L), match({point, 1}), #point{_ = '_'},
     M, M#{a => one, new => yes}, M#{a := 2}, maps:size(M), get_all(M), get_all(#{}),
     M#{4 := x, 5.0 := y, <<"six">> := z},
     nested(#{a => #{b => #{c => deep}}}), update_many(#{}, 40), same_key(#{1 => i, 1.0 => f}),
     literal(#{x => 1}), literal(#{x => 2}), literal(#{y => 1}), literal([]),
     [var_key(K, M) || K <- [a, "b", {c}, 4, 5.0, 5, zz]],
     prog:outcomes([fun() -> (prog:id(M))#{missing := 1} end, fun() -> (prog:id(foo))#{a => 1} end,
                    fun() -> (prog:id([]))#{a := 1} end, fun() -> (prog:id({point, 1}))#point.x end,
                    fun() -> (prog:id(foo))#point{x = 1} end, fun() -> #{a := z} = M end,
                    fun() -> maps:get(zz, M) end, fun() -> maps:update(zz, 1, M) end])].

match(#point{x = X, tag = t}) -> {tagged, X};
match(#line{from = #point{x = 0}, to = #point{x = X}}) -> {line_to, X};
match(_) -> other.

get_all(#{a := A, "b" := B} = M) -> {A, B, maps:size(M)};
get_all(#{}) -> any_map.

nested(#{a := #{b := #{c := X} = Inner}}) -> {X, Inner#{c => changed}}.

update_many(M, 0) -> lists:sort(maps:to_list(M));
update_many(M, N) -> update_many(M#{N rem 35 => N, {k, N} => M}, N - 20).

same_key(M) -> {maps:get(1, M), maps:get(1.0, M), map_size(M)}.

literal(#{x := 1}) -> one;
literal(#{x := N}) when N > 1 -> more;
literal(#{}) -> no_x;
literal(_) -> no_map.

var_key(K, M) ->
    case M of
        #{K := V} -> {found, V};
        _ -> none
    end.
