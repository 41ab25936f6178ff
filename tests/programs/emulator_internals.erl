%% What OTP's own test suites set and ask: system flags, internal state, priorities of requests.
-module(emulator_internals).
-export([main/0, deep/1, deeper/1]).

main() ->
    [{heap_defaults, heap_defaults()}, {depth, in_child(fun depth/0)}, {bound, bound()},
     {internal_state, internal_state()}, {relations, relations()}, {exceptions, exceptions()},
     {receives, receives()}, {order, order()}, {inversion, inversion()}, {ending, ending()},
     {tables, tables()}, {allocators, allocators()}, {natives, natives()},
     {heap_sizes, heap_sizes()}, {counters, counters()}, {persistent, persistent()}, {limits, limits()},
     {save_calls, save_calls()}, {next_pid, next_pid()}, {next_port, next_port()},
     {timers, chained_timers()},
     {segments, [segments(X) || X <- [a, <<1:3>>, 1.0]]},
     {trapping, trapping()}, {matching, matching()}, {maps, map_updates()}].

%% --- what there is of natives, and what things take ---

natives() ->
    Natives = erlang:system_info(snifs),
    Odd = [{yield, 0}, {apply, 2}, {apply, 3}, {min, 2}, {max, 2}],
    [{F, A, lists:member({erlang, F, A}, Natives), erlang:is_builtin(erlang, F, A)}
     || {F, A} <- Odd].

heap_sizes() ->
    Sizes = erlang:system_info(heap_sizes),
    {lists:sublist(Sizes, 30), Sizes =:= lists:usort(Sizes), lists:last(Sizes) > 1 bsl 49,
     lists:last(Sizes) < 1 bsl 60}.

%% Spread counters have cells for each scheduler.
counters() ->
    Ref = counters:new(10, [write_concurrency]),
    Cells = erlang:system_info(schedulers) + 1,
    #{memory := Memory, size := 10} = counters:info(Ref),
    Self = self(),
    Adders = [spawn_opt(fun() -> add_often(Ref, I, 1000), Self ! self() end, [link])
              || I <- lists:seq(1, 10), _ <- lists:seq(1, 10)],
    [receive Pid -> ok end || Pid <- Adders],
    Sums = [counters:get(Ref, I) || I <- lists:seq(1, 10)],
    ok = counters:put(Ref, 3, -7),
    ok = counters:add(Ref, 3, 1),
    ok = counters:sub(Ref, 4, 1 bsl 63),
    {Memory > Cells * 10 * 8, Memory < Cells * 17 * 8 + 100, Sums, counters:get(Ref, 3),
     counters:get(Ref, 4)}.

add_often(_, _, 0) -> ok;
add_often(Ref, I, N) ->
    counters:add(Ref, I, I),
    add_often(Ref, I, N - 1).

%% Messages in the queue count for max_heap_size; no integer is as long as some binaries.
limits() ->
    {Pid, Monitor} = spawn_opt(fun() -> receive after infinity -> ok end end,
                               [monitor, {max_heap_size, 2000}, {message_queue_data, on_heap}]),
    [Pid ! lists:seq(1, 100) || _ <- lists:seq(1, 40)],
    process_info(Pid, messages),
    erlang:garbage_collect(Pid),
    Reason = receive {'DOWN', Monitor, process, Pid, Why} -> Why end,
    Size = 1 bsl 26,
    {Reason, error_of(fun() -> <<N:Size>> = <<1:1, 0:(Size - 1)>>, N band 1 end)
                 =:= {error, {badmatch, <<1:1, 0:(Size - 1)>>}}}.

save_calls() ->
    Gone = spawn(fun() -> ok end),
    in_child(fun() -> ok end),
    false = is_process_alive(Gone),
    [error_of(fun() -> process_flag(save_calls, Value) end)
     || Value <- [0, -1, 10001, some, 1 bsl 70]] ++
        [error_of(fun() -> process_flag(Pid, save_calls, Value) end)
         || {Pid, Value} <- [{Gone, 0}, {self(), -1}, {self(), some}, {none, 0}, {self(), 0}]].

