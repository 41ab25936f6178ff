%% process_info/2, item by item: of oneself, of another process in its states, of a dead one.
-module(process_items).
-export([main/0, waits/1, loops/1]).

main() ->
    [{all_own, all(self())}, {all_other, other()}, {lists, lists()}, {numbers, numbers()},
     {names, names()}, {dictionary, dictionary()}, {queue, queue()}, {links, links()},
     {monitors, monitors()}, {states, states()}, {places, places()}, {collection, collection()},
     {binaries, binaries()}, {references, references()}, {leaders, leaders()}, {suspended, suspended()},
     {parents, parents()}, {traced, traced()}, {calls, calls()}, {dead, dead()}, {bad, bad()},
     {info_1, info_1()}].

items() ->
    [async_dist, backtrace, binary, catchlevel, current_function, current_location,
     current_stacktrace, dictionary, error_handler, garbage_collection, garbage_collection_info,
     group_leader, heap_size, initial_call, label, last_calls, links, magic_ref, memory,
     message_queue_data, message_queue_len, messages, min_bin_vheap_size, min_heap_size,
     fullsweep_after, monitored_by, monitors, parent, priority, reductions, registered_name,
     sequential_trace_token, stack_size, status, suspending, total_heap_size, trace, trap_exit,
     max_heap_size, debug, error, nothing, trace_token, sensitive, save_calls].

outcome(Fun) -> prog:anonymous(prog:outcome(Fun)).

%% What the value is, or its kind where it differs from run to run.
shape(Info) when not is_tuple(Info) -> prog:anonymous(Info);
shape({Item, Value}) ->
    case lists:member(Item, [heap_size, total_heap_size, memory, reductions, stack_size,
                             catchlevel]) of
        true -> {Item, is_integer(Value) andalso Value >= 0};
        false -> {Item, kind(Item, Value)}
    end.

kind(backtrace, Value) -> is_binary(Value);
kind(binary, Value) -> [{is_integer(A), is_integer(S), C} || {A, S, C} <- Value];
kind(current_function, {M, _, _}) -> M;
kind(current_location, {M, _, _, Place}) -> {M, [K || {K, _} <- Place]};
kind(current_stacktrace, Stack) -> [M || {M, _, _, _} <- Stack, M =:= ?MODULE];
kind(garbage_collection, Value) -> lists:sort([K || {K, _} <- Value]);
kind(garbage_collection_info, Value) -> lists:sort([{K, is_integer(V)} || {K, V} <- Value]);
kind(dictionary, Value) -> is_list(Value);
kind(registered_name, _) -> name;
kind(K, Value) when K =:= links; K =:= monitored_by -> is_list(Value);
kind(K, _) when K =:= initial_call; K =:= parent -> K;
kind(_, Value) -> prog:anonymous(Value).

all(Pid) -> [{I, outcome_shape(Pid, I)} || I <- items()].

outcome_shape(Pid, Item) ->
    try process_info(Pid, Item) of
        Info -> shape(Info)
    catch
        Class:Reason -> {Class, Reason}
    end.

waits(Before) ->
    Before(),
    receive stop -> ok end.

%% One that waits with `Before` done.
start(Before) -> start(Before, []).

start(Before, Options) ->
    Pid = spawn_opt(?MODULE, waits, [Before], Options),
    settle(Pid),
    Pid.

settle(Pid) ->
    case process_info(Pid, [status, current_function]) of
        [{status, waiting}, {current_function, {?MODULE, waits, 1}}] -> ok;
        _ -> erlang:yield(), settle(Pid)
    end.

nothing() -> fun() -> ok end.

stop(Pid) ->
    Ref = monitor(process, Pid),
    Pid ! stop,
    receive {'DOWN', Ref, _, _, Why} -> Why end.

other() ->
    Pid = start(nothing()),
    Result = all(Pid),
    {initial_call, Call} = process_info(Pid, initial_call),
    stop(Pid),
    [Call | Result].

