%% re:compile/2, re:run/2,3, re:inspect/2: hand-made patterns of every construct crossed with
%% subjects and options, wrong patterns with their messages and offsets, and random ones.
-module(re_cases).
-export([cases/0]).

cases() -> [Case || Case <- all_cases(), not differs(Case)].

%% What PCRE2 understands or refuses otherwise than PCRE 8, and Joist with it: recursion that does
%% nothing is an error of the compiler only in PCRE 8; (?^ and (?* are new; so are arguments of
%% verbs, (?(VERSION and fixed-length back references in lookbehinds; (?(R1) must name a group;
%% PCRE2 reads to the end before it looks for groups;
%% a group that contains a reference to itself is another thing; and its Unicode is a newer one.
differs({re, _, [_, Pattern | Rest] = Arguments}) ->
    has_difference(hd(Arguments)) orelse has_difference(Pattern)
        orelse (lists:member([unicode, ucp, caseless], Rest)
                andalso lists:member(Pattern, [<<"[[:upper:]]">>, <<"[^[:lower:]]+">>]))
        orelse (Pattern =:= <<"\\X">> andalso hd(Arguments) =:= <<"\x{1F600}\x{1F601}"/utf8>>);
differs({re, _, [Pattern]}) ->
    has_difference(Pattern);
differs(_) ->
    false.

has_difference(Text) when is_list(Text) ->
    lists:any(fun(Part) -> string:str(Text, Part) > 0 end,
              ["(?R)", "(?^", "(?*", "(?<*", "ACCEPT:", "(?(VERSION", "\\1)b(c)", "(?(R1)",
               "(?1))", "(?''",
               "\\pp", "|(.)\\1)*)\\1", "\\oo", "\\g{-[", "\\g{|"]);
has_difference(_) ->
    false.

all_cases() ->
    [{re, run, [S, P]} || P <- patterns(), S <- subjects()]
        ++ [{re, run, [S, P, O ++ [report_errors]]}
            || P <- patterns(), S <- pick(4, subjects()), O <- pick(3, run_options()),
               proplists:get_value(offset, O, 0) =< iolist_size(S)]
        ++ [{re, run, [S, P, O]}
            || P <- unicode_patterns(), S <- unicode_subjects(),
               O <- [[unicode], [unicode, caseless], [unicode, ucp], [unicode, ucp, caseless], [],
                     [ucp], [caseless]]]
        ++ [{re, compile, [P, O]} || P <- patterns() ++ wrong_patterns(), O <- compile_options()]
        ++ [{re, run, [S, P, O]} || {S, P, O} <- captures()]
        ++ [{re, run, [S, P]} || P <- random_patterns(3000), S <- pick(3, random_subjects())]
        ++ [{re, run, [S, P, [unicode | pick_option()]]}
            || P <- random_patterns(1500), S <- pick(3, random_subjects())]
        ++ [{re, compile, [P]} || P <- broken_patterns(3000)]
        ++ [{re, run, A} || A <- odd_arguments()]
        ++ [{re, F, A} || {F, A} <- [{compile, [foo]}, {compile, [[foo]]},
                                     {compile, ["a", [foo]]}, {compile, ["a", foo]},
                                     {compile, ["a", [global]]}, {inspect, [foo, namelist]},
                                     {compile, [<<255>>, [unicode]]},
                                     {compile, [<<"(*UTF8)a">>, [never_utf]]},
                                     {compile, [<<"a">>, [never_utf, unicode]]},
                                     {compile, ["a", [{newline, cr}, {newline, any}]]},
                                     {compile, ["a", [{newline, lf}, {newline, any}]]}]].

pick(N, List) ->
    [lists:nth(rand:uniform(length(List)), List) || _ <- lists:seq(1, N)].
pick_option() ->
    hd(pick(1, [[], [], [caseless], [multiline], [dotall], [ucp], [extended], [ungreedy]])).

patterns() ->
    ["", "a", "abc", "a|b", "^abc$", "^a", "c$", ".", ".*", "a.c", "a*", "a+", "a?", "a*?", "a+?",
     "a??", "a*+", "a++", "a?+", "a{2}", "a{2,}", "a{1,3}", "a{,3}", "a{2,3}?", "x{", "x{1", "x{a}",
     "(a)(b)(c)", "(a|b)*", "(?:a|b)+c", "((a)|(b))+", "(a(b(c)))", "(a)?b", "(a)|(b)", "(|a)b",
     "[abc]", "[^abc]", "[a-c]+", "[]a]", "[^]a]", "[a\\]b]", "[a-]", "[-a]", "[\\w]+", "[\\d\\s]",
     "[[:alpha:]]+", "[[:^alpha:]]+", "[[:digit:]x]", "[[:space:]]", "[[:punct:]]+", "[[:upper:]]",
     "[[:lower:]]+", "[[:xdigit:]]+", "[[:word:]]+", "[[:graph:]]+", "[[:print:]]+", "[[:cntrl:]]",
     "[[:blank:]]", "[[:alnum:]]+", "[[:ascii:]]+", "\\d+", "\\D+", "\\s", "\\S+", "\\w+", "\\W+",
     "\\bb", "\\Bb", "\\Aa", "c\\z", "c\\Z", "\\Gab", "\\h", "\\H", "\\v", "\\V", "\\R", "\\N",
     "\\x61", "\\x{61}", "\\141", "\\o{141}", "\\t", "\\n", "\\r", "\\f", "\\e", "\\a", "\\cA",
     "\\0",
     "\\Qa.c\\E", "\\Qabc", "a\\Eb", "(?i)ABC", "a(?i)B", "(?i:A)B", "(?-i)a", "(?s).", "(?m)^b",
     "(?x) a b # comment\n c", "(?U)a+", "(?#comment)a", "(?=ab)a", "(?!ab)a", "(?<=a)b", "(?<!a)b",
     "(?<=a|bc)c", "(?<=\\d{2})x", "(?>a+)b", "(?>a*)a", "(a)\\1", "(?<n>a)\\k<n>", "(?'n'a)\\k'n'",
     "(?P<n>a)(?P=n)", "(?<n>a)\\g{n}", "(a)\\g1", "(a)\\g{-1}", "(a)(?1)", "(?R)?a", "a(?R)?b",
     "(?|(a)|(b))", "(?(1)a|b)", "(a)?(?(1)b|c)", "(?<n>a)?(?(<n>)b|c)", "(?(?=a)ab|b)",
     "(?(DEFINE)(?<d>a))(?&d)b", "(?(R)a|b)", "a\\Kb", "(a\\K)b", "(?=a\\Kb)ab", "(*ACCEPT)a",
     "a(*FAIL)|b", "a(*F)|ab", "a(*COMMIT)c|b", "a+(*PRUNE)b", "a+(*SKIP)b", "(a(*THEN)c|ab)",
     "(*CR)a.b", "(*ANY)^b", "(*CRLF)a$", "(*BSR_ANYCRLF)a\\R", "(*BSR_UNICODE)\\R",
     "(*NO_START_OPT)a", "(*UCP)\\w+", "(*LIMIT_MATCH=100)a", "^\\s*(\\w+)\\s*=\\s*(.*?)\\s*$",
     "(\\d+)-(\\d+)", "(?<year>\\d{4})-(?<month>\\d\\d)", "^(\\((?:[^()]|(?1))*\\))$",
     "^((.)(?1)\\2|.?)$", "(a+)+$", "(x+x+)+y", "[^\n]*", "\\C", "a\\Cc", "\\j", "\\y\\q", "\\_",
     "\\-",
     "[\\d-z]", "[a-\\d]", "[\\b]", "[\\x41-\\x43]", "[\\n\\r]", "[.*+]", "\\X", "\\pL+", "\\p{Lu}",
     "\\p{^Lu}", "\\P{Ll}+", "\\p{L&}", "\\p{Greek}", "\\p{Any}", "\\p{Xan}+", "\\p{Xwd}+",
     "\\p{Xsp}",
     "(?J)(?<a>x)|(?<a>y)", "(?<a>.)(?<b>.)", "a(?C)b", "a(?C1)b", "a{0}b", "(a){0}b", "(a){2}",
     "(?:)", "()", "(){3}", "(?:a?)*?b", "(a*)*", "(a*)+", "(?:a|ab)(?:c|bcd)(d*)", "\345",
     "[\345]",
     "\\w\345", "(?i)\305", "[^a]", "(?s)a.b", "^$", "(?m)^$", "$", "(?m)$", "^", "\\z",
     "\\bfoo\\b",
     "(a{1,2}){2}", "(?:(a)|b)*", "(?:(a)|(b)|(c))+", "(.)(.)(.)(.)?", "(?=(a))(?=(.b))",
     "(?!(a))b", "(a)|b|(c)", "((?i)a)b", "(?i)a(?-i)b", "(?s-m:.$)", "(?<!\\w)b", "[a-z&&b]",
     "\\d{3,}", "a.{2}", "(?:ab){2,3}?c", "(?<=^|,)x", "\\G", "(?:^|,)([^,]*)"].

subjects() ->
    ["", "a", "b", "abc", "aabbcc", "xabcabc", "aaa", "ab", "abab", "cab", "ABC", "a\nb", "a\r\nb",
     "\nb\n", "abc\n", "a c", "a-c 12 x", "2024-05-06", "key = value", "((a)(b))", "abcba", "x{1",
     "x{a}", "foo bar", "\345\344\366 \305", "a\305b", "a\0b", "\t\v\f\e\a", "aaaaaaaaaaaab",
     "12x", "a,x,,b", "a.c", "-_jyq", <<"binary abc">>, [<<"io">>, "data", [$a, <<"b">>]],
     "\205\240", "a\205b", "[]^-\\"].

run_options() ->
    [[], [anchored], [caseless], [dotall], [multiline], [extended], [firstline], [dollar_endonly],
     [ungreedy], [no_auto_capture], [dupnames], [no_start_optimize], [notbol], [noteol], [notempty],
     [notempty_atstart], [{offset, 1}], [{offset, 2}, notbol], [{newline, cr}], [{newline, crlf}],
     [{newline, any}], [{newline, anycrlf}, multiline], [bsr_anycrlf], [bsr_unicode], [ucp],
     [{match_limit, 100000}], [{match_limit_recursion, 100000}], [caseless, multiline, dotall],
     [{capture, all, list}], [{capture, all, binary}], [{capture, none}], [{capture, first}],
     [{capture, all_but_first, binary}], [{capture, [0, 1, 2, 7]}], [{capture, [1, n, "n"], list}],
     [{capture, all_names, binary}], [unicode], [unicode, caseless], [anchored, {offset, 1}]].

compile_options() ->
    [[], [unicode], [extended], [dupnames], [caseless, multiline], [no_auto_capture, {newline,
     any}],
     [ucp, unicode, {newline, crlf}], [ungreedy, anchored, firstline, bsr_anycrlf]].

unicode_patterns() ->
    [<<P/utf8>> || P <- "\x{e5}\x{20ac}"]
        ++ [unicode:characters_to_binary(P)
            || P <- ["\x{e5}", "\\w+", "\\W", "[\x{e5}-\x{f6}]+", "[^\x{e5}]", "\x{c5}", ".",
            "\\x{e5}",
                     "\\x{20ac}", "\\x{1F600}", "\\X", "\\p{Lu}", "\\p{L}+", "[[:alpha:]]+", "\\d",
                     "\\s", "\\b\x{e5}", "\x{3b1}+", "(\x{e4})|(.)", "[\x{3b1}-\x{3c9}]", "\\C\\C",
                     "(?i)\x{3a3}", "[[:upper:]]", "[^[:lower:]]+", "\\N", "\\R", "\\h", "\\xe5",
                     "\\351",
                     "\\x{df}", "\x{130}", "k"]].
unicode_subjects() ->
    [unicode:characters_to_binary(S)
     || S <- ["\x{e5}\x{e4}\x{f6}", "\x{c5}\x{c4}", "a\x{20ac}b", "\x{1F600}\x{1F601}",
              "\x{3b1}\x{3b2}\x{3a3}", "e\x{301}x", "\x{661}\x{662}", "\x{a0}\x{2003}\x{2028}",
              "\x{df}\x{212a}\x{130}k"]] ++ [<<16#E5, 16#E4>>, <<"a", 255>>, <<16#E2, 16#82>>, ""].

wrong_patterns() ->
    ["(", ")", "a)", "(a", "((a)", "(?", "(?a", "(?<", "(?<a", "(?<a>", "(?<1>a)", "(?<>a)",
     "(?<n!>a)",
     "(?P", "(?P<", "(?P>", "(?P=x)", "(?Px)", "(?'n>a)", "[", "[a", "[]", "[^]", "[z-a]", "[a-\\",
     "[[:foo:]]", "[[:alpha]", "[[.x.]]", "[[=x=]]", "[:alpha:]", "*", "*a", "+", "?", "a**",
     "a+++",
     "a{2}{3}", "a{3,2}", "a{65536}", "a{99999,}", "{2}", "a|*", "(*a)", "(*FOO)", "(*MARK)", "(*:",
     "(*ACCEPT:x)", "(?:*)", "(*", "\\", "a\\", "\\c", "\\c\345", "\\x{", "\\x{g}", "\\x{110000}",
     "\\x{100}", "\\x{d800}", "\\x{}", "\\o", "\\o{", "\\o{9}", "\\o{777}", "\\777", "\\g", "\\g{",
     "\\g{}",
     "\\g{a", "\\g0", "\\g{0}", "\\g{-1}", "\\g{5}", "\\g<", "\\g'a", "\\k", "\\k<", "\\k{n}",
     "\\k<n>",
     "\\1", "\\2(a)", "(?1)", "(?2)(a)", "(?-1)", "(?+1)", "(?+", "(?&n)", "(?&", "(?&n", "(?P>n)",
     "(?R", "(?R)", "(?(", "(?(1", "(?(1)a|b|c)", "(?(0)a)", "(?(a)b)", "(?(<n>)a)", "(?(R1)a)",
     "(?(?a)b)", "(?(DEFINE)a|b)", "(?(VERSION>=10)a)", "(?C256)a", "(?C1", "(?Cx)", "(?#", "(?#a",
     "(?i", "(?i-", "(?y)", "(?-y)", "(?i--s)", "(?<n>a)(?<n>b)", "(?<=a*)b", "(?<=a+)",
     "(?<!a{1,2})b",
     "(?<=(a|bc))d", "(?<=\\C)a", "(?<=(?R))a", "(?<=a\\1)b(c)", "(?<=(?1))(ab*)", "\\L", "\\l",
     "\\N{x}",
     "\\U", "\\u", "\\u0061", "[\\N]", "[\\R]", "[\\X]", "[\\B]", "\\p", "\\p{", "\\p{Foo}", "\\pX",
     "\\P{^", "(?<abcdefghijabcdefghijabcdefghijabc>a)", "(?|(?<a>b)|(?<c>d))", "(?1))", "(a)(?2)",
     "\\Q(", "\\E*", "(?<=\\X)a", "(?<=\\R)a", "x{1,2}{3", "(?>", "(?=", "(?!", "(?<=", "(?:",
     "(?|",
     "(?:a", "[[:space:]-z]", "[\\w-z]", "[a-[:digit:]]", "[\\d-\\w]", "(?P<a>.)(?P<a>.)",
     "(?J)(?<a>b)(?<a>c)",
     "\\x{7fffffff}", "\\x{ffffffffff}", "\\99", "\\8", "\\81", "\\018", "(?<a>)(?'a')", "()\\2",
     "a{1}*",
     "((((((((((a))))))))))\\11", lists:duplicate(300, $() ++ lists:duplicate(300, $)),
     "(?(?=a)b|c|d)", "(?(?!a)b", "(?(?<=a)b)", "(?(<a)b)", "(?('a)b)", "(?(R)a|b|c)", "(?(R&a)b)",
     "(?(+1)a)(b)", "(?(-1)a)", "(?^a)", "(?<a", "(?<=", "(?<!", "(?i:a", "(*UTF8)\\x{100}",
     "(*UTF)a"].

captures() ->
    Names = "(?<first>a)(?<second>b)?(?<third>c)?",
    Dups = "(?J)(?:(?<n>a)|(?<n>b)|(?<m>c))(?<m>d)?",
    [{S, P, [{capture, Values, Type} | O]}
     || {P, O} <- [{Names, []}, {Dups, []}, {Dups, [dupnames]}, {"(a)(x)?(b)", []}, {"a", []}],
        S <- ["abc", "ac", "bd", "cd", "xx", <<"aaab ", 0:800>>],
        Type <- [index, list, binary, foo],
        Values <- [all, all_but_first, first, none, [], all_names, foo, [first, second, third],
                   ["n", <<"m">>, n, ["fi", <<"rst">>]], [0, 3, 99, 1], [-1], [1.0], [a | b], [{}],
                   [third, 0, unknown]]].

random_subjects() ->
    ["", "a", "ab", "ba", "aab", "abcabc", "a b", "b1a2", "\n", "ab\nba", "cc", "acbacba",
     "aaaaaaaa",
     "xyz", "1", "_", "a.b", "bcbcb"].

random_patterns(N) -> [lists:flatten(pattern(4)) || _ <- lists:seq(1, N)].

pattern(0) -> atom_();
pattern(D) ->
    case rand:uniform(9) of
        1 -> [pattern(D - 1), "|", pattern(D - 1)];
        2 -> ["(", pattern(D - 1), ")", quantifier()];
        3 -> ["(?:", pattern(D - 1), ")", quantifier()];
        4 -> [hd(pick(1, ["(?=", "(?!", "(?>", "(?i:", "(?|"])), pattern(D - 1), ")"];
        5 -> [atom_(), quantifier(), pattern(D - 1)];
        6 -> ["(", pattern(D - 1), ")\\1"];
        _ -> [pattern(D - 1), pattern(D - 1)]
    end.

atom_() ->
    hd(pick(1, ["a", "b", "c", ".", "[ab]", "[^a]", "\\w", "\\d", "\\s", "^", "$", "\\b", "[a-c1]",
                "\\W", "ab", "a b", "\\B", "\\Z", "\\n", "x"])).

quantifier() ->
    hd(pick(1, ["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,1}?", "*+",
    "{0}"])).

%% Good ones with something taken out, doubled or put in.
broken_patterns(N) ->
    Good = patterns() ++ random_patterns(200),
    [break(hd(pick(1, Good))) || _ <- lists:seq(1, N)].

break([]) -> "(";
break(Pattern) ->
    {A, [C | B]} = lists:split(rand:uniform(length(Pattern)) - 1, Pattern),
    case rand:uniform(3) of
        1 -> A ++ B;
        2 -> A ++ [C, C | B];
        3 -> A ++ [C] ++ hd(pick(1, ["(", ")", "[", "]", "*", "?", "\\", "{", "|", "(?", "-"])) ++ B
    end.

odd_arguments() ->
    {ok, Pattern} = re:compile("a"),
    [[foo, "a"], ["a", foo], ["a", {re_pattern, 0, 0, 0, <<"abcdef">>}], ["a", {re_pattern, 0, 0,
     0, foo}],
     ["a", {re_pattern, 0, 0, 0}], ["a", setelement(1, Pattern, foo)], ["a", "a", foo], ["a", "a",
      [foo]],
     ["a", "a", [{offset, -1}]], ["a", "a", [{offset, a}]], ["a", "a", [{newline, foo}]],
     ["a", "a", [{newline, nul}]], ["a", "a", [{capture, all, index, x}]], ["a", "a",
      [{match_limit, -1}]],
     ["a", "a", [anchored | foo]], ["a", "a", [export]], [<<1:3>>, "a"], ["a", <<1:3>>], ["a",
      [256]],
     [[256], "a"], ["a", "(", [report_errors]], ["a", "("], ["abc", "b", [{offset, 3}]],
     [<<"a", 16#C3, 16#A5>>, "a", [unicode, {offset, 2}]], [<<255>>, "a", [unicode]],
     [<<"ab">>, <<255>>, [unicode, report_errors]],
     [lists:duplicate(25, $a) ++ "b", "(a+)*c", [report_errors, {match_limit, 1000}]],
     [lists:duplicate(30, $a) ++ "b", "(a+)*\\d", [report_errors]],
     [lists:duplicate(30000, $a) ++ "b", "(a|b)*", []], [lists:duplicate(300000, $a),
      "(?:a|b)*c|d", []],
     [binary:copy(<<"abc ">>, 10000), "\\w+$|x", []], [binary:copy(<<"abc ">>, 10000), "c $", []]].
