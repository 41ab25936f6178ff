%% Tables with the option compressed: all that can be done with rows, on all kinds of terms. That they
%% take less is seen from outside: a fraction of what others take, wherever erl's do.
-module(compressed_tables).
-export([main/0]).

main() ->
    [{Type, rows(Type), updates(Type), selects(Type), removed(Type), smaller(Type)}
     || Type <- [set, ordered_set, bag, duplicate_bag]] ++ [keypos(), random(set), random(bag)].

terms() ->
    Map = maps:from_list([{N, {N, integer_to_list(N)}} || N <- lists:seq(1, 100)]),
    [a, 1, 1 bsl 80, -(1 bsl 200), 1.5, -0.0, 1.0e300, "text", lists:seq(1, 300), [a | b],
     [1, 2, 3 | tail], {}, {a, {b, {c}}}, #{}, #{a => 1, "b" => [2], 3 => #{}}, Map, <<>>, <<"bytes">>,
     <<5:3>>, binary:copy(<<"large">>, 100), [binary:copy(<<"large">>, 100), "and", "more"],
     fun erlang:abs/1, [self(), "self"], {self()}, list_to_tuple(lists:seq(1, 200)),
     lists:duplicate(50, {node(), true, false, undefined}), [[[[[]]]]]].

rows(Type) ->
    T = ets:new(t, [Type, compressed]),
    Rows = [{N, Term, {Term, N}, [Term, Term]} || {N, Term} <- numbered(terms())],
    [true = ets:insert(T, Row) || Row <- Rows],
    true = ets:insert(T, [{{key, N}, Term} || {N, Term} <- numbered(terms())]),
    [true] = lists:usort([ets:lookup(T, element(1, Row)) =:= [Row] || Row <- Rows]),
    Elements = [ets:lookup_element(T, N, P) =:= elements(Type, element(P, Row))
                || {N, Row} <- numbered(Rows), P <- [1, 2, 3, 4]],
    All = lists:sort(ets:tab2list(T)),
    true = All =:= lists:sort(Rows ++ [{{key, N}, Term} || {N, Term} <- numbered(terms())]),
    First = hd(Rows),
    {lists:usort(Elements), ets:info(T, size), ets:info(T, compressed), ets:insert(T, First),
     ets:info(T, size), ets:match_object(T, {1, '_', '_', '_'}) =:= ets:lookup(T, 1),
     length(ets:lookup(T, 1))}.

elements(bag, X) -> [X];
elements(duplicate_bag, X) -> [X];
elements(_, X) -> X.

numbered(List) -> lists:zip(lists:seq(1, length(List)), List).

updates(Type) when Type =:= bag; Type =:= duplicate_bag -> none;
updates(Type) ->
    T = ets:new(t, [Type, compressed]),
    true = ets:insert(T, {k, 1, "some text that is worth it", 1 bsl 100, lists:seq(1, 50)}),
    A = ets:update_counter(T, k, 3 - 1),
    B = ets:update_counter(T, k, [{2, 5}, {4, 1}, {4, -(1 bsl 100)}]),
    C = ets:update_element(T, k, {3, "another text that is worth it"}),
    D = ets:update_element(T, k, [{2, lists:seq(1, 40)}, {5, x}]),
    E = (catch ets:update_counter(T, k, {3, 1})),
    F = ets:update_counter(T, new, {2, 1}, {ignored, 1, lists:seq(1, 60), "text"}),
    {A, B, C, D, element(1, element(2, E)), F, lists:sort(ets:tab2list(T)),
     ets:insert_new(T, {k, 1}), ets:insert_new(T, {k2, lists:seq(1, 99)}), ets:take(T, k2)}.

selects(Type) ->
    T = ets:new(t, [Type, compressed]),
    ets:insert(T, [{N, lists:seq(1, N rem 50), {N, "text", #{n => N}}} || N <- lists:seq(1, 500)]),
    {lists:sort(ets:select(T, [{{'$1', [1, 2, 3], '$2'}, [], [{{'$1', '$2'}}]}])),
     lists:sort(ets:match(T, {'$1', '_', {'_', "text", #{n => 77}}})),
     lists:sort(ets:select(T, [{{'$1', '$2', '_'}, [{'=:=', {length, '$2'}, 49}], ['$_']}])),
     ets:select_count(T, [{{'_', '$1', '_'}, [{is_list, '$1'}], [true]}]),
     ets:select_delete(T, [{{'_', [], '_'}, [], [true]}]),
     replaced(Type, T),
     lists:sum([length(L) || {_, L, _} <- ets:tab2list(T)]),
     ets:match_delete(T, {'_', [1], '_'}), ets:info(T, size)}.

replaced(bag, _) -> none;
replaced(_, T) ->
    ets:select_replace(T, [{{'$1', [1, 2], '$2'}, [],
                            [{{'$1', {const, lists:seq(1, 30)}, '$2'}}]}]).

removed(Type) ->
    T = ets:new(t, [Type, compressed]),
    Row = {k, lists:seq(1, 100), #{a => "b"}},
    ets:insert(T, [Row, {k, other, lists:seq(1, 70)}, Row]),
    Before = length(ets:lookup(T, k)),
    true = ets:delete_object(T, Row),
    true = ets:delete_object(T, {k, other}),
    {Before, ets:lookup(T, k), ets:take(T, k), ets:info(T, size)}.

%% Of words that an element took, at most the given share is left.
smaller(Type) ->
    [begin
         [Plain, Small] = [begin
                               T = ets:new(t, [Type | Options]),
                               Empty = ets:info(T, memory),
                               ets:insert(T, [{N, Term} || N <- lists:seq(1, 50)]),
                               ets:info(T, memory) - Empty
                           end || Options <- [[], [compressed]]],
         Small * 100 =< Plain * Percent
     end || {Term, Percent} <- [{lists:seq(1000, 1200), 50}, {lists:duplicate(200, $a), 25},
                                {lists:duplicate(100, {1, 2}), 30}]].

keypos() ->
    T = ets:new(t, [compressed, {keypos, 2}]),
    ets:insert(T, {lists:seq(1, 90), {the, "key"}, lists:seq(1, 80)}),
    {ets:lookup(T, {the, "key"}), ets:lookup(T, {the, "other"}), ets:member(T, {the, "key"}),
     ets:lookup_element(T, {the, "key"}, 3), ets:first(T)}.

%% The same operations on a table of either kind leave the same.
random(Type) ->
    Tables = [ets:new(t, [Type, compressed]), ets:new(t, [Type])],
    operations(Tables, 4711, 3000),
    [A, B] = [lists:sort(ets:tab2list(T)) || T <- Tables],
    {A =:= B, erlang:phash2(A)}.

operations(_, _, 0) -> ok;
operations(Tables, Random0, N) ->
    Random = (Random0 * 1103515245 + 12345) band 16#7fffffff,
    Key = (Random bsr 8) rem 40,
    Terms = terms() -- [[self(), "self"], {self()}, fun erlang:abs/1],
    Term = lists:nth(1 + (Random bsr 14) rem length(Terms), Terms),
    [R, R] = [case (Random bsr 4) rem 5 of
                  0 -> ets:delete(T, Key);
                  1 -> ets:insert_new(T, {Key, Term, x});
                  2 -> lists:sort(ets:lookup(T, Key));
                  3 -> ets:delete_object(T, {Key, Term, N rem 3});
                  4 -> ets:insert(T, {Key, Term, N rem 3})
              end || T <- Tables],
    operations(Tables, Random, N - 1).