%% Lists of items come in their order and as often as they are named, the empty name as such.
lists() ->
    Pid = start(nothing()),
    Result = [[prog:anonymous(process_info(P, L)) || P <- [Pid, self()]]
              || L <- [[], [status], [priority, status, priority], [registered_name, trap_exit],
                       [trap_exit, registered_name, registered_name],
                       [error_handler, message_queue_len, message_queue_data, messages]]],
    stop(Pid),
    Result.

numbers() ->
    Pid = start(fun() -> put(list, lists:seq(1, 5000)) end),
    [{heap_size, Heap}, {total_heap_size, Total}, {stack_size, Stack}, {memory, Memory},
     {reductions, Reductions}] =
        process_info(Pid, [heap_size, total_heap_size, stack_size, memory, reductions]),
    [{reductions, More}] = process_info(Pid, [reductions]),
    {reductions, Own} = process_info(self(), reductions),
    _ = lists:seq(1, 20000),
    {reductions, OwnMore} = process_info(self(), reductions),
    stop(Pid),
    [Total >= Heap, Total >= 10000, Stack > 0, Stack < Heap, Memory >= Total * 8, Reductions > 0,
     More >= Reductions, OwnMore > Own].

names() ->
    Pid = start(fun() -> register(process_items_name, self()) end),
    First = [process_info(Pid, registered_name), process_info(Pid, [registered_name])],
    unregister(process_items_name),
    Second = [process_info(Pid, registered_name), process_info(Pid, [registered_name, status])],
    stop(Pid),
    [First, Second].

dictionary() ->
    Pid = start(fun() -> [put(K, V) || {K, V} <- [{a, 1}, {"b", <<"2">>}, {{c}, 3.0}]] end),
    {dictionary, Dictionary} = process_info(Pid, dictionary),
    stop(Pid),
    Empty = start(nothing()),
    None = process_info(Empty, dictionary),
    stop(Empty),
    [lists:sort(Dictionary), None].