chained_timers() ->
    erts_debug:set_internal_state(available_internal_state, true),
    Start = erlang:monotonic_time(millisecond),
    ok = erts_debug:set_internal_state(multizero_timeout_in_timeout, 20),
    receive multizero_timeout_in_timeout_done -> ok end,
    erts_debug:set_internal_state(available_internal_state, false),
    erlang:monotonic_time(millisecond) - Start >= 20.

%% The number of the next pid, in whatever form.
%% The number of the next port, which may be more by one.
next_port() ->
    erts_debug:set_internal_state(available_internal_state, true),
    Next = erts_debug:get_internal_state(next_port),
    Told = erts_debug:set_internal_state(next_port, Next + 1000),
    Port = open_port({spawn, "cat"}, []),
    Text = erlang:port_to_list(Port),
    port_close(Port),
    erts_debug:set_internal_state(available_internal_state, false),
    "#Port<0." ++ Number = lists:droplast(Text),
    {Told - Next >= 1000, list_to_integer(Number) - Next >= 1000,
     error_of(fun() -> erts_debug:get_internal_state(next_port) end)}.

next_pid() ->
    erts_debug:set_internal_state(available_internal_state, true),
    Next = erts_debug:get_internal_state(next_pid),
    true = is_integer(erts_debug:set_internal_state(next_pid, Next)),
    erts_debug:set_internal_state(available_internal_state, false),
    {is_integer(Next), error_of(fun() -> erts_debug:set_internal_state(next_pid, 1) end)}.

%% Literal segments that become one string count all the same.
segments(X) ->
    [try F() of Bits -> Bits catch error:badarg:Stack -> element(4, hd(Stack)) end
     || F <- [fun() -> <<1:32, "xyz", X/binary>> end, fun() -> <<1, 2, 3, X:8>> end,
              fun() -> <<X/bitstring, 7, "ab", X:16/integer>> end]].

%% What a term shares it shares in the table, too; the table gets smaller again.
persistent() ->
    Shared = lists:foldl(fun(I, L) -> [L, {I, L} | L] end, [], lists:seq(1, 12)),
    Before = persistent_term:info(),
    ok = persistent_term:put({?MODULE, shared}, Shared),
    Stored = persistent_term:get({?MODULE, shared}),
    Sizes = {erts_debug:size(Shared), erts_debug:size(Stored), Stored =:= Shared},
    [ok = persistent_term:put({?MODULE, I}, {value, I}) || I <- lists:seq(1, 1000)],
    Values = [persistent_term:get({?MODULE, I}) || I <- [1, 500, 1000]],
    true = persistent_term:erase({?MODULE, shared}),
    [true = persistent_term:erase({?MODULE, I}) || I <- lists:seq(1, 1000)],
    {Sizes, Values, maps:get(memory, persistent_term:info()) - maps:get(memory, Before) < 2000,
     error_of(fun() -> persistent_term:get({?MODULE, 500}) end)}.

error_of(F) -> try F() catch Class:Reason -> {Class, Reason} end.

%% --- system flags ---

