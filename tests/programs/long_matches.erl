%% Matches that begin far behind the offset or take long, and searches with very many results.
-module(long_matches).
-export([main/0]).

main() ->
    Far = <<(binary:copy(<<"abc ">>, 100_000))/binary, "needle", (binary:copy(<<" xyz">>, 100_000))/binary>>,
    {ok, Compiled} = re:compile("ne+dle"),
    {ok, Anchored} = re:compile("^(abc )+", [anchored]),
    Bad = <<(binary:copy(<<"abc ">>, 100_000))/binary, 255, "needle">>,
    Text = binary:copy(<<"text ", 228/utf8, "rest">>, 100_000),
    {[re:run(Far, Pattern, Options) ||
         Pattern <- ["needle", "ne(ed)le", Compiled, "nowhere", "(?<=c )needle", "needle\\z", "^needle"],
         Options <- [[], [{offset, 5}], [{capture, all, binary}], [{offset, 400_001}], [anchored],
                     [{capture, first, list}], [notempty], [{match_limit, 100}]]],
     [re:run(Far, P, [global, {capture, first}]) || P <- ["needle", "e.*z$", "q", "needle|\\z"]],
     re:run([Far, [Far]], "needle.*needle", [{capture, first, index}]),
     catch_error(fun() -> re:run(Bad, "needle", [unicode]) end),
     catch_error(fun() -> re:run(Bad, "needle", [unicode, global]) end),
     re:run(Text, "r(es)tt", [unicode, global, {capture, first, index}]) =:= other,
     {match, [{0, _}]} = re:run(Far, Anchored, [{capture, first}]),
     length(re:split(Text, [228], [unicode])),
     erlang:md5(re:replace(Far, "b", "<&>", [global, {return, binary}])),
     length(binary:matches(Text, <<"rest">>)), length(binary:split(Text, <<"e">>, [global])),
     erlang:md5(term_to_binary(binary:matches(Text, [<<"rest">>, <<"ex">>]))),
     map_size(maps:from_keys(lists:seq(1, 300_000), a)),
     inserted([{N, [N]} || N <- lists:seq(1, 150_000)]),
     catch_error(fun() -> ets:insert(ets:new(t, []), lists:duplicate(150_000, {a}) ++ [b]) end)}.

inserted(Rows) ->
    T = ets:new(t, [ordered_set]),
    {ets:insert_new(T, Rows), ets:insert_new(T, Rows), ets:insert(T, Rows), ets:info(T, size),
     ets:lookup(T, 100_000), length(ets:tab2list(T))}.

catch_error(F) ->
    try F()
    catch Class:Reason:Stack ->
        [{M, Name, Arguments, _} | _] = Stack,
        Arity = if is_list(Arguments) -> length(Arguments); true -> Arguments end,
        {Class, Reason, M, Name, Arity}
    end.
