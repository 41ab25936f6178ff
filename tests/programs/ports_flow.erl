%% Ports that are busy, and senders that wait for them.
-module(ports_flow).
-export([main/0]).

main() ->
    process_flag(trap_exit, true),
    [{Name, prog:outcome(Test)}
     || {Name, Test} <- [{slow, fun slow/0}, {refused, fun refused/0}, {message, fun message/0},
                         {many_senders, fun many_senders/0}, {killed_sender, fun killed_sender/0},
                         {closed_while_busy, fun closed_while_busy/0},
                         {flushed, fun flushed/0}, {unlimited, fun unlimited/0}]].

%% Reads when told to, by a file.
slow_reader() ->
    Go = lists:concat(["/tmp/joist_ports_flow.", os:getpid(), ".", erlang:unique_integer([positive])]),
    {Go, open_port({spawn, "sh -c 'while [ ! -e " ++ Go ++ " ]; do sleep 0.02; done; rm " ++ Go ++ "; exec wc -c'"},
                   [{line, 100}])}.

go(Go) -> P = open_port({spawn, "touch " ++ Go}, [eof]), receive {P, eof} -> port_close(P) end,
          receive {'EXIT', P, normal} -> ok end.

fill(Port, Size) -> Chunk = binary:copy(<<"f">>, 1000), fill(Port, Chunk, Size).
fill(Port, Chunk, Size) ->
    case port_command(Port, Chunk, [nosuspend]) of
        true when Size < 10000000 -> fill(Port, Chunk, Size + 1000);
        false -> Size
    end.

status(Pid) -> element(2, process_info(Pid, status)).

slow() ->
    {Go, Port} = slow_reader(),
    Filled = fill(Port, 0),
    Self = self(),
    Sender = spawn(fun() -> Self ! {self(), port_command(Port, "late")} end),
    timer:sleep(30),
    A = status(Sender),
    B = receive {Sender, _} -> early after 0 -> waiting end,
    go(Go),
    C = receive {Sender, D} -> D after 5000 -> timeout end,
    exit(Port, kill),
    receive {'EXIT', Port, E} -> ok end,
    {Filled > 60000, A, B, C, E}.

refused() ->
    {Go, Port} = slow_reader(),
    fill(Port, 0),
    A = port_command(Port, "x", [nosuspend]),
    B = erlang:send_nosuspend(Port, {self(), {command, "x"}}),
    C = erlang:send(Port, {self(), {command, "x"}}, [nosuspend]),
    D = catch port_command(Port, "x", [force]),
    E = erlang:send(Port, {self(), {connect, self()}}, [nosuspend]),
    F = receive {Port, connected} -> connected after 1000 -> none end,
    go(Go),
    exit(Port, kill),
    receive {'EXIT', Port, killed} -> ok end,
    {A, B, C, element(1, D), element(1, element(2, D)), E, F}.

message() ->
    {Go, Port} = slow_reader(),
    fill(Port, 0),
    Self = self(),
    Sender = spawn(fun() -> Port ! {Self, {command, "one"}}, Port ! {Self, {command, "two"}}, Self ! {self(), sent} end),
    timer:sleep(30),
    A = status(Sender),
    go(Go),
    B = receive {Sender, sent} -> sent after 5000 -> timeout end,
    exit(Port, kill),
    receive {'EXIT', Port, killed} -> ok end,
    {A, B}.

many_senders() ->
    {Go, Port} = slow_reader(),
    Self = self(),
    Chunk = binary:copy(<<"m">>, 3000),
    Senders = [spawn(fun() -> [port_command(Port, Chunk) || _ <- lists:seq(1, 50)], Self ! {self(), done} end)
               || _ <- lists:seq(1, 20)],
    timer:sleep(50),
    go(Go),
    A = [receive {S, done} -> done after 10000 -> timeout end || S <- Senders],
    Port ! {self(), close},
    receive {Port, closed} -> ok end,
    receive {'EXIT', Port, normal} -> ok end,
    lists:usort(A).

killed_sender() ->
    {Go, Port} = slow_reader(),
    fill(Port, 0),
    {Sender, Monitor} = spawn_monitor(fun() -> port_command(Port, "never") end),
    timer:sleep(20),
    exit(Sender, kill),
    A = receive {'DOWN', Monitor, process, Sender, R} -> R after 1000 -> timeout end,
    go(Go),
    exit(Port, kill),
    receive {'EXIT', Port, killed} -> ok end,
    A.

closed_while_busy() ->
    {Go, Port} = slow_reader(),
    fill(Port, 0),
    Self = self(),
    Sender = spawn(fun() -> Self ! {self(), catch port_command(Port, "late"), catch (Port ! {Self, {command, "x"}})} end),
    timer:sleep(30),
    exit(Port, kill),
    A = receive {Sender, {'EXIT', {R, _}}, _} -> R; {Sender, Other, _} -> Other after 2000 -> timeout end,
    receive {'EXIT', Port, killed} -> ok end,
    go(Go),
    A.

%% What a closed port still has is written.
flushed() ->
    Out = "/tmp/joist_ports_flushed." ++ os:getpid(),
    Port = open_port({spawn, "sh -c 'sleep 0.1; cat > " ++ Out ++ "; mv " ++ Out ++ " " ++ Out ++ ".done'"}, [out]),
    Size = 1000000,
    port_command(Port, binary:copy(<<"z">>, Size)),
    true = port_close(Port),
    A = is_list(erlang:port_info(Port)),
    receive {'EXIT', Port, normal} -> ok end,
    Reader = open_port({spawn, "sh -c 'while [ ! -e " ++ Out ++ ".done ]; do sleep 0.02; done; wc -c < " ++ Out ++ ".done; rm " ++ Out ++ ".done'"},
                       [{line, 100}]),
    {data, {eol, Text}} = receive {Reader, M} -> M after 10000 -> {data, {eol, timeout}} end,
    receive {'EXIT', Reader, normal} -> ok end,
    {A, Text}.

unlimited() ->
    [begin
         Port = open_port({spawn, "sleep 2"}, [out | Options]),
         A = [port_command(Port, binary:copy(<<"u">>, 100000), [nosuspend]) || _ <- lists:seq(1, 3)],
         exit(Port, kill),
         receive {'EXIT', Port, killed} -> A end
     end || Options <- [[{busy_limits_port, disabled}], [{busy_limits_port, {100, 1000000}}],
                        [{busy_limits_port, {100, 100}}, {busy_limits_msgq, disabled}],
                        [{busy_limits_msgq, {10, 100000}}]]].