heap_defaults() ->
    Wanted = [{min_heap_size, 4000}, {min_bin_vheap_size, 100000}, {fullsweep_after, 7},
              {max_heap_size, #{size => 1000000, kill => false}}],
    Before = [{Flag, erlang:system_flag(Flag, Value)} || {Flag, Value} <- Wanted],
    Child = in_child(fun() -> process_info(self(), [garbage_collection, min_heap_size]) end),
    System = [erlang:system_info(max_heap_size) | erlang:system_info(garbage_collection)],
    After = [erlang:system_flag(Flag, Value) || {Flag, Value} <- Before],
    Errors = [error_of(fun() -> erlang:system_flag(Flag, -1) end) || {Flag, _} <- Wanted],
    {Before, without_count(Child), System, After, Errors,
     error_of(fun() -> erlang:system_flag(max_heap_size, 10) end)}.

without_count([{garbage_collection, Items} | Rest]) ->
    [lists:keydelete(minor_gcs, 1, Items) | Rest].

in_child(Fun) ->
    Self = self(),
    Pid = spawn(fun() -> Self ! {self(), Fun()} end),
    receive {Pid, Result} -> Result end.

depth() ->
    [begin
         Old = erlang:system_flag(backtrace_depth, Depth),
         Length = try deep(30) catch error:_:Stack -> length(Stack) end,
         New = erlang:system_flag(backtrace_depth, Old),
         {Depth, Old, Length, New}
     end || Depth <- [0, 1, 3, 8, 20, 64, 1000]].

deep(0) -> error(bottom);
deep(N) -> [N | deeper(N - 1)].
deeper(N) -> {N, deep(N)}.

%% --- process_flag(scheduler, _) ---

bound() ->
    Schedulers = erlang:system_info(schedulers),
    Moves = [{process_flag(scheduler, N), erlang:system_info(scheduler_id) =:= N}
             || N <- [1, 1, Schedulers, 1]],
    spin(2000),
    Stays = erlang:system_info(scheduler_id),
    {[Here || {_, Here} <- Moves], Stays, process_flag(scheduler, 0),
     [error_of(fun() -> process_flag(scheduler, Bad) end) || Bad <- [-1, 100000, a]]}.

spin(0) -> ok;
spin(N) -> erlang:yield(), spin(N - 1).

%% --- internal state ---

internal_state() ->
    Closed = [error_of(fun() -> erts_debug:get_internal_state(reds_left) end),
              error_of(fun() -> erts_debug:set_internal_state(reds_left, 1) end)],
    Was = erts_debug:set_internal_state(available_internal_state, true),
    Reductions = erts_debug:get_internal_state(reds_left),
    Large = binary:copy(<<1>>, 1000),
    {refc_binary, 1000, {binary, 1000}, _} =
        erts_debug:get_internal_state({binary_info, Large}),
    {Magic, Address} = erts_debug:set_internal_state(make, magic_ref),
    {Address, Count, true} = erts_debug:get_internal_state({magic_ref, Magic}),
    Pid = spawn(fun() -> receive stop -> ok end end),
    Result =
        [Was, is_integer(Reductions) andalso Reductions =< 4000,
         erts_debug:get_internal_state(available_internal_state),
         erts_debug:get_internal_state({binary_info, <<1, 2, 3>>}), Count,
         erts_debug:get_internal_state({magic_ref, make_ref()}),
         erts_debug:set_internal_state(reds_left, 10),
         erts_debug:set_internal_state(wait, deallocations),
         erts_debug:set_internal_state(block, 5),
         erts_debug:set_internal_state(mbuf, {a, "term", 1.5}),
         gc_state(),
         lists:member(lists:keyfind(total, 1, erts_debug:get_internal_state(memory)), [false]),
         [error_of(fun() -> erts_debug:set_internal_state(What, Value) end)
          || {What, Value} <- [{wait, nothing}, {gc_state, 1}, {block, a}]],
         [error_of(fun() -> erts_debug:get_internal_state(What) end) || What <- [17, {}]]],
    exit(Pid, kill),
    true = erts_debug:set_internal_state(available_internal_state, false),
    {Closed, Result, error_of(fun() -> erts_debug:get_internal_state(reds_left) end)}.

%% Others' collections wait while they are put off.
gc_state() ->
    Self = self(),
    Pid = spawn(fun() ->
                        true = erts_debug:set_internal_state(gc_state, false),
                        Self ! ready,
                        receive go -> ok end,
                        Self ! {before, erts_debug:set_internal_state(gc_state, true)},
                        receive stop -> ok end
                end),
    receive ready -> ok end,
    async = erlang:garbage_collect(Pid, [{async, request}]),
    Early = receive {garbage_collect, request, _} -> early after 50 -> late end,
    Pid ! go,
    Before = receive {before, B} -> B end,
    Done = receive {garbage_collect, request, D} -> D end,
    Pid ! stop,
    {Early, Before, Done}.

relations() ->
    erts_debug:set_internal_state(available_internal_state, true),
    Self = self(),
    Pid = spawn_link(fun() -> receive stop -> ok end end),
    Ref = monitor(process, Pid),
    Links = [Entry || Entry <- erts_debug:get_internal_state({link_list, Self}),
                      element(3, Entry) =:= Pid],
    [{erl_link, process, Pid, linked, Id}] = Links,
    [{erl_link, process, Self, linked, _}] = erts_debug:get_internal_state({link_list, Pid}),
    Monitors = [Entry || Entry <- erts_debug:get_internal_state({monitor_list, Self}),
                         element(4, Entry) =:= Ref],
    [{erl_monitor, process, origin, Ref, Pid, []}] = Monitors,
    {monitored_by, [Self]} = process_info(Pid, monitored_by),
    [{erl_monitor, process, target, Ref, Self, []}] =
        erts_debug:get_internal_state({monitor_list, Pid}),
    Waiting = wait_for(Pid, waiting, 1000),
    unlink(Pid),
    exit(Pid, kill),
    receive {'DOWN', Ref, process, Pid, killed} -> ok end,
    Gone = [erts_debug:get_internal_state({Item, Pid})
            || Item <- [link_list, monitor_list, process_status]],
    erts_debug:set_internal_state(available_internal_state, false),
    {is_integer(Id), Waiting, Gone}.

wait_for(_, Status, 0) -> {never, Status};
wait_for(Pid, Status, N) ->
    case erts_debug:get_internal_state({process_status, Pid}) of
        Status -> Status;
        _ -> erlang:yield(), wait_for(Pid, Status, N - 1)
    end.

%% --- exceptions ---

exceptions() ->
    [try raised_again() catch Class:Reason -> {Class, Reason} end,
     [error_options(Options) || Options <- [[], [{error_info, #{}}], [{error_info, x}], [bad],
                                            [{bad, tuple}], improper, [{error_info, #{}} | x]]]].

raised_again() ->
    try
        try throw(reason)
        catch throw:Reason:Stack -> erlang:raise(error, Reason, Stack)
        end
    after
        erlang:yield()
    end.

error_options(Options) ->
    try error(reason, [argument], Options)
    catch error:Reason:Stack ->
            [{_, _, Arguments, Info} | _] = Stack,
            {Reason, Arguments, lists:keyfind(error_info, 1, Info)}
    end.

%% --- receive ---

%% A timeout that is none leaves the queue as it was.
receives() ->
    self() ! first,
    Error = error_of(fun() -> receive nothing -> ok after prog:id(bad) -> ok end end),
    {Error, receive first -> found after 0 -> lost end}.

%% Who has come behind the signal that ends a process finds nobody.
order() ->
    Pid = spawn(fun() -> receive after infinity -> ok end end),
    exit(Pid, kill),
    Ref = monitor(process, Pid),
    Down = receive {'DOWN', Ref, process, Pid, Why} -> Why end,
    Slow = spawn(fun() -> spin_forever() end),
    true = erlang:suspend_process(Slow),
    {status, Suspended} = process_info(Slow, status),
    true = erlang:resume_process(Slow),
    {status, Resumed} = process_info(Slow, status),
    exit(Slow, kill),
    {Down, Suspended, Resumed =:= suspended}.

spin_forever() -> spin_forever().

%% --- priorities ---

%% A process of low priority that never gets a turn answers one of the highest all the same.
inversion() ->
    Before = process_flag(priority, max),
    Busy = [spawn_opt(fun() -> spin_forever() end, [{priority, high}, {scheduler, N}])
            || N <- lists:seq(1, erlang:system_info(schedulers_online))],
    Low = spawn_opt(fun() -> spin_forever() end, [{priority, low}]),
    Answers = [process_info(Low, priority), is_process_alive(Low), erlang:garbage_collect(Low),
               erlang:check_process_code(Low, lists), group_leader(group_leader(), Low)],
    [exit(Pid, kill) || Pid <- [Low | Busy]],
    process_flag(priority, Before),
    Answers.

%% The answer of one that is killed, with much to do before, while the asker keeps its scheduler busy.
ending() ->
    Scheduler = process_flag(scheduler, 1),
    Priority = process_flag(priority, high),
    Pid = spawn_opt(fun() -> receive after infinity -> ok end end, [{scheduler, 1}]),
    [begin link(Pid), unlink(Pid) end || _ <- lists:seq(1, 5000)],
    exit(Pid, kill),
    Ref = make_ref(),
    async = erlang:garbage_collect(Pid, [{async, Ref}]),
    Answer = busy_wait(Ref, erlang:monotonic_time(millisecond) + 10000),
    process_flag(priority, Priority),
    process_flag(scheduler, Scheduler),
    Answer.

busy_wait(Ref, End) ->
    receive {garbage_collect, Ref, Answer} -> Answer
    after 0 ->
        case erlang:monotonic_time(millisecond) > End of
            true -> timeout;
            false -> busy_wait(Ref, End)
        end
    end.

%% Leaves of an ordered set that are split early, and stay.
tables() ->
    erts_debug:set_internal_state(available_internal_state, true),
    T = ets:new(t, [public, ordered_set, {write_concurrency, true}]),
    Empty = ets:info(T, stats),
    Split = erts_debug:set_internal_state(ets_force_split, {T, true}),
    ets:insert(T, [{K, K} || K <- lists:seq(1, 300)]),
    [ets:delete(T, K) || K <- lists:seq(1, 300, 2)],
    [ets:insert(T, {K, again}) || K <- lists:seq(1, 300, 3)],
    Rows = ets:tab2list(T),
    Walked = ets:foldr(fun({K, _}, Ks) -> [K | Ks] end, [], T),
    150 = ets:select_count(T, [{{'$1', '_'}, [{'=:=', {'rem', '$1', 2}, 0}], [true]}]),
    ets:match_delete(T, {'_', '_'}),
    Joined = erts_debug:set_internal_state(ets_force_split, {T, false}),
    {Routes, Leaves, _} = ets:info(T, stats),
    ets:insert(T, [{K, K} || K <- lists:seq(300, 1, -1)]),
    Refused = [error_of(fun() -> erts_debug:set_internal_state(ets_force_split, Bad) end)
               || Bad <- [{ets:new(t, []), true}, {ets:new(t, [ordered_set]), true}, {T, 1}, T]],
    erts_debug:set_internal_state(available_internal_state, false),
    {Empty, Split, Rows, Walked, Joined, Routes > 0, Leaves > 0, ets:tab2list(T), Refused}.

allocators() ->
    Large = binary:copy(<<1>>, 1000),
    Tables = erts_debug:alloc_blocks_size(ets_alloc),
    T = ets:new(t, []),
    ets:insert(T, [{K, K} || K <- lists:seq(1, 10000)]),
    More = erts_debug:alloc_blocks_size(ets_alloc),
    [More - Tables > 10000, is_integer(erts_debug:alloc_blocks_size(binary_alloc)), byte_size(Large),
     [error_of(fun() -> erlang:system_info({allocator_sizes, Bad}) end) || Bad <- [[], x, [x]]]].

%% --- natives that go on in Erlang code ---

%% Each call of process_info/2 about another leaves a few words; they must not pile up.
trapping() ->
    Pid = spawn(fun() -> receive stop -> ok end end),
    ask(Pid, 20000),
    {memory, Bytes} = process_info(self(), memory),
    Pid ! stop,
    Bytes < 10000000.

ask(_, 0) -> ok;
ask(Pid, N) -> process_info(Pid, priority), ask(Pid, N - 1).

matching() ->
    Long = lists:seq(1, 200000),
    Compiled = ets:match_spec_compile([{{tag, '$1'}, [{'>', {length, '$1'}, 1000}],
                                        [{length, '$1'}]}]),
    Empty = prog:id(<<>>),
    Text = prog:id(<<"123">>),
    Appended = <<Text/binary, Empty/binary>>,
    {ets:match_spec_run([{tag, Long}, {tag, [a]}, {tag, [a | b]}], Compiled),
     erts_debug:same(Text, Appended), re:run([229], "\\w", [unicode]),
     re:run([1024], "\\w", [unicode]), re:run([160], "\\w", [unicode])}.

map_updates() ->
    Map = prog:id(#{a => 1, 1 => 2}),
    Large = maps:from_list([{{key, N}, N} || N <- lists:seq(1, 100)]),
    Info = erts_debug:map_info(Large),
    {leafs, Leafs, _} = lists:keyfind(leafs, 1, Info),
    [error_of(fun() -> Map#{42.0 := v, 42 := w} end),
     error_of(fun() -> Map#{z := v, b := w, a := 1} end),
     error_of(fun() -> Large#{z := v, {key, 1} := w, b := 1} end), Leafs,
     [Name || {Name, _} <- Info], [Name || {Name, _, _} <- Info],
     error_of(fun() -> erts_debug:map_info(Map) end),
     error_of(fun() -> erts_debug:map_info(a) end)].
