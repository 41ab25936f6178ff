%% Instructions that leave in the middle and go on later: comparisons of large terms, products of
%% large integers, construction of large binaries, unwinding of deep stacks.
-module(long_instructions).
-export([main/0, held/8, id/1, deep/2]).

main() ->
    {comparisons(), as_tests(), as_functions(), in_specs(), products(), creations(), unwinding(),
     disturbed()}.

%% --- comparisons ---

%% Pairs of large terms: the same, different at the end, of different types there.
pairs() ->
    Long = lists:seq(1, 150_000),
    Tuple = list_to_tuple(lists:seq(1, 100_000)),
    Map = maps:from_list([{{K, "key"}, [K]} || K <- lists:seq(1, 30_000)]),
    Bytes = binary:copy(<<"0123456789abcdef">>, 20_000),
    Atoms = list_to_tuple(lists:duplicate(300_000, a)),
    Deep = lists:foldl(fun(N, T) -> [T, N | 1.5] end, [], Long),
    Wrapped = [{N, <<N:32>>, #{N => "x"}, 1 bsl 70 + N} || N <- lists:seq(1, 20_000)],
    [{Long, copy(Long)}, {Long, Long ++ []}, {Long ++ [1], copy(Long) ++ [1.0]},
     {Long ++ [b], Long ++ [a]}, {Long ++ [2 | x], Long ++ [2 | y]},
     {Tuple, copy(Tuple)}, {Tuple, setelement(100_000, copy(Tuple), 100_000.0)},
     {Tuple, setelement(99_999, Tuple, [])}, {Atoms, copy(Atoms)},
     {Atoms, setelement(299_999, Atoms, b)},
     {Map, maps:from_list(maps:to_list(Map))}, {Map, maps:put({1, "key"}, [1.0], Map)},
     {maps:remove({7, "key"}, Map#{7 => a}), maps:remove({8, "key"}, Map#{7 => a})},
     {Map#{1 => [Long]}, (copy(Map))#{1 => [copy(Long)]}},
     {Bytes, copy(Bytes)}, {Bytes, <<Bytes/binary, 0>>}, {<<Bytes/binary, 1>>, <<Bytes/binary, 0>>},
     {shifted(Bytes), <<(copy(Bytes))/binary>>}, {<<Bytes/binary, 1:3>>, <<Bytes/binary, 1:4>>},
     {Deep, copy(Deep)}, {[Deep, a], [copy(Deep), b]},
     {Wrapped, copy(Wrapped)}, {Wrapped ++ [{c}], copy(Wrapped) ++ [{d}]}].

copy(T) -> binary_to_term(term_to_binary(T)).

shifted(Bytes) ->
    <<_:3, Rest/bitstring>> = id(<<5:3, Bytes/binary>>),
    Rest.

id(X) -> X.

comparisons() ->
    [{A =:= B, A =/= B, A == B, A /= B, A < B, A >= B, A > B, A =< B} || {A, B} <- pairs()].

%% Tests with registers and a frame in use.
as_tests() ->
    [[case {A, B} of
          {X, X} -> same;
          {X, Y} when X == Y -> equal;
          {X, Y} when X < Y -> less;
          _ -> greater
      end,
      held(A, B, 3, 4, [5], {6}, 7.5, "eight"),
      held(B, A, 3, 4, [5], {6}, 7.5, "eight")] || {A, B} <- pairs()].

held(A, B, C, D, E, F, G, H) ->
    Kept = id([C, D]),
    if
        A =:= B, H =/= B -> {1, Kept, C, D, E, F, G, H};
        A == B -> {2, H, G, F, E, D, C, Kept};
        B > A -> {3, [Kept, C, D], E, F, G, H};
        true -> Same = A >= B, Other = A =< B, {4, Same, Other, id({E, F, G, H, C, D}), Kept}
    end.

as_functions() ->
    Operators = ['=:=', '=/=', '==', '/=', '<', '>=', '>', '=<'],
    [{[apply(erlang, Operator, [A, B]) || Operator <- Operators],
      max(A, B) =:= A, min(A, B) =:= B, max(A, B) == erlang:max(B, A),
      lists:max([A, B, A]) == max(A, B), lists:usort([A, B]) =:= lists:usort([B, A]),
      lists:foldl(fun erlang:max/2, [], [B, A]) == max(B, A)}
     || {A, B} <- pairs()].

in_specs() ->
    T = ets:new(t, [ordered_set]),
    Long = lists:seq(1, 150_000),
    ets:insert(T, [{1, Long}, {2, Long ++ [x]}, {3, [0 | Long]}]),
    [ets:select(T, [{{'$1', '$2'}, [{Operator, '$2', {const, Long}}], ['$1']}])
     || Operator <- ['=:=', '==', '<', '>=', '>', '=<', '/=', '=/=']].

%% --- integers ---

products() ->
    A = (1 bsl 300_000) - 12_345,
    B = (1 bsl 290_000) + 678,
    P = A * B,
    Q = product(A, B, []),
    {erlang:md5(binary:encode_unsigned(P)), P div A =:= B, P rem A, (P + 5) rem B, -P div B =:= -A,
     Q, half(P, A), [failing(F) || F <- [fun() -> P div id(0) end, fun() -> P rem id(a) end,
                                  fun() -> P * id(b) end]],
     erlang:apply(erlang, '*', [A, B]) =:= P, product_functions(A, B, P)}.

product_functions(A, B, P) ->
    Operators = ['*', 'div', 'rem'],
    Hash = fun(X) -> erlang:md5(term_to_binary(X)) end,
    Selects = fun(Guards, Value) ->
                  Spec = ets:match_spec_compile([{{'$1', '$2'}, Guards, [Value]}]),
                  Hash(ets:match_spec_run([{P, A}], Spec))
              end,
    {[Hash(apply(erlang, Operator, [P + 7, -B])) || Operator <- Operators],
     [Hash(lists:foldl(F, B, [P])) || F <- [fun erlang:'*'/2, fun erlang:'div'/2]],
     [try apply(erlang, Operator, [P, Other]) of X -> Hash(X) catch error:R -> R end
      || Operator <- Operators, Other <- [a, 0, 1.0e300]],
     Selects([], {{{'div', '$1', '$2'}, {'*', '$1', '$2'}}}),
     Selects([{'=:=', {'rem', '$1', '$2'}, 0}], {'=:=', {'*', '$2', B}, '$1'})}.

product(A, B, Kept) ->
    C = A * B,
    D = C - A * B,
    [D, A rem B =:= A - B * (A div B) | Kept].

half(P, A) when P div A > A -> more;
half(P, A) when P rem A =:= 0 -> exactly.

%% --- binaries ---

creations() ->
    Big = binary:copy(<<"abcdefgh">>, 300_000),
    Other = <<Big/binary, 1, Big/binary>>,
    Bits = <<5:3, Big/bitstring, Big/bitstring>>,
    Sized = <<Big:2_000_000/binary, 7:9_000_000, Big:100/binary>>,
    Grown = grown(<<>>, Big, 5),
    {erlang:md5(Other), byte_size(Other), bit_size(Bits), bits_sum(Bits), erlang:md5(Sized),
     erlang:md5(Grown), appended(Other),
     failing(fun() -> <<Big/binary, Big:3_000_000/binary>> end),
     failing(fun() -> <<Big/binary, Big/binary, (id(a)):8>> end),
     failing(fun() -> <<Big/binary, Big/binary, (id(Big)):8>> end),
     failing(fun() -> <<Big/binary, (id(Bits))/binary>> end)}.

bits_sum(<<A:3, B:64, _/bitstring>>) -> {A, B}.

grown(Acc, _, 0) -> Acc;
grown(Acc, Big, N) -> grown(<<Acc/binary, N, Big/binary>>, Big, N - 1).

%% Two that go on from the same binary.
appended(Binary) ->
    A = <<Binary/binary, "one">>,
    B = <<Binary/binary, "two">>,
    C = <<A/binary, "three">>,
    [binary:part(X, byte_size(X), -8) || X <- [A, B, C]].

failing(F) ->
    try F()
    catch error:Reason:Stack ->
        [{_, _, _, Info} | _] = Stack,
        Said = case proplists:get_value(error_info, Info) of
                   #{cause := Cause} -> setelement(4, Cause, large);
                   Other -> Other
               end,
        {Reason, hd(places(Stack)), Said}
    end.

%% --- exceptions ---

unwinding() ->
    [unwound(Depth, Raise) || Depth <- [10, 300_000], Raise <- [error, exit, throw, badmatch, native]]
        ++ [caught(300_000), dying(300_000), again(300_000)].

unwound(Depth, Raise) ->
    try deep(Depth, Raise)
    catch Class:Reason:Stack -> {Class, Reason, places(Stack)}
    end.

%% But for what called main/0.
places(Stack) ->
    [{M, F, if is_list(A) -> length(A); true -> A end}
     || {M, F, A, _} <- Stack, M =:= ?MODULE orelse M =:= erlang].

deep(0, error) -> error(deep);
deep(0, exit) -> exit(deep);
deep(0, throw) -> throw(deep);
deep(0, badmatch) -> a = id(b);
deep(0, native) -> atom_to_list(id(1));
deep(N, Raise) -> [N | deep(N - 1, Raise)].

caught(Depth) ->
    case catch deep(Depth, badmatch) of
        {'EXIT', {Reason, Stack}} -> {Reason, places(Stack)}
    end.

%% Nobody catches it.
dying(Depth) ->
    {Pid, Ref} = spawn_monitor(fun() -> put(quiet, true), exit(length(deep(Depth, exit))) end),
    receive {'DOWN', Ref, process, Pid, Reason} -> Reason end.

%% Raised again at each of some frames.
again(Depth) ->
    try layers(Depth)
    catch Class:Reason:Stack -> {Class, Reason, places(Stack)}
    end.

layers(0) -> deep(1000, throw);
layers(N) when N rem 50_000 =:= 0 ->
    try [N | layers(N - 1)]
    catch throw:Reason:Stack -> erlang:raise(error, {N, Reason}, Stack)
    after id(N)
    end;
layers(N) -> [N | layers(N - 1)].

%% --- others have a word ---

disturbed() ->
    Long = lists:seq(1, 300_000),
    Same = copy(Long),
    Big = binary:copy(<<"abcdefgh">>, 300_000),
    [disturbed(Work) || Work <- [fun() -> compare_often(Long, Same, 300) end,
                                 fun() -> deep_often(20) end,
                                 fun() -> create_often(Big, 20) end]].

disturbed(Work) ->
    Run = fun() -> {Pid, Ref} = spawn_monitor(fun() -> exit({result, Work()}) end), {Pid, Ref} end,
    {Killed, R1} = Run(),
    {Watched, R2} = Run(),
    receive after 10 -> ok end,
    exit(Killed, kill),
    watch(Watched, 20),
    receive {'DOWN', R1, process, Killed, _} -> ok end,  % killed, if it took that long
    receive {'DOWN', R2, process, Watched, Reason} -> Reason end.

watch(_, 0) -> ok;
watch(Pid, N) ->
    process_info(Pid, [current_function, current_stacktrace, total_heap_size, messages, dictionary]),
    garbage_collect(Pid),
    erlang:check_process_code(Pid, ?MODULE),
    Pid ! {message, N, lists:seq(1, 1000)},
    catch erlang:suspend_process(Pid),
    receive after 1 -> ok end,
    catch erlang:resume_process(Pid),
    watch(Pid, N - 1).

compare_often(_, _, 0) -> compared;
compare_often(A, B, N) when A =:= B -> compare_often(A, B, N - 1).

deep_often(0) -> unwound;
deep_often(N) ->
    {throw, deep, [_ | _]} = unwound(200_000, throw),
    deep_often(N - 1).

create_often(_, 0) -> created;
create_often(Big, N) ->
    4_800_003 = byte_size(<<Big/binary, N, Big/binary, 0, 1>>),
    create_often(Big, N - 1).
