%% The module binary, iolists, parts, and large binaries that share their bytes.
-module(binary_module).
-export([main/0]).

main() ->
    B = <<"the quick brown fox jumps over the lazy dog">>,
    Big = binary:copy(<<"0123456789">>, 1000),
    U = unaligned(B),
    [[{binary:at(X, 4), binary:first(X), binary:last(X), binary:part(X, 4, 5), binary:part(X, {9,
    -5}), binary:bin_to_list(X, 0, 3),
       binary:match(X, <<"o">>), binary:matches(X, <<"o">>), binary:match(X, [<<"fox">>,
       <<"quick">>]), binary:matches(X, [<<"the">>,
                                                                                                       <<"he ">>]),
       binary:split(X, <<" ">>), binary:split(X, <<" ">>, [global]), binary:split(X, [<<"o">>,
       <<"u">>], [global, trim_all]),
       binary:replace(X, <<"o">>, <<"0">>, [global]), binary:replace(X, <<"fox">>, <<"[]">>,
       [{insert_replaced, 1}]),
       binary:longest_common_prefix([X, <<"the queen">>]), binary:longest_common_suffix([X,
       <<"hot dog">>]), binary:encode_hex(X),
       binary:decode_unsigned(binary:part(X, 0, 9)), binary:decode_unsigned(binary:part(X, 0, 9),
       little),
       binary:match(X, binary:compile_pattern([<<"lazy">>, <<"dog">>]), [{scope, {10, 33}}]),
       binary:match(X, <<"zebra">>),
       byte_size(binary:copy(X, 3)), binary:list_to_bin([X, $!]), split_binary(X, 3),
       binary_to_list(X, 2, 4), binary_part(X, 1, 2),
       erlang:binary_to_atom(binary:part(X, 0, 3)), erlang:md5(X), erlang:crc32(X),
       unicode:characters_to_list(X)}
      || X <- [B, U]],
     binary:encode_unsigned(1 bsl 70), binary:encode_unsigned(258, little),
     binary:decode_hex(<<"00fFaB">>),
     [erlang:md5(P) || P <- parts(Big, 777)],
     binary:referenced_byte_size(binary:copy(binary:part(Big, 10, 100))),
     iolist_to_binary([Big, [[<<"a">>, $b], "cd" | <<"e">>]]) =:= <<Big/binary, "abcde">>,
     iolist_size([Big, "abc", [Big]]),
     erlang:iolist_to_iovec(["ab", Big, <<"c">>]), list_to_bitstring([<<1:3>>, 5, <<2:5>>]),
     bitstring_to_list(<<1, 2, 3:4>>),
     lists:foldl(fun(I, A) -> binary:replace(A, integer_to_binary(I), <<>>, [global]) end,
     binary:part(Big, 0, 50), [1, 23, 5]),
     words(binary:copy(<<"lorem ipsum dolor ">>, 300)),
     csv(<<"a,b,c\n1,\"x,\"\"y\"\"\",3\n,,\n">>), reverse(<<"abcdef">>),
     base64:encode(Big) =:= base64:encode(binary_to_list(Big)), base64:decode(base64:encode(U)),
     hexdump(<<"\0\1\x{7f}abc">>),
     erlang:binary_to_integer(<<"-123456789012345678901234567890">>), integer_to_binary(1 bsl 64,
     16),
     prog:outcomes([fun() -> binary:at(B, 100) end, fun() -> binary:part(B, 40, 10) end,
     fun() -> binary:match(B, <<>>) end,
                    fun() -> binary:match(foo, <<"a">>) end, fun() -> binary:split(B, []) end,
                    fun() -> binary:copy(B, -1) end,
                    fun() -> binary:first(<<>>) end, fun() -> split_binary(prog:id(B), 100) end,
                    fun() -> binary_to_list(prog:id(B), 0, 4) end,
                    fun() -> binary:decode_hex(<<"abc">>) end, fun() -> list_to_binary(prog:id([1,
                    2, 256])) end,
                    fun() -> binary:encode_unsigned(-1) end,
                    fun() -> binary_to_integer(prog:id(<<"1x">>)) end,
                    fun() -> binary_part(prog:id(B), {1, a}) end,
                    fun() -> list_to_binary(prog:id([<<1:3>>])) end])].

unaligned(B) ->
    <<_:3, R/binary>> = <<5:3, B/binary>>,
    R.

parts(<<>>, _) -> [];
parts(B, N) when byte_size(B) =< N -> [B];
parts(B, N) ->
    <<P:N/binary, R/binary>> = B,
    [P | parts(R, N)].

words(B) -> lists:sort(maps:to_list(words(B, <<>>, #{}))).
words(<<" ", R/binary>>, W, M) -> words(R, <<>>, maps:update_with(W, fun(N) -> N + 1 end, 1, M));
words(<<C, R/binary>>, W, M) -> words(R, <<W/binary, C>>, M);
words(<<>>, _, M) -> M.

csv(B) -> csv(B, <<>>, [], []).
csv(<<$", R/binary>>, <<>>, Row, Rows) -> quoted(R, <<>>, Row, Rows);
csv(<<$,, R/binary>>, F, Row, Rows) -> csv(R, <<>>, [F | Row], Rows);
csv(<<$\n, R/binary>>, F, Row, Rows) -> csv(R, <<>>, [], [lists:reverse([F | Row]) | Rows]);
csv(<<C, R/binary>>, F, Row, Rows) -> csv(R, <<F/binary, C>>, Row, Rows);
csv(<<>>, _, _, Rows) -> lists:reverse(Rows).
quoted(<<$", $", R/binary>>, F, Row, Rows) -> quoted(R, <<F/binary, $">>, Row, Rows);
quoted(<<$", R/binary>>, F, Row, Rows) -> csv(R, F, Row, Rows);
quoted(<<C, R/binary>>, F, Row, Rows) -> quoted(R, <<F/binary, C>>, Row, Rows).

reverse(<<>>) -> <<>>;
reverse(<<C, R/binary>>) -> <<(reverse(R))/binary, C>>.

hexdump(B) -> << <<(hex(H)), (hex(L))>> || <<H:4, L:4>> <= B >>.
hex(N) when N < 10 -> $0 + N;
hex(N) -> $a + N - 10.
