%% Every flag of process_flag/2 and process_flag/3: the old values, the new ones, the bad ones.
-module(process_flags).
-export([main/0, waits/0]).

main() ->
    [fresh(fun() -> {Name, test(Name)} end)
     || Name <- [trap_exit, error_handler, priority, min_heap, min_bin_vheap, max_heap, queue_data,
                 fullsweep, sensitive, save_calls, monitor_nodes, limits, exits, unknown, others,
                 others_bad, inherited]].

%% In a process of its own, whose flags are as they are at first.
fresh(Fun) ->
    {Pid, Ref} = spawn_opt(fun() -> exit({result, Fun()}) end, [monitor]),
    receive
        {'DOWN', Ref, process, Pid, {result, Result}} -> Result;
        {'DOWN', Ref, process, Pid, Why} -> {failed, Why}
    end.

outcome(Fun) -> prog:anonymous(prog:outcome(Fun)).

set(Flag, Values) ->
    [{Flag, V, outcome(fun() -> process_flag(Flag, V) end)} || V <- Values].

%% Each value and what process_info/2 says then.
set_and_show(Flag, Values) ->
    [{V, outcome(fun() -> process_flag(Flag, V) end), process_info(self(), Flag)} || V <- Values].

collection(Key) ->
    {garbage_collection, Info} = process_info(self(), garbage_collection),
    lists:keyfind(Key, 1, Info).

set_and_collection(Flag, Values) ->
    [{V, outcome(fun() -> process_flag(Flag, V) end), collection(Flag)} || V <- Values].

test(trap_exit) ->
    set_and_show(trap_exit, [true, true, false, false, yes, 1, "true", [], true, undefined]);
test(error_handler) ->
    set_and_show(error_handler, [my_handler, 1, "m", {}, error_handler, error_handler]);
test(priority) ->
    set_and_show(priority, [low, normal, high, max, none, 1, normal, "low", normal]);
test(min_heap) ->
    set_and_collection(min_heap_size,
                       [0, 1, 233, 234, 500, 1000, 100000, -1, a, 1.0, 1 bsl 64, 233]);
test(min_bin_vheap) ->
    set_and_collection(min_bin_vheap_size,
                       [0, 1, 32768, 46422, 46423, 100000, -1, a, 1.0, 1 bsl 64, 32768]);
