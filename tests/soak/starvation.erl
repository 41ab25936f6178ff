%% How long a process waits for an answer while others keep the schedulers busy.
%% loops/0: the median, the 99th percentile and the longest, in microseconds.
%% one/1: {{work, Time}, {pauses, Rounds}} for a native on large terms; of each round those of more
%% than a millisecond, as {At, Length} by the system's monotonic clock in microseconds. names/0:
%% which natives there are.
-module(starvation).
-export([loops/0, names/0, one/1]).

-define(ROUNDS, 3).

names() -> [Name || {Name, _} <- large()].

one(Name) ->
    {Name, Task} = lists:keyfind(Name, 1, large()),
    beside(Task).

loops() ->
    Busy = [spawn(fun busy/0) || _ <- lists:seq(1, 8)],
    Echo = spawn(fun echo/0),
    Times = [ping(Echo) || _ <- lists:seq(1, 300)],
    [exit(Pid, kill) || Pid <- [Echo | Busy]],
    summary(Times).

busy() -> busy(0).
busy(N) -> busy(N + 1).

echo() -> receive {From, Ref} -> From ! Ref, echo() end.

ping(Echo) ->
    Start = erlang:monotonic_time(microsecond),
    Ref = make_ref(),
    Echo ! {self(), Ref},
    receive Ref -> ok end,
    Time = erlang:monotonic_time(microsecond) - Start,
    receive after 2 -> Time end.

