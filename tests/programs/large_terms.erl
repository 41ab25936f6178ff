%% Natives on terms that take more than a slice, and collections that are put off: the same
%% results, and others get their turn meanwhile.
-module(large_terms).
-export([main/0]).

main() ->
    [maps(), refused(), lists_and_tuples(), bytes(), hashes(), decoding(), sending(),
     growing(), collected_by_others(), killed_meanwhile(), turns()].

numbers() -> lists:seq(1, 100_000).

maps() ->
    Pairs = [{N rem 70_000, N} || N <- numbers()],
    Map = maps:from_list(Pairs),
    Same = maps:from_keys([N rem 50_000 || N <- numbers()], v),
    Mixed = maps:from_list([{key(N), N} || N <- numbers()]),
    Merged = maps:merge(Map, maps:from_list([{N, b} || N <- lists:seq(1, 100_000, 3)])),
    {map_size(Map), maps:get(29_999, Map), maps:get(30_001, Map),
     lists:sort(maps:keys(Map)) =:= lists:seq(0, 69_999), lists:sum(maps:values(Map)),
     map_size(Same), lists:usort(maps:values(Same)),
     map_size(Mixed), lists:sum([maps:get(key(N), Mixed) || N <- numbers()]),
     map_size(Merged), maps:get(4, Merged), maps:get(5, Merged),
     maps:from_list([{a, N} || N <- numbers()]), maps:from_keys([b || _ <- numbers()], 1)}.

key(N) when N rem 4 =:= 0 -> N;
key(N) when N rem 4 =:= 1 -> {N, "key"};
key(N) when N rem 4 =:= 2 -> integer_to_binary(N);
key(N) -> float(N).

%% Not maps:from_list/1: OTP 25 does not end when a long list has a wrong element.
refused() ->
    Bad = numbers() ++ [tail | improper],
    [catch_error(F) || F <- [fun() -> list_to_tuple(Bad) end, fun() -> length(Bad) end]].

lists_and_tuples() ->
    List = numbers(),
    Tuple = list_to_tuple(List),
    {tuple_size(Tuple), element(99_999, Tuple), tuple_to_list(Tuple) =:= List,
     list_to_tuple([]), tuple_to_list({}), tuple_to_list({1})}.

bytes() ->
    Binary = << <<(N rem 256)>> || N <- numbers() >>,
    <<_:3, Shifted:90_000/binary, _/bitstring>> = Binary,
    List = binary_to_list(Binary),
    {length(List), list_to_binary(List) =:= Binary, binary_to_list(Binary, 77, 99_000) =:=
     lists:sublist(List, 77, 98_924), list_to_binary(binary_to_list(Shifted)) =:= Shifted,
     length(bitstring_to_list(<<Binary/binary, 5:3>>)),
     lists:last(bitstring_to_list(<<Binary/binary, 5:3>>)), binary_to_list(<<>>),
     bitstring_to_list(<<1:1>>)}.

hashes() ->
    List = numbers(),
    {erlang:phash2(List), erlang:phash2(List, 1000), erlang:phash(List, 1000),
     erlang:phash2(binary:copy(<<"abc">>, 500_000)), erlang:phash2(maps:from_keys(List, 1))}.

decoding() ->
    Map = maps:from_list([{key(N), #{n => N}} || N <- numbers()]),
    Binary = term_to_binary([Map, #{in => Map}]),
    <<131, 108, 0, 0, 0, 2, 116, Rest/binary>> = Binary,
    %% The first key comes twice, in place of the second.
    Double = <<131, 116, 0, 0, 0, 40, 97, 1, 97, 1, (pairs(39))/binary>>,
    {binary_to_term(Binary) =:= [Map, #{in => Map}], byte_size(Rest) > 0,
     catch_error(fun() -> binary_to_term(Double) end),
     catch_error(fun() -> binary_to_term(large_double()) end)}.

pairs(N) -> << <<97, I, 97, I>> || I <- lists:seq(1, N) >>.

large_double() ->
    Pairs = << <<98, I:32, 97, 1>> || I <- numbers() ++ [77] >>,
    <<131, 116, 100_001:32, Pairs/binary>>.

catch_error(F) -> try F() catch C:R -> {C, R} end.

sending() ->
    List = numbers(),
    Self = self(),
    register(large_terms, Self),
    Alias = alias(),
    Self ! first,
    Self ! {1, List},
    large_terms ! {2, List},
    Alias ! {3, List},
    ok = erlang:send(Self, {4, List}, []),
    Self ! last,
    unregister(large_terms),
    {'EXIT', {badarg, _}} = (catch large_terms ! {5, List}),
    Pid = spawn(fun() -> receive {L, From} -> From ! {length(L), lists:sum(L)} end end),
    Pid ! {List, Self},
    Sum = receive {_, _} = S when is_integer(element(1, S)), element(1, S) > 10 -> S end,
    [Sum | [receive M -> shape(M) end || _ <- lists:seq(1, 6)]].

shape({N, List}) -> {N, lists:sum(List)};
shape(Other) -> Other.

%% A large heap that goes on growing, with binaries and a deep stack in it.
growing() ->
    Kept = keep([], 0, 400_000),
    {length(Kept), lists:sum([N || {N, _} <- Kept]), lists:sum(deep(200_000, Kept)),
     lists:all(fun({N, B}) -> B =:= <<N:800>> end, lists:sublist(Kept, 1000))}.

keep(List, N, N) -> List;
keep(List, N, End) when N rem 400 =:= 0 -> keep([{N, <<N:800>>} | List], N + 1, End);
keep(List, N, End) -> keep([{N, [N, N]} | List], N + 1, End).

deep(0, _) -> [];
deep(N, Kept) -> [hd(tuple_to_list({N, Kept})) | deep(N - 1, Kept)].

collected_by_others() ->
    Self = self(),
    Pid = spawn(fun() ->
                    List = numbers(),
                    Self ! ready,
                    receive done -> Self ! {sum, lists:sum(List)} end
                end),
    receive ready -> ok end,
    Before = [erlang:garbage_collect(Pid) || _ <- lists:seq(1, 3)],
    async = erlang:garbage_collect(Pid, [{async, x}]),
    Async = receive {garbage_collect, x, R} -> R end,
    true = erlang:garbage_collect(),
    Pid ! done,
    receive {sum, Sum} -> {Before, Async, Sum} end.

%% Killed and suspended while a native or a collection has the process.
killed_meanwhile() ->
    Work = fun Loop() -> _ = maps:from_list([{N, N} || N <- numbers()]),
                         _ = erlang:phash2(numbers()), Loop() end,
    [begin
         {Pid, Ref} = spawn_monitor(Work),
         receive after 5 * N -> ok end,
         true = erlang:suspend_process(Pid),
         true = erlang:resume_process(Pid),
         exit(Pid, kill),
         receive {'DOWN', Ref, process, Pid, Reason} -> Reason end
     end || N <- lists:seq(1, 8)].

%% While one process works, another goes on.
turns() ->
    Self = self(),
    List = numbers(),
    Counter = spawn(fun() -> count(Self, 0) end),
    [erlang:phash2(maps:from_keys(List, N)) || N <- lists:seq(1, 5)],
    Counter ! stop,
    receive {count, N} -> N > 5 end.

count(To, N) ->
    receive stop -> To ! {count, N}
    after 1 -> count(To, N + 1)
    end.
