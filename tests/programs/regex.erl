%% Module re as programs use it: run, replace, split, global matches, names, unicode.
-module(regex).
-export([main/0]).

main() ->
    {ok, Word} = re:compile("(\\w)(\\w*)"),
    {ok, Uni} = re:compile("\x{e5}+|\x{20ac}", [unicode]),
    [re:run("hello world", Word, [global]), re:run("hello world", Word, [global, {capture, all,
    list}]),
     re:run("hello world", "o", [global, {capture, first, binary}]), re:run("abc", "x"), re:run("",
     "", [global]),
     re:run("aaa", "a*?", [global]), re:run("ABC", "b", [caseless, {capture, none}]),
     re:run("x\x{e5}\x{e5}y\x{20ac}", Uni, [global]), re:run("x\x{e5}y", Uni, [{capture, all,
     list}]),
     re:run("x\x{20ac}y", "(.)y", [unicode, {capture, all_but_first, list}]),
     re:run(<<"x\x{20ac}y"/utf8>>, "(?<c>.)y", [unicode, {capture, [c], binary}]),
     re:replace("hello world", "o", "0"), re:replace("hello world", "o", "0", [global, {return,
     list}]),
     re:replace("hello", "(l)(l)", "<\\2&\\1\\\\&>", [{return, binary}]), re:replace("abc",
     "(?<x>b)", "[\\g{1}]",
                                                                                 [{return, list}]),
     re:replace("a.b.c", "\\.", "-", [global, {return, binary}]), re:replace("åäö", "ä",
     "\x{20ac}", [unicode, {return, list}]),
     re:split("a,b,,c,", ","), re:split("a,b,,c,", ",", [trim]), re:split("a1b22c", "\\d+",
     [{return, list}]),
     re:split("a1b2c", "(\\d)", [group]), re:split("abc", "", [{return, list}]), re:split("a-b-c",
     "-", [{parts, 2}]),
     re:split("x\x{20ac}y", "\x{20ac}", [unicode, {return, list}]),
     re:inspect(element(2, re:compile("(?<b>.)(?<a>.)")), namelist),
     re:run("2024-05-06", "(?<y>\\d+)-(?<m>\\d+)-(?<d>\\d+)", [{capture, [d, m, y], list}]),
     [re:run(S, "^[\\w.+-]+@(?:[a-z\\d-]+\\.)+[a-z]{2,}$", [caseless, {capture, none}])
      || S <- ["joe@example.com", "bad@", "a.b+c@d-e.co.uk", "@x.y", "x@y.c"]],
     length(element(2, re:run(binary:copy(<<"word ">>, 2000), "\\w+", [global]))),
     [lists:sort(tokens(S)) || S <- ["x = 12 + foo(3.5)", "if a<b then \"s\"", ""]],
     re:run("aaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a+)+$"), element(1, re:compile("(")),
     re:compile("a("), re:compile("[z-a]"),
     prog:outcomes([fun() -> re:run("a", "(") end, fun() -> re:run(foo, "a") end,
     fun() -> re:run("a", "a", [bad]) end,
                    fun() -> re:replace("a", "(", "b") end, fun() -> re:split("a", foo) end,
                    fun() -> re:run("a", {re_pattern, 1, 2, 3, 4}) end,
                    fun() -> re:replace("a", "a", "b", [{return, foo}]) end])].

tokens(S) ->
    case re:run(S, "\\s*(?:(\\d+(?:\\.\\d+)?)|([a-z_]\\w*)|(\"[^\"]*\")|(\\S))", [global, {capture,
    all_but_first, list}]) of
        {match, M} -> [kind(T) || T <- M];
        nomatch -> []
    end.
kind([N]) -> {number, N};
kind([_, I]) -> {name, I};
kind([_, _, S]) -> {string, S};
kind([_, _, _, O]) -> {op, O}.
