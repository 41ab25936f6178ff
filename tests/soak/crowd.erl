%% A crowd of waiting processes that one linked exit ends: what it costs, and what comes back.
%% Prints one line a step: what, resident kilobytes, milliseconds since the step before,
%% erlang:memory(processes).
-module(crowd).
-export([main/0, main/1]).

main() -> main(1_000_000).

main(N) ->
    process_flag(trap_exit, true),
    T0 = step(start, now_ms()),
    Self = self(),
    Leader = spawn_link(fun() ->
                            Hub = self(),
                            [spawn_link(fun() -> wait(Hub) end) || _ <- lists:seq(1, N)],
                            Self ! {all, self()},
                            receive stop -> exit(stop) end
                        end),
    receive {all, Leader} -> ok end,
    T1 = step(crowd, T0),
    Leader ! stop,
    receive {'EXIT', Leader, stop} -> ok end,
    all_gone(20),
    T2 = step(ended, T1),
    receive after 3000 -> ok end,
    step(later, T2),
    ok.

wait(Hub) -> receive {Hub, X} -> X end.

all_gone(Few) ->
    case erlang:system_info(process_count) of
        N when N < Few + 60 -> ok;
        _ -> receive after 5 -> all_gone(Few) end
    end.

now_ms() -> erlang:monotonic_time(millisecond).

step(What, Before) ->
    Now = now_ms(),
    {ok, File} = file:open("/proc/self/status", [read, raw, binary]),
    {ok, Text} = file:read(File, 4000),
    file:close(File),
    {match, [Kb]} = re:run(Text, "VmRSS:\\s+([0-9]+)", [{capture, all_but_first, list}]),
    Memory = try erlang:memory() catch _:_ -> [] end,
    erlang:display({What, list_to_integer(Kb), Now - Before, Memory}),
    now_ms().
