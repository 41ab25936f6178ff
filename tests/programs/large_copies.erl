%% Natives that copy large terms to somebody else, or huge ones: the copies are right, whoever asks
%% for them meanwhile, and what was to come before or after them does.
-module(large_copies).
-export([main/0, child/2, sum/1]).

main() ->
    [spawning(), spawn_failures(), exit_reasons(), exit_signals(), persistent(), tuples(),
     long_numbers(), long_binaries(), external(), [{Type, tables(Type)} || Type <- [set, ordered_set, bag, duplicate_bag]],
     many_rows(), changed_meanwhile(set), changed_meanwhile(ordered_set), killed_meanwhile()].

numbers() -> lists:seq(1, 100_000).

sum(List) -> {length(List), lists:sum(List)}.

child(List, To) -> To ! {self(), sum(List)}.

answer(Pid) -> receive {Pid, Sum} -> Sum end.

spawning() ->
    Self = self(),
    List = numbers(),
    A = spawn(?MODULE, child, [List, Self]),
    B = spawn_link(fun() -> child([a | List] -- [a], Self) end),
    {C, Ref} = spawn_opt(?MODULE, child, [List, Self], [monitor, {priority, high}]),
    Down = receive {'DOWN', Ref, process, C, Reason} -> Reason end,
    Request = spawn_request(?MODULE, child, [List, Self], [{reply_tag, reply}, link, monitor]),
    D = receive {reply, Request, ok, Pid} -> Pid end,
    DownD = receive {'DOWN', Request, process, D, ReasonD} -> ReasonD end,
    %% The child has its arguments, not the spawner's, and ends with a heap of its own.
    {_, RefE} = spawn_monitor(erlang, apply, [fun(L) -> exit(sum(L)) end, [List]]),
    Exit = receive {'DOWN', RefE, process, _, ReasonE} -> ReasonE end,
    {[answer(P) || P <- [A, B, C, D]], Down, DownD, Exit}.

spawn_failures() ->
    List = numbers(),
    [begin
         {C, R, [{M, N, A, _} | _]} = try F() catch X:Y:S -> {X, Y, S} end,
         {C, R, M, N, if is_list(A) -> length(A); true -> A end}
     end || F <- [fun() -> spawn(a, b, [List | c]) end, fun() -> spawn(a, {}, [List]) end,
                  fun() -> spawn_opt(a, b, [List], [what]) end,
                  fun() -> spawn_link("a", b, [List]) end]].

%% Each watcher and link gets the reason, the one with a tag and the one that traps exits too.
exit_reasons() ->
    Self = self(),
    Pid = spawn(fun() -> receive go -> exit({reason, numbers()}) end end),
    Watchers = [spawn(fun() ->
                          Ref = monitor(process, Pid, [{tag, {tag, N}}]),
                          Self ! watching,
                          receive {{tag, N}, Ref, process, Pid, {reason, L}} ->
                              Self ! {self(), sum(L)}
                          end
                      end) || N <- lists:seq(1, 3)],
    Trapping = spawn(fun() ->
                         process_flag(trap_exit, true),
                         link(Pid),
                         Self ! watching,
                         receive {'EXIT', Pid, {reason, L}} -> Self ! {self(), sum(L)} end
                     end),
    {Dying, Ref} = spawn_monitor(fun() -> link(Pid), Self ! watching, receive never -> ok end end),
    [receive watching -> ok end || _ <- [Trapping, Dying | Watchers]],
    Pid ! go,
    Died = receive {'DOWN', Ref, process, Dying, {reason, L}} -> sum(L) end,
    {[answer(P) || P <- [Trapping | Watchers]], Died, is_process_alive(Pid)}.

