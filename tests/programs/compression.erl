%% Module zlib: all ways to compress and to decompress, byte for byte, and what is refused.
-module(compression).
-export([main/0]).
-compile([nowarn_deprecated_function, nowarn_removed]).

main() ->
    rand:seed(exsss, {4, 5, 6}),
    [options(), shortcuts(), chunks(), dictionaries(), parameters(), garbage(), ends(), states(),
     controllers(), stash(), resets(), safe(), large(), checksums(), flushes()].

inputs() ->
    [<<>>, <<"a">>, <<"hello hello hello hello">>, binary:copy(<<"0123456789">>, 3000),
     rand:bytes(1000), [rand:bytes(100), [binary:copy(<<"xy">>, 5000), 1, 2, 3], "text"],
     << <<(I * I):16>> || I <- lists:seq(1, 20000) >>].

options() ->
    Inputs = inputs(),
    [begin
         Z = zlib:open(),
         R = try zlib:deflateInit(Z, Level, deflated, Bits, Mem, Strategy) catch C:E -> {C, E} end,
         Outcome = case R of
                       ok ->
                           [begin
                                Z1 = iolist_to_binary(zlib:deflate(Z, input(Level, I), finish)),
                                ok = zlib:deflateReset(Z),
                                {erlang:md5(Z1), byte_size(Z1),
                                 again(Z1, Bits) =:= iolist_to_binary(I)}
                            end || I <- Inputs];
                       _ -> R
                   end,
         zlib:close(Z),
         Outcome
     end || Level <- [none, default, best_speed, best_compression, 5],
            Bits <- [8, 9, 15, -9, -15, 31, 25, 7, 16],
            {Mem, Strategy} <- [{1, default}, {8, filtered}, {9, huffman_only}, {8, rle},
                                {0, default}]].

%% How what is stored falls into blocks depends on the reductions left when a part comes.
input(none, I) -> iolist_to_binary(I);
input(_, I) -> I.

again(C, Bits) ->
    Z = zlib:open(),
    ok = zlib:inflateInit(Z, case Bits of
                                 8 -> 9;
                                 B when B < 0 -> -15;
                                 B -> B
                             end),
    R = iolist_to_binary(zlib:inflate(Z, C)),
    ok = zlib:inflateEnd(Z),
    zlib:close(Z),
    R.

shortcuts() ->
    [begin
         B = iolist_to_binary(I),
         C = zlib:compress(I), G = zlib:gzip(I), Z = zlib:zip(I),
         {erlang:md5(C), erlang:md5(G), erlang:md5(Z), zlib:uncompress(C) =:= B,
          zlib:gunzip(G) =:= B, zlib:unzip(Z) =:= B}
     end || I <- inputs()].

%% The same stream in pieces of many sizes.
chunks() ->
    Data = << <<(I * 7):24>> || I <- lists:seq(1, 30000) >>,
    [begin
         Z = zlib:open(),
         ok = zlib:deflateInit(Z),
         C = iolist_to_binary([[zlib:deflate(Z, P) || P <- cut(Data, Size)],
                               zlib:deflate(Z, [], finish)]),
         ok = zlib:deflateEnd(Z),
         ok = zlib:inflateInit(Z),
         B = iolist_to_binary([zlib:inflate(Z, P) || P <- cut(C, Size)]),
         ok = zlib:inflateEnd(Z),
         zlib:close(Z),
         {erlang:md5(C), B =:= Data}
     end || Size <- [13, 100, 1000, 8191, 8192, 8193, 50000, 1000000]].

cut(B, N) when byte_size(B) =< N -> [B];
cut(B, N) -> <<P:N/binary, R/binary>> = B, [P | cut(R, N)].

dictionaries() ->
    Dict = <<"the quick brown fox jumps over the lazy dog">>,
    Text = [Dict, " again and ", Dict],
    Z = zlib:open(),
    ok = zlib:deflateInit(Z),
    Sum = zlib:deflateSetDictionary(Z, [Dict, []]),
    C = iolist_to_binary(zlib:deflate(Z, Text, finish)),
    ok = zlib:deflateEnd(Z),
    ok = zlib:deflateInit(Z, default, deflated, -15, 8, default),
    RawSum = zlib:deflateSetDictionary(Z, Dict),
    Raw = iolist_to_binary(zlib:deflate(Z, Text, finish)),
    ok = zlib:deflateEnd(Z),
    ok = zlib:inflateInit(Z),
    Need = (catch zlib:inflate(Z, C)),
    Set = [try zlib:inflateSetDictionary(Z, D) catch error:E -> E end
           || D <- [<<"wrong">>, x, Dict]],
    Rest = iolist_to_binary(zlib:inflate(Z, [])),
    Got = iolist_to_binary(zlib:inflateGetDictionary(Z)),
    ok = zlib:inflateEnd(Z),
    ok = zlib:inflateInit(Z),
    Need2 = zlib:inflate(Z, C, [{exception_on_need_dict, false}]),
    ok = zlib:inflateSetDictionary(Z, Dict),
    Rest2 = iolist_to_binary(zlib:inflate(Z, [])),
    ok = zlib:inflateReset(Z),
    Safe = zlib:safeInflate(Z, C),
    ok = zlib:inflateSetDictionary(Z, Dict),
    Rest3 = zlib:safeInflate(Z, []),
    ok = zlib:inflateEnd(Z),
    ok = zlib:inflateInit(Z, -15),
    ok = zlib:inflateSetDictionary(Z, Dict),
    Rest4 = iolist_to_binary(zlib:inflate(Z, Raw)),
    zlib:close(Z),
    {Sum, RawSum, C, Raw, reason(Need), Set, Rest, Got, Need2, Rest2, Safe, Rest3, Rest4}.

