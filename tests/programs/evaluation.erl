%% erl_scan, erl_parse, erl_eval, erl_pp: Erlang in Erlang.
-module(evaluation).
-export([main/0]).

main() ->
    [[eval(T) || T <- texts()], [pp(T) || T <- texts()], [scan(S) || S <- scans()], forms(),
    errors()].


texts() ->
    ["1 + 2 * 3.", "lists:map(fun(X) -> X * X end, [1,2,3]).", "X = 5, Y = X + 1, {X, Y}.",
     "case {a, 1} of {a, N} when N > 0 -> N; _ -> no end.",
     "[X || X <- lists:seq(1, 10), X rem 2 =:= 0].",
     "<< <<(X * 2)>> || <<X>> <= <<1,2,3>> >>.",
     "try throw(a) catch throw:T -> {caught, T} after ok end.",
     "F = fun Fact(0) -> 1; Fact(N) -> N * Fact(N - 1) end, F(20).",
     "if 1 > 2 -> a; true -> b end.",
     "#{a => 1, b => 2}.", "M = #{a => 1}, M#{a := 2, c => 3}.", "begin A = 1, B = 2, A + B end.",
     "<<A:4, B:4, Rest/binary>> = <<16#12, \"xyz\">>, {A, B, Rest}.", "\"abc\" ++ \"def\".",
     "fun lists:reverse/1.", "(fun(A, B) -> A - B end)(5, 3).", "element(2, {a, b, c}).",
     "foo:bar().",
     "{1, 2.5, $a, 'x y', \"s\", <<1:3>>, []}.", "not true orelse (false andalso x).",
     "-5 rem 3 bsl 2 bxor 1.",
     "[A | B] = [1, 2], {A, B}.", "\"a\" \"b\".",
     "lists:foldl(fun(X, A) when X > 1 -> X + A; (_, A) -> A end, 0, [1,2,3]).",
     "maps:get(k, #{k => v}).", "try 1/0 catch error:badarith -> div_by_zero end."].

parse(Text) ->
    {ok, Tokens, _} = erl_scan:string(Text),
    {ok, Exprs} = erl_parse:parse_exprs(Tokens),
    Exprs.

eval(Text) ->
    try erl_eval:exprs(parse(Text), erl_eval:new_bindings()) of
        {value, F, _} when is_function(F) -> erlang:fun_info(F, arity);
        {value, V, B} -> {V, [N || {N, _} <- erl_eval:bindings(B)]}
    catch
        C:R -> {C, R}
    end.

pp(Text) -> lists:flatten(erl_pp:exprs(parse(Text))).

scans() ->
    ["atom Var 1 2.5 $a \"str\" 'q a' 16#FF 1_000 $\\n", "% comment\nfoo", "\"unterminated", "a.b",
    "-> <- => || :: ...",
     "1.0e10 2#101 36#Zz", "$", "\"\\x{e5}\\n\\101\"", "'\\'", "?MODULE #rec{}"].

scan(S) -> [erl_scan:string(S), erl_scan:string(S, {3, 5}, [text, return])].

forms() ->
    Text = "-module(m).\n-export([f/1]).\n-record(r, {a = 1, b}).\nf(#r{a = A}) when A > 0 -> A;\nf(X) -> g(X).\n"
           "g(X) -> [X, ?LINE].\n",
    {ok, Tokens, _} = erl_scan:string(Text),
    Forms = split(Tokens, []),
    [erl_parse:parse_form(F) || F <- Forms].

split([], []) -> [];
split([{dot, _} = D | T], Acc) -> [lists:reverse([D | Acc]) | split(T, [])];
split([H | T], Acc) -> split(T, [H | Acc]).

errors() ->
    [begin
         {ok, T, _} = erl_scan:string(S),
         case erl_parse:parse_exprs(T) of
             {error, {L, M, D}} -> {L, lists:flatten(M:format_error(D))};
             Ok -> Ok
         end
     end || S <- ["1 + .", "foo(.", "case x of end.", "a b.", "{1, 2.", "fun() -> end."]].