exit_signals() ->
    Self = self(),
    Pid = spawn(fun() ->
                    process_flag(trap_exit, true),
                    Self ! ready,
                    receive first -> ok end,
                    receive {'EXIT', Self, L} -> Self ! {self(), sum(L)} end,
                    receive last -> Self ! {self(), last} end
                end),
    receive ready -> ok end,
    Pid ! first,
    true = exit(Pid, numbers()),
    Pid ! last,
    {Killed, Ref} = spawn_monitor(fun() -> receive never -> ok end end),
    exit(Killed, numbers()),
    {answer(Pid), answer(Pid), receive {'DOWN', Ref, process, Killed, L} -> sum(L) end}.

persistent() ->
    List = numbers(),
    ok = persistent_term:put({?MODULE, a}, List),
    First = sum(persistent_term:get({?MODULE, a})),
    ok = persistent_term:put({?MODULE, a}, List),
    ok = persistent_term:put({?MODULE, a}, [0 | List]),
    Second = sum(persistent_term:get({?MODULE, a})),
    Self = self(),
    Pids = [spawn(fun() ->
                      ok = persistent_term:put({?MODULE, N}, lists:seq(N, 100_000)),
                      Self ! {self(), sum(persistent_term:get({?MODULE, N}))}
                  end) || N <- lists:seq(1, 4)],
    Sums = [answer(P) || P <- Pids],
    {First, Second, Sums, [persistent_term:erase({?MODULE, N}) || N <- [a, 1, 2, 3, 4, 5]]}.

tuples() ->
    Size = 400_000,
    Tuple = erlang:make_tuple(Size, x, [{1, a}, {Size, b}]),
    Set = setelement(Size - 1, Tuple, {y}),
    Longer = erlang:append_element(Set, last),
    Inserted = erlang:insert_element(2, Longer, second),
    Deleted = erlang:delete_element(1, Inserted),
    Errors = [try F(), ok catch C:R -> {C, R} end
              || F <- [fun() -> setelement(Size + 1, Tuple, a) end,
                       fun() -> erlang:delete_element(0, Tuple) end,
                       fun() -> erlang:make_tuple(Size, x, [{0, a}]) end,
                       fun() -> erlang:make_tuple(1 bsl 24, x) end]],
    {[tuple_size(T) || T <- [Tuple, Set, Longer, Inserted, Deleted]],
     [element(N, Tuple) || N <- [1, 2, Size - 1, Size]], element(Size - 1, Set),
     element(Size + 1, Longer), [element(N, Inserted) || N <- [1, 2, 3, Size, Size + 2]],
     [element(N, Deleted) || N <- [1, 2, Size + 1]], Errors,
     erlang:make_tuple(Size, []) =:= list_to_tuple(lists:duplicate(Size, []))}.

long_numbers() ->
    Big = (1 bsl 200_000) div 7,
    List = integer_to_list(Big),
    Binary = integer_to_binary(-Big, 16),
    {length(List), erlang:phash2(List), list_to_integer(List) =:= Big, erlang:phash2(Binary),
     binary_to_integer(Binary, 16) =:= -Big, list_to_integer(integer_to_list(Big, 36), 36) =:= Big,
     binary_to_integer(integer_to_binary(Big)) =:= Big,
     [catch_error(F) || F <- [fun() -> list_to_integer(List ++ "x") end,
                              fun() -> binary_to_integer(<<Binary/binary, "x">>, 16) end,
                              fun() -> binary_to_integer(Binary) end]]}.

long_binaries() ->
    A = binary:copy(<<"abcd">>, 500_000),
    {binary:longest_common_prefix([A, <<A/binary, 1>>]),
     binary:longest_common_suffix([A, <<1, A/binary>>, <<"cd">>]),
     binary:longest_common_prefix([A, <<"abce">>]),
     catch_error(fun() -> binary:longest_common_prefix([A, b]) end)}.