reason({'EXIT', {R, _}}) -> R;
reason(Other) -> Other.

parameters() ->
    Z = zlib:open(),
    ok = zlib:deflateInit(Z, best_speed),
    Data = binary:copy(<<"parameters change ">>, 2000),
    C = [begin
             D = zlib:deflate(Z, Data),
             ok = zlib:deflateParams(Z, L, S),
             D
         end || {L, S} <- [{best_compression, default}, {none, huffman_only}, {default, filtered}]],
    Bad = [try zlib:deflateParams(Z, L, S) catch error:E -> E end
           || {L, S} <- [{10, default}, {a, default}, {1, b}, {-2, default}]],
    All = iolist_to_binary([C, zlib:deflate(Z, Data, finish)]),
    ok = zlib:deflateEnd(Z),
    zlib:close(Z),
    {Bad, byte_size(All), erlang:md5(All), zlib:uncompress(All) =:= binary:copy(Data, 4)}.

garbage() ->
    Good = zlib:compress(<<"some text that is compressed">>),
    <<Half:10/binary, _/binary>> = Good,
    Sum = byte_size(Good) - 1,
    <<AllButOne:Sum/binary, Last>> = Good,
    Bad = [<<>>, <<"garbage">>, Half, <<AllButOne/binary, (Last bxor 1)>>, AllButOne,
           <<Good/binary, "more">>, <<0>>, <<31, 139, 8, 0>>, rand:bytes(500), foo, [256], [a],
           <<1:9>>, [Good | x]],
    [[try {ok, zlib:F(B)} catch C:E -> {C, E} end || F <- [uncompress, gunzip, unzip]] || B <- Bad]
        ++ [try zlib:F(B) catch C:E -> {C, E} end || B <- [foo, [256], <<1:9>>],
                                                     F <- [compress, gzip, zip]].

%% Behind the end of a stream.
ends() ->
    A = zlib:gzip(<<"first ">>),
    B = zlib:gzip(<<"second">>),
    [begin
         Z = zlib:open(),
         ok = zlib:inflateInit(Z, 31, Behaviour),
         R = [try iolist_to_binary(zlib:inflate(Z, I)) catch C:E -> {C, E} end
              || I <- [[A, B, "rest"], [], A]],
         E2 = (try zlib:inflateEnd(Z) catch error:X -> X end),
         zlib:close(Z),
         {R, E2}
     end || Behaviour <- [cut, reset, error]]
        ++ [try zlib:inflateInit(zlib:open(), 15, what) catch error:E -> E end].

states() ->
    Z = zlib:open(),
    Calls = [{deflate, [Z, "x"]}, {inflate, [Z, "x"]}, {deflateEnd, [Z]}, {inflateEnd, [Z]},
             {deflateReset, [Z]}, {inflateReset, [Z]}, {deflateSetDictionary, [Z, "d"]},
             {inflateSetDictionary, [Z, "d"]}, {inflateGetDictionary, [Z]},
             {deflateParams, [Z, 1, default]}, {deflateInit, [Z, 99]},
             {deflateInit, [Z, 1, deflated, 15, 8, what]}, {inflateInit, [Z, 99]},
             {inflateInit, [Z, a]}, {deflateInit, [x]}, {close, [x]}, {close, [make_ref()]},
             {set_controlling_process, [Z, x]}, {crc32, [Z]}, {getBufSize, [Z]},
             {setBufSize, [Z, 10]}, {getBufSize, [Z]}, {setBufSize, [Z, x]}],
    Run = fun(Cs) -> [try apply(zlib, F, As) catch C:E -> {F, C, E} end || {F, As} <- Cs] end,
    R1 = Run(Calls),
    ok = zlib:deflateInit(Z),
    R2 = Run([{inflateInit, [Z]}, {deflateInit, [Z]}, {inflate, [Z, "x"]}, {deflate, [Z, foo]},
              {deflate, [Z, "x", what]}, {deflateEnd, [Z]}, {deflateEnd, [Z]}]),
    ok = zlib:inflateInit(Z),
    R3 = Run([{deflate, [Z, "x"]}, {inflateEnd, [Z]}, {inflateEnd, [Z]}, {close, [Z]}, {close, [Z]},
              {inflateInit, [Z]}]),
    {R1, R2, R3}.