test(max_heap) ->
    set_and_collection(max_heap_size,
                       [100000, #{size => 200000}, #{size => 200000, kill => false},
                        #{size => 200000, error_logger => false}, #{size => 300000},
                        #{size => 300000, kill => false, error_logger => false, more => 1},
                        #{}, #{kill => true}, #{error_logger => false}, #{size => -1},
                        #{size => a}, #{size => 100000, kill => 1},
                        #{size => 100000, error_logger => maybe_so}, #{size => 1 bsl 64},
                        #{size => 1}, 1, 232, -1, a, 1.5, [], {size, 100000}, 1 bsl 64,
                        #{size => 233, kill => false, error_logger => false}, 1 bsl 50, 0,
                        #{size => 0, kill => false}, 0]);
test(queue_data) ->
    set_and_show(message_queue_data,
                 [on_heap, off_heap, off_heap, on_heap, mixed, 1, true, on_heap]);
test(fullsweep) ->
    set_and_collection(fullsweep_after, [0, 1, 10, 65535, -1, a, 1.0, 1 bsl 64, 65535]);
test(sensitive) ->
    self() ! {a, message},
    put(secret, 1),
    process_flag(trap_exit, true),
    Main = self(),
    Ask = fun() -> ask_about(Main) end,
    Open = Ask(),
    First = set(sensitive, [true, true, 1, yes]),
    Hidden = Ask(),
    Own = [process_info(self(), messages), process_info(self(), message_queue_len)],
    Second = set(sensitive, [false, false]),
    Again = Ask(),
    receive {a, message} -> ok end,
    [First, Second, Open, Hidden, Own, Again];
test(save_calls) ->
    set(save_calls, [0, -1, 10001, a, 1.0, 1 bsl 64, 0])
        ++ [process_info(self(), last_calls)];
test(monitor_nodes) ->
    set(monitor_nodes, [true, true, false, false, yes, 1])
        ++ [{O, outcome(fun() -> process_flag({monitor_nodes, O}, V) end)}
            || {O, V} <- [{[], true}, {[], false}, {x, true}, {#{}, true}, {#{}, false},
                          {#{node_type => all}, true}, {#{node_type => all}, true},
                          {#{node_type => all}, false}, {#{node_type => some}, true},
                          {#{nodedown_reason => true}, true}, {#{nodedown_reason => true}, false},
                          {#{nodedown_reason => 1}, true}, {#{connection_id => true}, true},
                          {#{connection_id => true}, false}, {#{unknown => true}, true}]];
test(limits) ->
    %% The smallest heap and the greatest bound each other.
    [process_flag(max_heap_size, #{size => 20000, error_logger => false}) || _ <- [1]]
        ++ set_and_collection(min_heap_size, [5000, 20000, 30000, 1000000, 300])
        ++ set_and_collection(min_heap_size, [5000])
        ++ set_and_collection(max_heap_size, [#{size => 4000}, 100, 50000]);
test(exits) ->
    [trapped(Flag, Reason) || Flag <- [true, false], Reason <- [normal, kill, other, shutdown]];
test(unknown) ->
    [{F, outcome(fun() -> process_flag(F, true) end)}
     || F <- [unknown, links, status, 1, "trap_exit", {trap_exit, true}, {monitor_nodes}, [],
              async_dist, message_queue, registered_name, {monitor_nodes, [], []}]];
test(others) ->
    Pid = spawn(?MODULE, waits, []),
    Result = [outcome(fun() -> process_flag(P, save_calls, 0) end) || P <- [Pid, self()]],
    exit(Pid, kill),
    false = is_process_alive(Pid),
    [Result, outcome(fun() -> process_flag(Pid, save_calls, 0) end)];
test(others_bad) ->
    Pid = spawn(?MODULE, waits, []),
    Result = [{F, V, outcome(fun() -> process_flag(P, F, V) end)}
              || P <- [Pid, self()],
                 {F, V} <- [{save_calls, -1}, {save_calls, 10001}, {save_calls, a},
                            {trap_exit, true}, {priority, low}, {unknown, 1}, {1, 1},
                            {save_calls, 1 bsl 64}, {max_heap_size, 0}]],
    More = [outcome(fun() -> process_flag(P, save_calls, 0) end)
            || P <- [1, a, "x", make_ref(), {x, node()}]],
    exit(Pid, kill),
    [Result, More];
test(inherited) ->
    %% None of the flags goes on to a new process.
    [process_flag(F, V) || {F, V} <- [{trap_exit, true}, {priority, low}, {fullsweep_after, 3},
                                      {min_heap_size, 1000}, {message_queue_data, off_heap},
                                      {error_handler, error_handler},
                                      {max_heap_size, 1000000}]]
        ++ [fresh(fun child/0)].

child() ->
    [process_info(self(), [trap_exit, priority, message_queue_data])
     | [collection(K) || K <- [min_heap_size, max_heap_size, fullsweep_after]]].

ask_about(Pid) ->
    fresh(fun() -> [hidden(process_info(Pid, I))
                    || I <- [messages, message_queue_len, dictionary, trap_exit, backtrace,
                             current_stacktrace, current_function, initial_call, links]] end).

hidden({backtrace, Text}) -> {backtrace, Text =:= <<>>};
hidden({current_stacktrace, Stack}) -> {current_stacktrace, Stack =:= []};
hidden({current_function, {M, _, _}}) -> {current_function, M};
hidden({dictionary, D}) -> {dictionary, lists:keymember(secret, 1, D)};
hidden(Other) -> prog:anonymous(Other).

trapped(Flag, Reason) ->
    fresh(fun() ->
        process_flag(trap_exit, false),
        Before = process_flag(trap_exit, Flag),
        Main = self(),
        {Pid, Ref} = spawn_opt(fun() ->
            process_flag(trap_exit, Flag),
            Main ! ready,
            receive {'EXIT', Main, Why} -> exit({got, Why}); stop -> exit(stopped) end
        end, [monitor]),
        receive ready -> ok end,
        exit(Pid, Reason),
        Pid ! stop,
        receive {'DOWN', Ref, _, _, Why} -> {Before, Flag, Reason, Why} end
    end).

waits() -> receive stop -> ok end.
