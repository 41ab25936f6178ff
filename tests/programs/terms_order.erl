%% The order of all terms, equality, hashes, external form and size of terms.
-module(terms_order).
-export([main/0]).

main() ->
    Ts = terms(),
    [lists:sort(Ts), [[sign(A, B) || B <- Ts] || A <- Ts], [erlang:phash2(T) || T <- Ts],
    [erlang:phash2(T, 100) || T <- Ts],
     [erlang:phash(T, 1 bsl 32) || T <- Ts], [term_to_binary(T) || T <- Ts],
     [erlang:external_size(T) || T <- Ts],
     [binary_to_term(term_to_binary(T, [compressed])) =:= T || T <- Ts],
     [binary_to_term(term_to_binary(T, [{minor_version, V}])) =:= T || T <- Ts, V <- [1, 2]],

     [prog:outcome(fun() -> binary_to_term(B) end) || B <- wrong()],
     [prog:outcome(fun() -> binary_to_term(B, [safe, used]) end) || B <- [<<131, 97, 5, 6>>, <<131,
     100, 0, 3, "qzx">>]],
     erlang:md5(term_to_binary(lists:duplicate(1000, Ts), [compressed])), max(a, "a"), min(1, 1.0),
     1 == 1.0,
     #{1 => a} == #{1.0 => a}, #{a => 1} == #{a => 1.0}, {1, 2} < {3}, [1, 2] < [1, 2 | 3],
     <<1:1>> < <<1:2>>,
     #{a => 1} < #{a => 1, b => 0}, #{b => 0} > #{a => 9}, lists:usort([#{1 => a}, #{1.0 => a}]),
     erlang:md5("abc"), erlang:crc32(<<"abc">>), erlang:adler32(["a", <<"bc">>]),
     base64:encode("any carnal pleas"),
     base64:decode("YWJjZA=="), erlang:phash2(lists:seq(1, 10000)), erlang:phash2(big_map()),
     big_map() =:= big_map(),
     term_to_binary(fun lists:map/2), erlang:iolist_size(term_to_iovec_or_binary(Ts)),
     term_to_binary(#{b => 1, a => 2}),
     [T =:= binary_to_term(iolist_to_binary(term_to_iovec_or_binary(T))) || T <- Ts]].

terms() ->
    [0, 1, -1, 255, 256, 1 bsl 31, -(1 bsl 31), 1 bsl 59, 1 bsl 62, 1 bsl 64, -(1 bsl 64),
    1 bsl 2100, 0.0, 1.0, -1.5, 1.0e300, a, 'B',
     '', 'long atom with spaces', 'åäö', true, [], {}, {a}, {a, 1}, {a, 1, []}, [a], [a | b], [1,
     2, 3], "string",
     [1, "two", {three}], lists:duplicate(70000, $a), #{}, #{a => 1}, #{1 => [x], {t} => #{}},
     <<>>, <<"abc">>,
     <<1:3>>, <<"abc", 5:7>>, binary:copy(<<"x">>, 1000), fun lists:map/2, fun erlang:abs/1,
     list_to_tuple(lists:seq(1, 300)),
     [[[[[]]]]], {{}, [{}]}].

big_map() -> maps:from_list([{I, {I}} || I <- lists:seq(1, 50)]).

sign(A, B) when A < B -> -1;
sign(A, B) when A =:= B -> 0;
sign(A, B) when A == B -> eq;
sign(_, _) -> 1.

wrong() ->
    [<<>>, <<131>>, <<130, 97, 1>>, <<131, 97>>, <<131, 108, 0, 0, 0, 5, 97>>, <<131, 104, 255>>,
    <<131, 109, 255, 255, 255, 255>>,
     <<131, 255>>, <<131, 97, 1, 2>>, foo, <<131, 116, 0, 0, 0, 2, 97, 1, 97, 1, 97, 1, 97, 2>>,
     <<131, 80, 0, 0, 0, 9, "zz">>,
     <<131, 110, 1, 2, 5>>, <<131, 70, 255, 240, 0, 0, 0, 0, 0, 0>>, <<131, 119, 2, 255, 255>>,
     <<131, 107, 0, 2, 1>>].

term_to_iovec_or_binary(T) -> erlang:term_to_iovec(T).