queue() ->
    [begin
         Pid = start(nothing(), [{message_queue_data, Where}]),
         [Pid ! M || M <- [one, {two, 2.0}, [3, "three"], <<4:4000>>, #{5 => five}]],
         Result = process_info(Pid, [message_queue_len, messages, message_queue_data]),
         Single = process_info(Pid, messages),
         stop(Pid),
         [Result, Single]
     end || Where <- [on_heap, off_heap]].

links() ->
    A = start(nothing()),
    B = start(nothing()),
    C = start(fun() -> link(A), link(B) end),
    {links, Links} = process_info(C, links),
    {links, Back} = process_info(A, links),
    Port = open_port({spawn, "cat"}, []),
    {links, Own} = process_info(self(), links),
    Result = [lists:sort([[D =:= A, D =:= B] || D <- Links]), [D =:= C || D <- Back],
              lists:member(Port, Own)],
    port_close(Port),
    unlink(A),
    [stop(P) || P <- [A, B, C]],
    Result.

monitors() ->
    A = start(fun() -> register(process_items_a, self()) end),
    Monitoring = start(fun() ->
        monitor(process, A), monitor(process, A), monitor(process, process_items_a),
        monitor(process, {process_items_a, node()}), monitor(process, process_items_none),
        monitor(time_offset, clock_service),
        erlang:monitor(process, A, [{alias, demonitor}]), erlang:monitor(process, A, [{tag, t}])
    end),
    {monitors, Monitors} = process_info(Monitoring, monitors),
    {monitored_by, By} = process_info(A, monitored_by),
    Port = open_port({spawn, "cat"}, []),
    Ref = monitor(port, Port),
    {monitors, [Own]} = process_info(self(), monitors),
    Result = [lists:sort([monitor_kind(M, A) || M <- Monitors]), [P =:= Monitoring || P <- By],
              Own =:= {port, Port}],
    demonitor(Ref, [flush]),
    port_close(Port),
    [stop(P) || P <- [A, Monitoring]],
    Result.

monitor_kind({Type, A}, A) -> {Type, a};
monitor_kind({Type, {Name, Node}}, _) -> {Type, Name, Node};
monitor_kind({Type, Other}, _) -> {Type, prog:anonymous(Other)}.

loops(N) -> loops(N + 1).

states() ->
    Loops = spawn(?MODULE, loops, [0]),
    {status, Running} = process_info(Loops, status),
    Waits = start(nothing()),
    Hibernates = spawn(erlang, hibernate, [?MODULE, waits, [nothing()]]),
    await(Hibernates, waiting),
    erlang:suspend_process(Loops),
    Suspended = process_info(Loops, status),
    erlang:resume_process(Loops),
    Result = [lists:member(Running, [runnable, running]), process_info(Waits, status), Suspended,
              process_info(Hibernates, [status, current_function, initial_call, stack_size]),
              process_info(self(), status)],
    [exit(P, kill) || P <- [Loops, Waits, Hibernates]],
    Result.

await(Pid, Status) ->
    case process_info(Pid, status) of
        {status, Status} -> ok;
        _ -> erlang:yield(), await(Pid, Status)
    end.

places() ->
    Pid = start(nothing()),
    {current_location, {M, F, A, Place}} = process_info(Pid, current_location),
    {current_stacktrace, Stack} = process_info(Pid, current_stacktrace),
    {backtrace, Text} = process_info(Pid, backtrace),
    {backtrace, Own} = process_info(self(), backtrace),
    stop(Pid),
    [{M, F, A, filename:basename(proplists:get_value(file, Place)),
      is_integer(proplists:get_value(line, Place))}, [{X, Y, Z} || {X, Y, Z, _} <- Stack],
     binary:match(Text, <<"process_items:waits/1">>) =/= nomatch,
     binary:match(Text, <<" Return addr 0x">>) =/= nomatch,
     binary:match(Own, <<"process_items:places/0">>) =/= nomatch].

collection() ->
    Pid = start(nothing(), [{min_heap_size, 500}, {fullsweep_after, 7},
                            {max_heap_size, #{size => 100000, kill => false}}]),
    {garbage_collection, Before} = process_info(Pid, garbage_collection),
    erlang:garbage_collect(Pid),
    {garbage_collection, After} = process_info(Pid, garbage_collection),
    {garbage_collection_info, Info} = process_info(Pid, garbage_collection_info),
    Result = [lists:sort(lists:keydelete(minor_gcs, 1, Before)),
              proplists:get_value(minor_gcs, After), proplists:get_value(heap_size, Info) > 0,
              process_info(Pid, fullsweep_after), process_info(Pid, max_heap_size)],
    stop(Pid),
    Result.

binaries() ->
    Big = binary:copy(<<"x">>, 1000),
    Pid = start(fun() -> put(big, Big), put(part, binary:part(Big, 1, 500)), put(small, <<"s">>),
                         erlang:garbage_collect() end),
    {binary, Binaries} = process_info(Pid, binary),
    stop(Pid),
    Empty = start(nothing()),
    None = process_info(Empty, binary),
    stop(Empty),
    [lists:usort([S || {_, S, _} <- Binaries]), byte_size(Big), None].

%% What ended before it was heard of holds no reference any more.
references() ->
    Big = binary:copy(<<"x">>, 1000),
    Pid = start(fun() ->
                        Self = self(),
                        {_, Monitor} = spawn_monitor(fun() -> Self ! {part, binary:part(Big, 1, 500)} end),
                        receive {part, Part} -> put(part, Part) end,
                        receive {'DOWN', Monitor, _, _, normal} -> ok end,
                        erlang:garbage_collect()
                end, [{fullsweep_after, 0}]),
    erlang:garbage_collect(),
    {binary, Binaries} = process_info(Pid, binary),
    stop(Pid),
    [Binaries =/= [], [Count || {_, _, Count} <- Binaries], byte_size(Big)].

leaders() ->
    Leader = start(nothing()),
    Pid = start(fun() -> group_leader(Leader, self()) end),
    {group_leader, Found} = process_info(Pid, group_leader),
    Result = [Found =:= Leader,
              process_info(self(), group_leader) =:= {group_leader, group_leader()}],
    [stop(P) || P <- [Leader, Pid]],
    Result.

suspended() ->
    Pid = start(nothing()),
    Other = start(nothing()),
    None = process_info(self(), suspending),
    erlang:suspend_process(Pid),
    erlang:suspend_process(Pid),
    erlang:suspend_process(Other),
    {suspending, Suspending} = process_info(self(), suspending),
    Kinds = lists:sort([{case P of Pid -> pid; Other -> other end, A, W}
                        || {P, A, W} <- Suspending]),
    [erlang:resume_process(P) || P <- [Pid, Pid, Other]],
    [stop(P) || P <- [Pid, Other]],
    [None, Kinds, process_info(self(), suspending)].

parents() ->
    Main = self(),
    Pid = start(nothing()),
    Child = spawn(fun() ->
        Main ! {grandchild, start(nothing())},
        receive stop -> ok end
    end),
    Grandchild = receive {grandchild, G} -> G end,
    Result = [process_info(Pid, parent) =:= {parent, self()},
              process_info(Grandchild, parent) =:= {parent, Child}],
    stop(Child),
    Orphan = process_info(Grandchild, parent) =:= {parent, Child},
    [stop(P) || P <- [Pid, Grandchild]],
    [Result, Orphan].

traced() ->
    Pid = start(nothing()),
    Before = [process_info(Pid, trace), process_info(Pid, sequential_trace_token)],
    erlang:trace(Pid, true, [send, 'receive']),
    {trace, Flags} = process_info(Pid, trace),
    erlang:trace(Pid, false, [all]),
    After = process_info(Pid, trace),
    seq_trace:set_token(label, 17),
    {sequential_trace_token, Token} = process_info(self(), sequential_trace_token),
    seq_trace:set_token([]),
    stop(Pid),
    [Before, is_integer(Flags), After, element(1, prog:anonymous({Token})),
     process_info(self(), sequential_trace_token)].

calls() ->
    Pid = start(nothing()),
    Result = [process_info(Pid, last_calls), process_info(self(), last_calls),
              process_info(Pid, catchlevel)],
    stop(Pid),
    Result.

dead() ->
    {Pid, Ref} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    [[{I, outcome_shape(Pid, I)} || I <- items()], process_info(Pid), process_info(Pid, []),
     process_info(Pid, [status]), process_info(Pid, items() -- bad_items()),
     outcome_shape(Pid, [status, unknown])].

bad_items() ->
    [I || I <- items(), {error, badarg} =:= outcome_shape(self(), I)].

bad() ->
    Pid = start(nothing()),
    Items = [unknown, 1, "status", <<"status">>, {status}, {dictionary, a}, [unknown], [status, 1],
             [status | links], [[status]], [registered_name | x], [[]], #{}],
    Result = [[outcome(fun() -> process_info(P, I) end) || P <- [self(), Pid]] || I <- Items],
    Others = [[outcome(fun() -> process_info(P, status) end), outcome(fun() -> process_info(P) end),
               outcome(fun() -> process_info(P, [status]) end)]
              || P <- [1, init, "pid", make_ref(), {init, node()}, []]],
    stop(Pid),
    [Result, Others].

info_1() ->
    Pid = start(fun() -> put(key, value) end),
    Info = process_info(Pid),
    Result = [shape(I) || I <- Info],
    register(process_items_name, Pid),
    Named = [K || {K, _} <- process_info(Pid)],
    stop(Pid),
    [Result, Named, [K || {K, _} <- process_info(self()), K =/= registered_name]].
