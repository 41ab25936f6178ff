%% erlang:process_info of oneself and of others, in order with other signals.
-module(process_information).
-export([main/0, waits/1, holds_name/0]).

main() ->
    [{own, own()}, {others, others()}, {names, names()}, {relations, relations()},
     {queue, queue()}, {places, places()}, {dead, dead()}, {errors, errors()},
     {defaults, defaults()}, {order, order(200)}, {often, often()}].

%% Nothing around the calls allocates: they have to see to a collection by themselves.
often() ->
    P = spawn(fun() -> receive stop -> ok end end),
    R = ask(P, 2000),
    P ! stop,
    R.

ask(_, 0) -> done;
ask(P, N) -> process_info(P, [message_queue_len, links, dictionary]), ask(P, N - 1).

own() ->
    process_flag(trap_exit, false),
    put(colour, blue),
    Info = process_info(self(), [trap_exit, priority, error_handler, status, registered_name]),
    {value, {_, Dictionary}} = lists:keysearch(dictionary, 1, [process_info(self(), dictionary)]),
    erase(colour),
    [Info, lists:member({colour, blue}, Dictionary),
     process_info(self(), last_calls), process_info(self(), sequential_trace_token),
     process_info(self(), trace), process_info(self(), suspending),
     {catchlevel, catch_levels()}].

catch_levels() ->
    {catchlevel, Outer} = process_info(self(), catchlevel),
    try
        {catchlevel, Inner} = process_info(self(), catchlevel),
        Inner - Outer
    catch
        _:_ -> failed
    end.

waits(Keys) ->
    [put(K, V) || {K, V} <- Keys],
    receive stop -> ok end.

start(Arguments) ->
    Pid = spawn(?MODULE, waits, Arguments),
    settle(Pid),
    Pid.

settle(Pid) ->
    case process_info(Pid, [status, current_function]) of
        [{status, waiting}, {current_function, {?MODULE, _, _}}] -> ok;
        _ -> erlang:yield(), settle(Pid)
    end.

others() ->
    Pid = start([[{a, 1}, {b, {text, "x"}}, {c, <<0:4000>>}]]),
    {dictionary, D} = process_info(Pid, dictionary),
    {group_leader, Leader} = process_info(Pid, group_leader),
    {parent, Parent} = process_info(Pid, parent),
    {memory, Memory} = process_info(Pid, memory),
    {reductions, Reductions} = process_info(Pid, reductions),
    Result = [process_info(Pid, initial_call), process_info(Pid, status),
              process_info(Pid, current_function), process_info(Pid, trap_exit),
              process_info(Pid, priority), process_info(Pid, registered_name),
              process_info(Pid, [registered_name, status, messages]),
              lists:sort(D), Leader =:= group_leader(), Parent =:= self(),
              is_integer(Memory), Reductions > 0,
              process_info(Pid, catchlevel), process_info(Pid, fullsweep_after)],
    Pid ! stop,
    Result.

holds_name() ->
    register(holder_of_a_name, self()),
    receive stop -> ok end.

names() ->
    Pid = spawn(?MODULE, holds_name, []),
    settle(Pid),
    Result = [process_info(Pid, registered_name), process_info(Pid, [registered_name])],
    exit(Pid, kill),
    undefined = process_info(Pid, registered_name),
    [whereis(holder_of_a_name) | Result].

relations() ->
    A = start([[]]),
    B = start([[]]),
    link(A),
    MA = monitor(process, A),
    MB = monitor(process, B),
    register(relations_b, B),
    MN = monitor(process, relations_b),
    Node = node(),
    {links, MyLinks} = process_info(self(), links),
    {monitors, MyMonitors} = process_info(self(), monitors),
    {links, [Me]} = process_info(A, links),
    {monitored_by, By} = process_info(B, monitored_by),
    First = [lists:member(A, MyLinks), lists:member({process, A}, MyMonitors),
             lists:member({process, B}, MyMonitors),
             lists:member({process, {relations_b, Node}}, MyMonitors), Me =:= self(),
             [P =:= self() || P <- By], process_info(A, monitors)],
    unlink(A),
    [demonitor(M, [flush]) || M <- [MA, MB, MN]],
    Second = [process_info(A, links), process_info(A, monitored_by),
              process_info(B, monitored_by)],
    A ! stop, B ! stop,
    [First, Second].

queue() ->
    Pid = start([[]]),
    [Pid ! {message, N, list_to_binary(lists:duplicate(N * 60, $x))} || N <- [1, 2, 3]],
    {message_queue_len, Length} = process_info(Pid, message_queue_len),
    {messages, Messages} = process_info(Pid, messages),
    self() ! one,
    self() ! {two, [2]},
    Own = {process_info(self(), message_queue_len), process_info(self(), messages)},
    receive one -> ok end,
    receive {two, _} -> ok end,
    Pid ! stop,
    [Length, Messages, Own].

places() ->
    Pid = start([[]]),
    {current_location, {M, F, A, Location}} = process_info(Pid, current_location),
    {current_stacktrace, Stack} = process_info(Pid, current_stacktrace),
    {backtrace, Text} = process_info(Pid, backtrace),
    {current_function, Own} = own_function(),
    {current_stacktrace, [{M2, F2, A2, _} | _]} = own_stack(),
    Pid ! stop,
    [{M, F, A}, is_integer(proplists:get_value(line, Location)),
     [{SM, SF, SA} || {SM, SF, SA, _} <- Stack],
     binary:match(Text, <<"Program counter: 0x">>) =:= {0, 19},
     binary:match(Text, <<"process_information:waits/1">>) =/= nomatch,
     Own, {M2, F2, A2}].

own_function() ->
    Result = process_info(self(), current_function),
    {current_function, _} = Result.

own_stack() ->
    Result = process_info(self(), current_stacktrace),
    {current_stacktrace, _} = Result.

dead() ->
    {Pid, Ref} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    [process_info(Pid), process_info(Pid, status), process_info(Pid, [status, links]),
     is_process_alive(Pid)].

errors() ->
    [catch_error(fun() -> process_info(self(), no_such_item) end),
     catch_error(fun() -> process_info(self(), [status, no_such_item]) end),
     catch_error(fun() -> process_info(self(), [status | links]) end),
     catch_error(fun() -> process_info(not_a_pid, status) end),
     catch_error(fun() -> process_info(not_a_pid) end),
     catch_error(fun() -> process_info(self(), <<"status">>) end)].

catch_error(F) ->
    try F() catch Class:Reason -> {Class, Reason} end.

defaults() ->
    Pid = start([[]]),
    Keys = [K || {K, _} <- process_info(Pid)],
    Own = [K || {K, _} <- process_info(self())],
    Pid ! stop,
    [Keys, Own -- [registered_name]].

%% What is asked after a message is answered with the message in the queue.
order(0) -> true;
order(N) ->
    Pid = spawn(fun() -> receive stop -> ok end end),
    Pid ! {n, N},
    {messages, [{n, N}]} = process_info(Pid, messages),
    exit(Pid, kill),
    false = is_process_alive(Pid),
    order(N - 1).