controllers() ->
    Z = zlib:open(),
    ok = zlib:deflateInit(Z),
    Me = self(),
    Ask = fun() -> [try F() catch C:E -> {C, E} end
                    || F <- [fun() -> zlib:deflate(Z, "x") end, fun() -> zlib:close(Z) end,
                             fun() -> zlib:set_controlling_process(Z, self()) end,
                             fun() -> zlib:deflateInit(Z) end]]
          end,
    spawn(fun() -> Me ! {a, Ask()} end),
    A = receive {a, X} -> X end,
    Pid = spawn(fun() ->
                        receive go -> Me ! {b, [zlib:deflate(Z, "x", finish), zlib:close(Z)]} end
                end),
    ok = zlib:set_controlling_process(Z, Pid),
    Mine = Ask(),
    Pid ! go,
    B = receive {b, Y} -> Y end,
    {A, Mine, B}.

%% What stays in the stream between calls of inflate that fail for want of a dictionary.
stash() ->
    Dict = binary:copy(<<"dictionary">>, 10),
    Z = zlib:open(),
    ok = zlib:deflateInit(Z),
    zlib:deflateSetDictionary(Z, Dict),
    C = zlib:deflate(Z, [Dict, Dict], finish),
    ok = zlib:deflateEnd(Z),
    ok = zlib:inflateInit(Z),
    {'EXIT', {R, _}} = (catch zlib:inflate(Z, C)),
    Again = (catch reason(catch zlib:inflate(Z, []))),
    ok = zlib:inflateSetDictionary(Z, Dict),
    Out = iolist_to_binary(zlib:inflate(Z, [])),
    ok = zlib:inflateEnd(Z),
    zlib:close(Z),
    {R, Again, Out}.

resets() ->
    Z = zlib:open(),
    ok = zlib:deflateInit(Z),
    _ = zlib:deflate(Z, "abandoned"),
    ok = zlib:deflateReset(Z),
    C = iolist_to_binary(zlib:deflate(Z, "kept", finish)),
    ok = zlib:deflateEnd(Z),
    ok = zlib:inflateInit(Z),
    <<Part:5/binary, _/binary>> = C,
    _ = zlib:inflate(Z, Part),
    ok = zlib:inflateReset(Z),
    D = zlib:inflate(Z, C),
    zlib:close(Z),
    {C, iolist_to_binary(D)}.

safe() ->
    C = zlib:compress(binary:copy(<<0>>, 1000000)),
    Z = zlib:open(),
    ok = zlib:inflateInit(Z),
    Loop = fun Loop({continue, O}, N) -> Loop(zlib:safeInflate(Z, []), N + iolist_size(O));
               Loop({finished, O}, N) -> N + iolist_size(O)
           end,
    N = Loop(zlib:safeInflate(Z, C), 0),
    ok = zlib:inflateEnd(Z),
    ok = zlib:inflateInit(Z),
    First = zlib:inflateChunk(Z, C),
    Sizes = {element(1, First), iolist_size(element(2, First))},
    ok = zlib:setBufSize(Z, 10000),
    {more, Next} = zlib:inflateChunk(Z),
    zlib:close(Z),
    {N, Sizes, iolist_size(Next)}.

large() ->
    Data = [rand:bytes(100000), binary:copy(<<"abcdefgh">>, 400000), rand:bytes(100000)],
    C = zlib:compress(Data),
    {erlang:md5(C), zlib:uncompress(C) =:= iolist_to_binary(Data),
     erlang:md5(zlib:gzip(lists:duplicate(3000, <<"many pieces">>)))}.

checksums() ->
    Z = zlib:open(),
    ok = zlib:deflateInit(Z, default, deflated, -15, 8, default),
    C = zlib:deflate(Z, "checksum of raw streams", finish),
    S1 = zlib:crc32(Z),
    ok = zlib:deflateEnd(Z),
    ok = zlib:inflateInit(Z, -15),
    _ = zlib:inflate(Z, C),
    S2 = zlib:crc32(Z),
    zlib:close(Z),
    {S1, S2, erlang:crc32("checksum of raw streams")}.

flushes() ->
    [begin
         Z = zlib:open(),
         ok = zlib:deflateInit(Z),
         C = [iolist_to_binary(zlib:deflate(Z, "part" ++ [I], Flush)) || I <- "abc"],
         D = iolist_to_binary(zlib:deflate(Z, "", finish)),
         zlib:close(Z),
         {C, D, zlib:uncompress([C, D])}
     end || Flush <- [none, sync, full]].