%% other_program_beside has no native: with as many busy threads as the cases "beside" others have,
%% it tells how long the system lets a thread wait by itself.
%% Natives, and instructions, that work on terms of about 100 MB; integers may have 4 MB. What they
%% need is made before the measuring begins.
large() ->
    Numbers = fun() -> lists:seq(1, 6_000_000) end,
    Map = fun() -> maps:from_list([{N, N} || N <- lists:seq(1, 2_000_000)]) end,
    Pairs = fun() -> [{N, N} || N <- lists:seq(1, 2_500_000)] end,
    Big = fun() -> 1 bsl 400_000 - 1 end,
    Text = fun() -> binary:copy(<<"text ", 228/utf8, "rest">>, 9_000_000) end,
    [{term_to_binary, {Numbers, fun(X) -> term_to_binary(X) end}},
     {binary_to_term, {fun() -> term_to_binary((Numbers)()) end, fun(X) -> binary_to_term(X) end}},
     {binary_to_map, {fun() -> term_to_binary((Map)()) end, fun(X) -> binary_to_term(X) end}},
     {append, {Numbers, fun(X) -> X ++ [] end}},
     {subtract, {Numbers, fun(X) -> X -- [0] end}},
     {length, {Numbers, fun(X) -> length(X) end}},
     {reverse, {Numbers, fun(X) -> lists:reverse(X) end}},
     {send, {Numbers, fun(X) -> self() ! X, receive Y -> Y end end}},
     {spawn, {Numbers, fun(X) -> {P, R} = spawn_monitor(erlang, hd, [X]),
                                 receive {'DOWN', R, _, P, _} -> ok end end}},
     {ets_insert, {Numbers, fun(X) -> T = ets:new(t, []), ets:insert(T, {a, X}),
                                      ets:lookup(T, a), ets:delete(T) end}},
     {from_list, {Pairs, fun(X) -> maps:from_list(X) end}},
     {from_keys, {Numbers, fun(X) -> maps:from_keys(X, v) end}},
     {keys, {Map, fun(X) -> maps:keys(X) end}},
     {values, {Map, fun(X) -> maps:values(X) end}},
     {merge, {Map, fun(X) -> maps:merge(X, X#{new => 1}) end}},
     {unicode, {Text, fun(X) -> unicode:characters_to_list(X) end}},
     {to_list, {Text, fun(X) -> binary_to_list(X) end}},
     {multiply, {Big, fun(X) -> X * (X - 1) end}},
     {print, {fun() -> 1 bsl 100_000 end, fun(X) -> integer_to_list(X) end}},
     {compare, {Numbers, fun(X) -> X =:= lists:reverse(lists:reverse(X)) end}},
     {garbage, {Numbers, fun(_) -> garbage_collect() end}},
     {phash2, {Numbers, fun(X) -> erlang:phash2(X) end}},
     {iolist, {fun() -> lists:duplicate(2_000_000, $a) end, fun(X) -> iolist_to_binary(X) end}},
     {list_to_tuple, {Numbers, fun(X) -> list_to_tuple(X) end}},
     {tuple_to_list, {fun() -> list_to_tuple((Numbers)()) end, fun(X) -> tuple_to_list(X) end}},
     {setelement, {fun() -> list_to_tuple((Numbers)()) end, fun(X) -> setelement(1, X, a) end}},
     {make_tuple, {fun() -> 4_000_000 end, fun(X) -> erlang:make_tuple(X, []) end}},
     {member, {Numbers, fun(X) -> lists:member(a, X) end}},
     {keyfind, {Pairs, fun(X) -> lists:keyfind(a, 1, X) end}},
     {map_to_list, {Map, fun(X) -> maps:to_list(X) end}},
     {merge_others, {fun() -> {(Map)(), maps:from_keys(lists:seq(1, 1_000_000, 2), a)} end,
                     fun({X, Y}) -> maps:merge(X, Y) end}},
     {list_to_binary, {fun() -> lists:duplicate(4_000_000, $a) end,
                       fun(X) -> list_to_binary(X) end}},
     {iolist_size, {fun() -> lists:duplicate(1_000_000, [<<"a">>, $b]) end,
                    fun(X) -> iolist_size(X) end}},
     {to_utf8, {fun() -> lists:duplicate(4_000_000, 1234) end,
                fun(X) -> unicode:characters_to_binary(X) end}},
     {to_latin1, {Text, fun(X) -> unicode:characters_to_binary(X, utf8, latin1) end}},
     {match, {Text, fun(X) -> binary:match(X, <<"nowhere">>) end}},
     {matches, {Text, fun(X) -> binary:matches(X, <<"rest">>) end}},
     {split, {Text, fun(X) -> binary:split(X, <<"text">>, [global]) end}},
     {copy, {Text, fun(X) -> binary:copy(X, 4) end}},
     {longest_prefix, {Text, fun(X) -> binary:longest_common_prefix([X, binary:copy(X)]) end}},
     {decode_unsigned, {fun() -> binary:copy(<<255>>, 400_000) end,
                        fun(X) -> binary:decode_unsigned(X) end}},
     {run, {Text, fun(X) -> re:run(X, "[a-z]+x", [global]) end}},
     {run_captures, {fun() -> binary:copy(<<"text rest">>, 1_000_000) end,
                     fun(X) -> re:run(X, "text", [global]) end}},
     {md5, {Text, fun(X) -> erlang:md5(X) end}},
     {crc32, {Text, fun(X) -> erlang:crc32(X) end}},
     {phash2_binary, {Text, fun(X) -> erlang:phash2(X) end}},
     {divide, {fun() -> {1 bsl 3_000_000 - 1, 1 bsl 1_500_000 - 7} end,
               fun({X, Y}) -> X div Y end}},
     {multiply_more, {fun() -> 1 bsl 3_000_000 - 1 end, fun(X) -> X * (X - 1) end}},
     {multiply_most, {fun() -> 1 bsl 16_000_000 - 1 end, fun(X) -> X * (X - 1) end}},
     {remainder, {fun() -> {1 bsl 33_000_000 - 1, 1 bsl 16_000_000 - 7} end,
                  fun({X, Y}) -> X rem Y end}},
     {multiply_function, {fun() -> 1 bsl 16_000_000 - 1 end,
                          fun(X) -> apply(id(erlang), id('*'), [X, X - 1]) end}},
     {remainder_function, {fun() -> {1 bsl 33_000_000 - 1, 1 bsl 16_000_000 - 7} end,
                           fun({X, Y}) -> apply(id(erlang), id('rem'), [X, Y]) end}},
     {map_key, {Numbers, fun(X) -> maps:get(X, maps:from_keys([X | lists:seq(1, 40)], a)) end}},
     {map_binary_key, {Text, fun(X) -> maps:get(X, maps:from_keys([X | lists:seq(1, 40)], a)) end}},
     {ets_binary_key, {Text, fun(X) -> T = ets:new(t, []), ets:insert(T, {X, a}),
                                       ets:delete(T, X), ets:delete(T) end}},
     {ets_key, {fun() -> keyed([], (Numbers)()) end, fun keyed/1}},
     {ets_tuple_key, {fun() -> keyed([], list_to_tuple((Numbers)())) end, fun keyed/1}},
     {ets_ordered_key, {fun() -> keyed([ordered_set], (Numbers)()) end, fun keyed/1}},
     {ets_text_key, {fun() -> {T, X} = keyed([], (Text)()), {T, binary:copy(X)} end, fun keyed/1}},
     {ets_key_beside, {fun() -> touched([], (Numbers)()) end, fun keyed/1}},
     {ets_ordered_key_beside, {fun() -> touched([ordered_set], (Numbers)()) end, fun keyed/1}},
     {ets_insert_new_beside, {fun() -> {T, _} = touched([], large), {T, (Pairs)()} end,
                              fun({T, X}) -> ets:insert_new(T, X) end}},
     {other_program_beside, {fun() -> touched([], large) end,
                             fun(_) ->
                                 Spin = "timeout 1 sh -c 'while :; do :; done'",
                                 P = open_port({spawn, Spin}, [exit_status]),
                                 receive {P, {exit_status, _}} -> ok end
                             end}},
     {ets_select_large, {fun() -> T = table(), ets:insert(T, {x, (Numbers)(), y}), T end,
                         fun(T) -> length(ets:select(T, [{{'_', '$1', '_'}, [], ['$1']}])) end}},
     {ets_select_product, {fun() -> X = 1 bsl 16_000_000 - 1, T = table(), ets:insert(T, {x, X, y}),
                                    {T, [{{'_', '$1', y}, [], [{'*', '$1', X}]}]} end,
                           fun({T, Spec}) -> ets:select(T, Spec) end}},
     {spec_product, {fun() -> X = 1 bsl 16_000_000 - 1,
                              Spec = [{{'$1', '$2'}, [], [{'*', '$1', '$2'}]}],
                              {[{X, X - 1}], ets:match_spec_compile(Spec)} end,
                     fun({X, Spec}) -> ets:match_spec_run(X, Spec) end}},
     {persistent_key, {Numbers, fun(X) -> persistent_term:put(X, a), persistent_term:get(X),
                                          persistent_term:erase(X) end}},
     {persistent_held, {fun() -> persistent_term:put(large, (Numbers)()),
                                 persistent_term:get(large) end,
                        fun(X) -> persistent_term:erase(large),
                                  receive after 1000 -> hd(X) end end}},
     {persistent_queued, {fun() -> persistent_term:put(queued, ["a literal"]),
                                   Term = persistent_term:get(queued),
                                   [self() ! {N, Term} || N <- lists:seq(1, 900_000)],
                                   ok end,
                          fun(_) -> persistent_term:erase(queued), receive after 1000 -> ok end
                          end}},
     {processes, {fun() -> [spawn(fun() -> follow(Worker) end) || Worker <- [self()],
                                                                  _ <- lists:seq(1, 200_000)] end,
                  fun(_) -> processes() end}},
     {add, {fun() -> 1 bsl 33_000_000 - 1 end, fun(X) -> X + (X - 1) end}},
     {shift, {fun() -> 33_000_000 end, fun(X) -> 3 bsl X end}},
     {concatenate, {Text, fun(X) -> <<X/binary, 1, X/binary>> end}},
     {append_to_binary, {Text, fun(X) -> <<X/binary, 1>> end}},
     {equal_binaries, {fun() -> {(Text)(), (Text)()} end, fun({X, Y}) -> X =:= Y end}},
     {less_tuples, {fun() -> {list_to_tuple((Numbers)()), list_to_tuple((Numbers)())} end,
                    fun({X, Y}) -> X < Y end}},
     {maximum, {fun() -> {(Numbers)(), (Numbers)()} end, fun({X, Y}) -> max(X, Y) end}},
     {catch_deep, {fun() -> ok end, fun(_) -> catch thrown(3_000_000) end}},
     {print_more, {fun() -> 1 bsl 2_000_000 end, fun(X) -> integer_to_list(X) end}},
     {parse, {fun() -> lists:duplicate(300_000, $7) end, fun(X) -> list_to_integer(X) end}},
     {less, {fun() -> X = (Numbers)(), {X, lists:reverse(lists:reverse(X))} end,
             fun({X, Y}) -> X < Y end}},
     {exactly_equal, {fun() -> X = (Numbers)(), {X, lists:reverse(lists:reverse(X))} end,
                      fun({X, Y}) -> X =:= Y end}},
     {equal_maps, {fun() -> X = (Map)(), {X, maps:from_list(maps:to_list(X))} end,
                   fun({X, Y}) -> X == Y end}},
     {tab2list, {fun() -> {table(), 1} end, fun({T, _}) -> ets:tab2list(T) end}},
     {ets_delete, {fun() -> table() end, fun(T) -> ets:delete(T) end}},
     {ets_select_count, {fun() -> table() end,
                         fun(T) -> ets:select_count(T, [{{'_', a, '_'}, [], [true]}]) end}},
     {ets_select_delete, {fun() -> table() end,
                          fun(T) -> ets:select_delete(T, [{{'_', '_', '_'}, [], [true]}]) end}},
     {ets_unfix, {fun() -> T = table(),
                           ets:safe_fixtable(T, true),
                           ets:delete_all_objects(T),
                           T end,
                  fun(T) -> ets:safe_fixtable(T, false) end}},
     {ets_unfix_exit, {fun() -> T = table(),
                                {P, R} = spawn_monitor(fun() -> fixed(T) end),
                                P ! {self(), fixed},
                                receive fixed -> ok end,
                                ets:delete_all_objects(T),
                                {P, R} end,
                       fun({P, R}) -> P ! stop,
                                      receive {'DOWN', R, _, _, _} -> ok end,
                                      receive after 500 -> ok end end}},
     {ets_lookup, {fun() -> T = ets:new(t, []), ets:insert(T, {a, (Numbers)()}), {T} end,
                   fun({T}) -> ets:lookup(T, a) end}},
     {ets_insert_list, {fun() -> {ets:new(t, []), (Pairs)()} end,
                        fun({T, X}) -> ets:insert(T, X) end}},
     {persistent_put, {Numbers, fun(X) -> persistent_term:put(large, X),
                                          persistent_term:erase(large) end}},
     {exit_reason, {Numbers, fun(X) -> {P, R} = spawn_monitor(fun() ->
                                                                  receive go -> exit(X) end
                                                              end),
                                       P ! go,
                                       receive {'DOWN', R, _, P, _} -> ok end end}},
     {compressed, {Numbers, fun(X) -> binary_to_term(term_to_binary(X, [compressed])) end}},
     {external_size, {Numbers, fun(X) -> erlang:external_size(X) end}},
     {growing, {fun() -> ok end, fun(_) -> body([], 3_000_000) end}},
     {deep_stack, {fun() -> ok end, fun(_) -> length(stacked(2_000_000)) end}}].

table() ->
    T = ets:new(t, []),
    [ets:insert(T, {N, N, "some text"}) || N <- lists:seq(1, 800_000)],
    T.

%% What looks a key up that is in the table.
keyed(Options, Key) ->
    T = ets:new(t, Options),
    ets:insert(T, {Key, a}),
    {T, Key}.

keyed({T, Key}) ->
    true = ets:member(T, Key),
    ets:update_element(T, Key, {2, c}),
    ets:insert(T, {Key, b}),
    ets:delete(T, Key).

%% The same next to a process that uses another key of the table.
touched(Options, Key) ->
    {T, _} = Keyed = keyed([public | Options], Key),
    Worker = self(),
    %% The table goes with its owner.
    spawn(fun() -> monitor(process, Worker), catch touch(T, 0) end),
    Keyed.

touch(T, N) ->
    ets:insert(T, {small, N}),
    [{small, N}] = ets:lookup(T, small),
    receive {'DOWN', _, _, _, _} -> ok after 0 -> erlang:yield(), touch(T, N + 1) end.

fixed(T) ->
    ets:safe_fixtable(T, true),
    receive {From, Answer} -> From ! Answer end,
    receive stop -> ok end.

%% Ends when that one does.
follow(Worker) ->
    monitor(process, Worker),
    receive {'DOWN', _, _, _, _} -> ok end.

body(List, 0) -> List;
body(List, N) -> body([{N} | List], N - 1).

%% The compiler must not see that it never returns, or there are no frames.
thrown(0) -> case get(nothing) of undefined -> throw(deep); X -> X end;
thrown(N) -> [N | thrown(N - 1)].

id(X) -> X.

stacked(0) -> [];
stacked(N) -> [N | stacked(N - 1)].

%% The work runs on the only scheduler, next to a process that looks at the clock all the time.
beside(Task) ->
    Rounds = [beside_once(Task) || _ <- lists:seq(1, ?ROUNDS)],
    {{work, lists:min([Time || {Time, _} <- Rounds])},
     {pauses, [Pauses || {_, Pauses} <- Rounds]}}.

beside_once({Make, Work}) ->
    Self = self(),
    Clock = spawn(fun() -> receive go -> watch(os:perf_counter(microsecond), []) end end),
    Worker = spawn(fun() ->
                       Term = Make(),
                       garbage_collect(),
                       Clock ! go,
                       receive after 20 -> ok end,
                       Start = erlang:monotonic_time(microsecond),
                       Work(Term),
                       Time = erlang:monotonic_time(microsecond) - Start,
                       Clock ! {stop, Self},
                       Self ! {self(), Time}
                   end),
    receive {Worker, Time} -> receive {pauses, Pauses} -> {Time, Pauses} end end.

watch(Before, Pauses) ->
    Now = os:perf_counter(microsecond),
    Length = Now - Before,
    All = if Length > 1000 -> [{Now, Length} | Pauses];
             true -> Pauses
          end,
    receive
        {stop, To} -> To ! {pauses, All}
    after 0 ->
        erlang:yield(),
        watch(Now, All)
    end.

summary(Times) ->
    Sorted = lists:sort(Times),
    N = length(Sorted),
    {{median, lists:nth((N + 1) div 2, Sorted)}, {percentile_99, lists:nth(N * 99 div 100, Sorted)},
     {longest, lists:last(Sorted)}}.
