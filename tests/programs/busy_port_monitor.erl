%% system_monitor: who waits for a busy port.
-module(busy_port_monitor).
-export([main/0]).

main() ->
    undefined = erlang:system_monitor(self(), [busy_port]),
    Waiting = waiting(),
    Set = erlang:system_monitor(undefined),
    {Waiting, Set =:= {self(), [busy_port]}, waiting()}.

waiting() ->
    Port = open_port({spawn, "sleep 20"}, [binary]),
    {Pid, Monitor} = spawn_monitor(fun() -> fill(Port) end),
    Told = receive
        {monitor, Pid, busy_port, Port} -> told;
        {monitor, _, _, _} = Other -> Other
    after 1000 -> nothing
    end,
    Status = process_info(Pid, status),
    exit(Pid, kill),
    receive {'DOWN', Monitor, process, Pid, killed} -> ok end,
    port_close(Port),
    {Told, Status}.

fill(Port) ->
    port_command(Port, binary:copy(<<"x">>, 100000)),
    fill(Port).
