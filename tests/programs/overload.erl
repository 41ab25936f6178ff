%% More than fits: messages, timers, processes, tables, words of heap.
-module(overload).
-export([main/0]).

main() ->
    [{flood, flood(1_000_000)}, {timers, timers(200_000)}, {spawns, spawns()}, {tables, tables()},
     {heap, heap()}, {memory, memory()}].

flood(N) ->
    Sink = spawn(fun() -> receive start -> drain(0) end end),
    send(Sink, N),
    {message_queue_len, Length} = process_info(Sink, message_queue_len),
    Sink ! {done, self()},
    Sink ! start,
    [Length, receive {total, Total} -> Total end].

send(_, 0) -> ok;
send(Pid, N) -> Pid ! N, send(Pid, N - 1).

drain(N) ->
    receive
        {done, From} -> From ! {total, N};
        X when is_integer(X) -> drain(N + 1)
    end.

timers(N) ->
    At = erlang:monotonic_time(millisecond) + 1000,
    [erlang:send_after(At, self(), X, [{abs, true}]) || X <- lists:seq(1, N)],
    Got = [receive X when is_integer(X) -> X end || _ <- lists:seq(1, N)],
    lists:sort(Got) =:= lists:seq(1, N).

%% Until the table is full; what each way of spawning says then, and what is reported.
spawns() ->
    Logger = erlang:system_flag(system_logger, self()),
    Full = fill([]),
    erlang:system_flag(system_logger, Logger),
    {Full, reports(none)}.

fill(Pids) ->
    case try spawn(fun() -> receive stop -> ok end end)
         catch Class:Reason:Stack -> {Class, Reason, element(1, hd(Stack)), element(2, hd(Stack))}
         end of
        Pid when is_pid(Pid) ->
            fill([Pid | Pids]);
        Refused ->
            Others = [try F() catch C:R -> {C, R} end
                      || F <- [fun() -> spawn_monitor(lists, seq, [1, 2]) end,
                               fun() -> spawn_opt(lists, seq, [1, 2], [link]) end,
                               fun() -> spawn_link(lists, seq, [1, 2]) end]],
            Request = spawn_request(lists, seq, [1, 2], []),
            Reply = receive {spawn_reply, Request, What, Why} -> {What, Why} end,
            [exit(Pid, kill) || Pid <- Pids],
            wait_few(),
            [Refused, Others, Reply, is_pid(spawn(lists, seq, [1, 2]))]
    end.

wait_few() ->
    case erlang:system_info(process_count) < 1000 of
        true -> ok;
        false -> receive after 10 -> wait_few() end
    end.

reports(Last) ->
    receive
        {log, Level, Format, Arguments, Data} ->
            reports({Level, Format, Arguments, lists:sort(maps:keys(Data))})
    after 0 ->
        Last
    end.

%% The limit of tables is no limit: twice as many, with names and without, all of them at work.
tables() ->
    Limit = erlang:system_info(ets_limit),
    Before = erlang:system_info(ets_count),
    Tables = [ets:new(name(N), options(N)) || N <- lists:seq(1, 2 * Limit)],
    [true = ets:insert(T, {N}) || {N, T} <- lists:zip(lists:seq(1, 2 * Limit), Tables)],
    Count = erlang:system_info(ets_count) - Before,
    Found = [N || {N, T} <- lists:zip(lists:seq(1, 2 * Limit), Tables), ets:lookup(T, N) =:= [{N}]],
    All = length(ets:all()) >= 2 * Limit,
    [true = ets:delete(T) || T <- Tables],
    {Limit, Count, length(Found), All, erlang:system_info(ets_count) - Before,
     length(Tables -- [T || T <- Tables, ets:info(T) =:= undefined])}.

name(N) -> list_to_atom("table_" ++ integer_to_list(N rem 3000)).
options(N) when N < 3000 -> [named_table, ordered_set];
options(N) -> lists:nth(1 + N rem 4, [[], [ordered_set], [bag, public], [{write_concurrency, true}]]).

%% Over max_heap_size without being killed for it.
heap() ->
    Self = self(),
    Logger = erlang:system_flag(system_logger, Self),
    spawn(fun() ->
              process_flag(max_heap_size, #{size => 5000, kill => false, error_logger => true}),
              Self ! {length, length(lists:seq(1, 20000))}
          end),
    Length = receive {length, N} -> N end,
    Report = receive
                 {log, Level, Format, [_, Max, _, Kill, Logs, Messages, _], _} ->
                     {Level, Format, Max, Kill, Logs, Messages}
             after 1000 ->
                 none
             end,
    erlang:system_flag(system_logger, Logger),
    reports(none),
    {Length, Report}.

%% erlang:memory/0,1 tells what grows.
memory() ->
    Grows = fun(Type, Make, Bytes) ->
                garbage_collect(),
                Before = erlang:memory(Type),
                Kept = Make(),
                Growth = erlang:memory(Type) - Before,
                {Type, Growth > Bytes * 0.9, Growth < Bytes * 1.5, is_tuple(Kept)}
            end,
    Binary = fun() -> {[binary:copy(<<0>>, 1000_000) || _ <- lists:seq(1, 50)]} end,
    Table = fun() ->
                T = ets:new(t, [public]),
                [ets:insert(T, {N, lists:duplicate(95, N)}) || N <- lists:seq(1, 20000)],
                {T}
            end,
    %% A heap in use: of what is free in a large one Joist counts only what has been in use.
    Heap = fun() ->
               Self = self(),
               Pid = spawn_opt(fun() ->
                                   List = lists:seq(1, 1_500_000),
                                   Self ! ok,
                                   receive stop -> List end
                               end, [{min_heap_size, 3_010_000}]),
               receive ok -> {Pid} end
           end,
    All = erlang:memory(),
    [Grows(binary, Binary, 50_000_000), Grows(ets, Table, 20000 * 100 * 16),
     lists:keymember(total, 1, All),
     proplists:get_value(total, All) =:= proplists:get_value(processes, All)
         + proplists:get_value(system, All),
     [Type || {Type, Bytes} <- All, Bytes < 0],
     [Type || {Type, _} <- All],
     Grows(processes, Heap, 3_000_000 * 8),
     erlang:memory([ets, binary]) =/= []].