external() ->
    Term = {numbers(), #{list => numbers()}},
    Packed = term_to_binary(Term, [compressed]),
    Piece = iolist_to_binary(term_to_iovec(Term, [{compressed, 1}])),
    {binary_to_term(Packed) =:= Term, binary_to_term(Packed, [safe]) =:= Term,
     binary_to_term(<<Packed/binary, 1, 2, 3>>, [used]) =:= {Term, byte_size(Packed)},
     byte_size(Packed) < byte_size(term_to_binary(Term)), binary_to_term(Piece) =:= Term,
     catch_error(fun() -> binary_to_term(binary:part(Packed, 0, byte_size(Packed) - 9)) end)}.

catch_error(F) -> try F() catch C:R -> {C, R} end.

tables(Type) ->
    T = ets:new(t, [Type, public]),
    List = numbers(),
    true = ets:insert(T, {k, 1, List}),
    true = ets:insert(T, [{other, 1, a}, {k, 2, [0 | List]}, {more, 3, List}]),
    false = ets:insert_new(T, {k, 3, List}),
    true = ets:insert_new(T, {new, 4, List}),
    Looked = [shape(Row) || Row <- ets:lookup(T, k)],
    Elements = {ets:lookup_element(T, k, 2), length(ets:lookup_element(T, more, 3)),
                catch_error(fun() -> ets:lookup_element(T, k, 4) end)},
    Taken = [shape(Row) || Row <- ets:take(T, k)],
    true = ets:delete_object(T, {new, 4, List}),
    Left = lists:sort([{K, N} || {K, N, _} <- ets:tab2list(T)]),
    Errors = [catch_error(fun() -> ets:insert(T, {}) end),
              catch_error(fun() -> ets:insert(T, [{a, List}, b]) end)],
    true = ets:delete(T),
    {Looked, Elements, Taken, Left, Errors, catch_error(fun() -> ets:lookup(T, k) end),
     catch_error(fun() -> ets:insert(T, {k, List}) end)}.

shape({Key, N, List}) -> {Key, N, sum(List)}.

%% Among many.
many_rows() ->
    List = numbers(),
    T = ets:new(t, [ordered_set]),
    true = ets:insert(T, [{N, if N rem 300 =:= 0 -> List; true -> N end} || N <- lists:seq(1, 900)]),
    true = ets:insert(T, [{N, if N rem 70 =:= 0 -> List; true -> N end} || N <- lists:seq(1, 200)]),
    [length(L) || {_, L} <- ets:tab2list(T), is_list(L)].

%% What is read is what was there at one moment.
changed_meanwhile(Type) ->
    T = ets:new(t, [Type, public]),
    true = ets:insert(T, {k, 0, 0, numbers()}),
    Self = self(),
    Changer = spawn(fun() -> change(T, Self) end),
    Read = [begin [{k, N, N, L}] = ets:lookup(T, k), length(L) end || _ <- lists:seq(1, 20)],
    Changer ! stop,
    receive {Changer, done} -> ok end,
    [{k, N, N, L}] = ets:take(T, k),
    {lists:usort(Read), length(L), ets:info(T, size)}.

change(T, To) ->
    receive
        stop -> To ! {self(), done}
    after 0 ->
        ets:update_counter(T, k, [{2, 1}, {3, 1}]),
        ets:insert(T, {k, 7, 7, numbers()}),
        change(T, To)
    end.

killed_meanwhile() ->
    T = ets:new(t, [public]),
    ets:insert(T, {k, numbers()}),
    Work = fun Loop() -> L = ets:lookup_element(T, k, 2),
                         spawn(?MODULE, sum, [L]),
                         ets:insert(T, {k, L}),
                         _ = setelement(1, erlang:make_tuple(300_000, L), a),
                         Loop()
           end,
    [begin
         {Pid, Ref} = spawn_monitor(Work),
         receive after 3 * N -> ok end,
         exit(Pid, {large, numbers()}),
         receive {'DOWN', Ref, process, Pid, {large, L}} -> length(L) end
     end || N <- lists:seq(1, 8)].
