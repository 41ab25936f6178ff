%% What the workers of stress.erl do to tables that all of them share, of every type and with every
%% kind of lock, and what must hold of it.
-module(stress_tables).
-export([new/0, add/1, pass/1, own/1, look/1, agree/1]).

-define(COUNTERS, 16).
-define(TOKENS, 64).

tables() ->
    [{stress_set, set, []},
     {stress_set_locks, set, [{write_concurrency, true}, {read_concurrency, true}]},
     {stress_set_auto, set, [{write_concurrency, auto}, {decentralized_counters, true}]},
     {stress_ordered, ordered_set, []},
     {stress_ordered_locks, ordered_set, [{write_concurrency, true}]}].

new() ->
    [begin
         Name = ets:new(Name, [named_table, public, Type | Options]),
         true = ets:insert(Name, [{{counter, N}, 0, payload(0)} || N <- lists:seq(1, ?COUNTERS)])
     end || {Name, Type, Options} <- tables()].

table(Pick) -> element(1, lists:nth(Pick rem 5 + 1, tables())).

%% One of the counters, whose sum is what all have added.
add(Pick) ->
    Table = table(Pick),
    By = Pick rem 3 + 1,
    Key = {counter, Pick rem ?COUNTERS + 1},
    New = ets:update_counter(Table, Key, {2, By}),
    New >= By orelse error({counter_went_back, Table, Key, New}),
    {Table, By}.

%% A token that anybody may put in, if it is not there, and anybody may take out: 1 if it was put in,
%% -1 if it was taken.
pass(Pick) ->
    Table = table(Pick),
    Key = {token, Pick rem ?TOKENS},
    case Pick div 5 rem 2 of
        0 ->
            case ets:insert_new(Table, {Key, self(), payload(Pick rem 50)}) of
                true -> {Table, 1};
                false -> {Table, 0}
            end;
        1 ->
            case ets:take(Table, Key) of
                [] -> {Table, 0};
                [{Key, Owner, Payload}] ->
                    is_pid(Owner) andalso whole(Payload) orelse error({damaged, Table, Key}),
                    {Table, -1}
            end
    end.

%% Keys of nobody else: they read as they were written.
own(Pick) ->
    Table = table(Pick),
    Keys = [{self(), N} || N <- lists:seq(1, Pick rem 8 + 1)],
    Rows = [{Key, N, payload(N)} || {_, N} = Key <- Keys],
    true = ets:insert(Table, Rows),
    [begin
         [Row] = ets:lookup(Table, Key),
         true = ets:update_element(Table, Key, {2, changed}),
         changed = ets:lookup_element(Table, Key, 2)
     end || {Key, _, _} = Row <- Rows],
    Found = lists:sort(ets:select(Table, [{{{self(), '$1'}, changed, '_'}, [], ['$1']}])),
    Found =:= [N || {_, N} <- Keys] orelse error({not_what_was_written, Table, Found}),
    case Pick rem 2 of
        0 -> [true = ets:delete(Table, Key) || Key <- Keys];
        1 ->
            Count = length(Keys),
            Count = ets:select_delete(Table, [{{{self(), '_'}, '_', '_'}, [], [true]}])
    end,
    [] = ets:match_object(Table, {{self(), '_'}, '_', '_'}).

%% A walk while others insert and delete: what stays is seen once.
look(Pick) ->
    Table = table(Pick),
    Spec = [{{{counter, '$1'}, '_', '$2'}, [], [{{'$1', '$2'}}]}],
    Seen =
        case Pick rem 4 of
            0 -> ets:select(Table, Spec);
            1 -> chunks(ets:select(Table, Spec, Pick rem 7 + 1));
            2 ->
                ets:safe_fixtable(Table, true),
                Keys = walk(Table, ets:first(Table)),
                ets:safe_fixtable(Table, false),
                [{N, payload(0)} || {counter, N} <- Keys];
            3 ->
                ets:foldl(fun({{counter, N}, _, Payload}, Acc) -> [{N, Payload} | Acc];
                             (_, Acc) -> Acc
                          end, [], Table)
        end,
    [N || {N, _} <- lists:sort(Seen)] =:= lists:seq(1, ?COUNTERS) orelse
        error({not_each_once, Table, Pick rem 4, lists:sort(Seen)}),
    [whole(Payload) orelse error({damaged, Table, N}) || {N, Payload} <- Seen].

chunks('$end_of_table') -> [];
chunks({Rows, Continuation}) -> Rows ++ chunks(ets:select(Continuation)).

walk(_, '$end_of_table') -> [];
walk(Table, Key) -> [Key | walk(Table, ets:next(Table, Key))].

payload(N) -> {N, lists:duplicate(N rem 7, N), binary:copy(<<N>>, N * 3), #{N => {N}}}.
whole({N, _, _, _} = Payload) -> Payload =:= payload(N).

%% What the workers have counted is what the tables hold; nothing else is in them.
agree(Counts) ->
    Total = fun(Key) -> lists:sum([maps:get(Key, Map, 0) || Map <- Counts]) end,
    [begin
         Sum = lists:sum([N || {{counter, _}, N, _} <- ets:tab2list(Table)]),
         Sum =:= Total({added, Table}) orelse error({counters, Table, Sum, Total({added, Table})}),
         Tokens = length(ets:match(Table, {{token, '_'}, '_', '_'})),
         Tokens =:= Total({held, Table}) orelse error({tokens, Table, Tokens}),
         ets:info(Table, size) =:= ?COUNTERS + Tokens orelse error({size, Table, ets:info(Table)}),
         true = ets:delete(Table)
     end || {Table, _, _} <- tables()].
