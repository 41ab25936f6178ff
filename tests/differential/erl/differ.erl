%% Runs generated cases; the driver runs this under two VMs and compares what they print.
%%
%% A case is a term {Operation, Argument...}; a topic is a module with make/0, which draws a case
%% from prng, and run/1, which performs it. All of it depends on the seed and the case's number
%% only. What is printed (by erlang:display/1, so that little else must work):
%%
%%   hashes/4      for each batch of cases [Number of the first, Hash of its outcome...]
%%   candidates/4  the hashes of the simpler variants of a case
%%   show/4        the case and its outcome
%%
%% A variant is named by a path: which simpler case of the case, of that one which, and so on.
-module(differ).
-export([hashes/4, candidates/4, show/4]).

-define(BATCH, 20).

hashes(_Topic, _Seed, _First, Count) when Count =< 0 -> done;
hashes(Topic, Seed, First, Count) ->
    Last = First + min(?BATCH, Count) - 1,
    erlang:display([First | [hash(Topic, make(Topic, Seed, I)) || I <- lists:seq(First, Last)]]),
    hashes(Topic, Seed, First + ?BATCH, Count - ?BATCH).

candidates(Topic, Seed, Index, Path) ->
    Case = variant(make(Topic, Seed, Index), Path),
    erlang:display([hash(Topic, C) || C <- simpler(Case)]),
    done.

show(Topic, Seed, Index, Path) ->
    Case = variant(make(Topic, Seed, Index), Path),
    erlang:display(ordered(Case)),
    erlang:display(ordered(outcome(Topic, Case))),
    done.

%% Big maps as sorted lists: the order in which they are displayed is each machine's own.
ordered(Map) when is_map(Map) ->
    Ordered = maps:from_list([{ordered(K), ordered(V)} || {K, V} <- maps:to_list(Map)]),
    case map_size(Ordered) > 32 of
        true -> {'#', generate:pairs(Ordered)};
        false -> Ordered
    end;
ordered([H | T]) -> [ordered(H) | ordered(T)];
ordered(Tuple) when is_tuple(Tuple) -> list_to_tuple(ordered(tuple_to_list(Tuple)));
ordered(Term) -> Term.

make(Topic, Seed, Index) ->
    prng:seed(Seed, Index),
    Topic:make().

variant(Case, []) -> Case;
variant(Case, [N | Path]) -> variant(lists:nth(N, simpler(Case)), Path).

hash(Topic, Case) -> erlang:phash2(outcome(Topic, Case)).

%% What the case gave: its value, or what it raised and where that came from.
outcome(Topic, Case) ->
    try Topic:run(Case) of
        Value -> {value, Value}
    catch
        %% OTP's JIT names the operator or its caller, as it has compiled it.
        error:badarith -> {error, badarith};
        Class:Reason:Trace -> {Class, Reason, origin(Trace)}
    end.

origin([{M, F, A, Info} | _]) -> {M, F, A, lists:keyfind(error_info, 1, Info)};
origin(Other) -> Other.

%% Simpler cases: the operation stays, one of its arguments becomes simpler.
simpler(Case) ->
    lists:append([[setelement(I, Case, S)
                   || S <- simpler_term(element(I, Case)), S =/= element(I, Case)]
                  || I <- lists:seq(2, tuple_size(Case))]).

simpler_term(0) -> [];
simpler_term(N) when is_integer(N), abs(N) < 4 -> [0];
simpler_term(N) when is_integer(N) -> [0, N div 2, N - 1, N div 65536, 1 bsl (size_of(N) - 1)];
simpler_term(F) when is_float(F) ->
    [S || S <- [0.0, 1.0, F / 2], S =/= F];
simpler_term([]) -> [];
simpler_term([_ | _] = List) ->
    case is_proper(List) of
        true -> simpler_list(List);
        false -> [hd(List), tl(List), [tl(List)]]
    end;
simpler_term({}) -> [];
simpler_term(Tuple) when is_tuple(Tuple) ->
    Elements = tuple_to_list(Tuple),
    [list_to_tuple(S) || S <- simpler_list(Elements)] ++ Elements;
simpler_term(Map) when is_map(Map), map_size(Map) > 0 ->
    Pairs = generate:pairs(Map),
    [maps:from_list(lists:sublist(Pairs, length(Pairs) div 2))
     | [maps:remove(K, Map) || {K, _} <- Pairs]]
        ++ [Map#{K := S} || {K, V} <- Pairs, S <- simpler_term(V)];
simpler_term(Bits) when is_bitstring(Bits), bit_size(Bits) > 0 ->
    Half = bit_size(Bits) div 2,
    <<First:Half/bitstring, Second/bitstring>> = Bits,
    <<_:1, Rest/bitstring>> = Bits,
    [First, Second, Rest, <<0:(bit_size(Bits))>>] -- [Bits];
simpler_term(Atom) when is_atom(Atom), Atom =/= a -> [];
simpler_term(_) -> [].

size_of(N) -> length(integer_to_list(abs(N), 2)).

is_proper([_ | T]) -> is_proper(T);
is_proper(T) -> T =:= [].

%% Without a half, without an element, with a simpler element.
simpler_list(List) ->
    Half = length(List) div 2,
    Quarter = length(List) div 4,
    [lists:sublist(List, Half), lists:nthtail(Half, List)]
        ++ [lists:sublist(List, I) ++ lists:nthtail(I + Quarter, List)
            || I <- [0, Quarter, 2 * Quarter, 3 * Quarter], Quarter > 1]
        ++ [without(I, List) || I <- lists:seq(1, length(List)), length(List) > 2]
        ++ [replaced(I, List, S)
            || I <- lists:seq(1, min(length(List), 12)), S <- simpler_term(lists:nth(I, List))].

without(I, List) -> lists:sublist(List, I - 1) ++ lists:nthtail(I, List).
replaced(I, List, S) -> lists:sublist(List, I - 1) ++ [S | lists:nthtail(I, List)].
