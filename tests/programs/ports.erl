%% Ports to OS processes: data in all framings, exit statuses, environments, arguments, ends.
-module(ports).
-export([main/0]).

main() ->
    process_flag(trap_exit, true),
    [{Name, prog:outcome(Test)}
     || {Name, Test} <- [{echo, fun echo/0}, {statuses, fun statuses/0}, {packets, fun packets/0},
                         {lines, fun lines/0}, {surroundings, fun surroundings/0},
                         {arguments, fun arguments/0}, {directions, fun directions/0},
                         {wrong, fun wrong/0}, {ends, fun ends/0}, {owners, fun owners/0},
                         {links, fun links/0}, {monitors, fun monitors/0}, {names, fun names/0},
                         {information, fun information/0}, {data, fun data/0}, {many, fun many/0},
                         {large, fun large/0}, {eofs, fun eofs/0}, {killed, fun killed/0}]].

open(Command, Options) -> open_port({spawn, Command}, Options).

%% What a port says until it ends, data joined.
collect(Port) -> collect(Port, [], []).
collect(Port, Data, Others) ->
    receive
        {Port, {data, D}} -> collect(Port, [Data, D], Others);
        {Port, {exit_status, S}} -> collect(Port, Data, [{exit_status, S} | Others]);
        {Port, Other} -> collect(Port, Data, [Other | Others]);
        {'EXIT', Port, Reason} -> {iolist_to_binary(Data), lists:reverse(Others), Reason}
    after 10000 -> {iolist_to_binary(Data), lists:reverse(Others), timeout}
    end.

next(Port) ->
    receive
        {Port, Message} -> Message;
        {'EXIT', Port, Reason} -> {exit, Reason}
    after 10000 -> timeout
    end.

quiet() -> receive Message -> {unexpected, element(2, Message)} after 50 -> quiet end.

try_it(Fun) -> try Fun() catch Class:Reason -> {Class, Reason} end.

echo() ->
    Port = open("cat", [binary]),
    true = port_command(Port, "hello"),
    A = next(Port),
    Port ! {self(), {command, ["a", <<"b">>, [$c | <<"d">>]]}},
    B = next(Port),
    C = open("cat", []),
    port_command(C, <<"list">>),
    D = next(C),
    true = port_close(Port),
    E = next(Port),
    C ! {self(), close},
    F = [next(C), next(C)],
    {A, B, D, E, F, quiet()}.

statuses() ->
    [collect(open(Command, [exit_status, binary]))
     || Command <- ["true", "false", "sh -c 'echo out; exit 7'", "sh -c 'kill -9 $$'",
                    "sh -c 'kill -TERM $$'", "/nonexistent/program", "sh -c 'echo a; sleep 0.1; echo b'",
                    "printf '%s' \"two words\""]].

packets() ->
    [begin
         Port = open("cat", [{packet, N}, Binary]),
         Short = "short",
         [port_command(Port, X) || X <- [Short, "", lists:duplicate(200, $x), [1, 0, 255]]],
         Received = [next(Port) || _ <- lists:seq(1, 4)],
         Longer = case N of
                      4 -> port_command(Port, binary:copy(<<"y">>, 100000)), byte_count(next(Port));
                      2 -> port_command(Port, binary:copy(<<"y">>, 65535)), byte_count(next(Port));
                      1 -> none
                  end,
         TooLong = case N of
                       1 -> port_command(Port, binary:copy(<<"z">>, 256)), next(Port);
                       2 -> port_command(Port, binary:copy(<<"z">>, 65536)), next(Port);
                       4 -> port_close(Port), next(Port)
                   end,
         {Received, Longer, TooLong}
     end || N <- [1, 2, 4], Binary <- [binary, hide]].

byte_count({data, D}) -> {data, iolist_size(D)};
byte_count(Other) -> Other.

lines() ->
    Command = "printf 'one\\ntwo\\r\\n\\n\\r\\na long line here\\nwith \\r inside\\r\\r\\nrest'",
    [lines_of(open(Command, [Line | Options]))
     || Line <- [line, {line, 3}, {line, 4}, {line, 6}], Options <- [[], [binary], [eof, binary]]].

lines_of(Port) ->
    case next(Port) of
        {data, D} -> [D | lines_of(Port)];
        eof -> port_close(Port), [eof, next(Port)];
        Other -> [Other]
    end.

surroundings() ->
    os:putenv("JOIST_PORT_GLOBAL", "global"),
    Show = "sh -c 'echo \"$JOIST_PORT_GLOBAL,$JOIST_PORT_OWN,${HOME+home},$JOIST_U\"'",
    Environments = [[], [{"JOIST_PORT_OWN", "own"}], [{"JOIST_PORT_GLOBAL", false}],
                    [{"JOIST_PORT_OWN", "a=b"}, {"JOIST_PORT_GLOBAL", []}, {"HOME", false}],
                    [{"JOIST_U", [229, 228, 246, 8364]}]],
    A = [collect(open(Show, [{env, E}, binary, exit_status])) || E <- Environments],
    B = [collect(open("pwd", [{cd, Cd}, binary, exit_status])) || Cd <- ["/", <<"/tmp">>, '/usr']],
    C = element(2, collect(open("true", [{cd, "/no/such/folder"}, binary, exit_status]))),
    D = collect(open("sh -c 'echo error >&2'", [stderr_to_stdout, binary, exit_status])),
    os:unsetenv("JOIST_PORT_GLOBAL"),
    {A, B, C, D}.

arguments() ->
    Sh = "/bin/sh",
    Printf = "for a in \"$0\" \"$@\"; do printf '%s|' \"$a\"; done",
    Run = fun(Options) ->
                  collect(open_port({spawn_executable, Sh}, [binary, exit_status | Options]))
          end,
    Results =
    [Run([{args, ["-c", Printf]}]),
     Run([{args, ["-c", Printf, "name", "two words", "", "tab\tq'\"\\$HOME", [229, 8364]]}]),
     Run([{args, ["-c", <<"echo \"$0\"">>, <<"raw", 195, 165>>, atom]}]),
     Run([{arg0, "zero"}, {args, ["-c", "cat /proc/$$/cmdline | tr '\\0' '|'"]}]),
     Run([{args, ["-c", "exit 3"]}, {arg0, "other"}]),
     [try_it(fun() -> is_port(open_port({spawn_executable, P}, O)) end)
      || {P, O} <- [{"/nonexistent", []}, {"/etc/passwd", []}, {"/tmp", []}, {"sh", []}, {Sh, [{args, x}]},
                    {Sh, [{args, [1]}]}, {Sh, [{arg0, 1}]}, {"/nonexistent/x/y", [{args, []}]}]]],
    {Results, receive {'EXIT', _, Why} -> Why after 5000 -> none end}.

directions() ->
    In = open("echo in", [in, binary]),
    A = collect(In),
    Out = open("cat >/dev/null", [out]),
    B = {port_command(Out, "x"), port_close(Out), next(Out)},
    Other = open("sh -c 'cat <&3 >&4'", [nouse_stdio, binary]),
    port_command(Other, "through 3 and 4"),
    C = next(Other),
    port_close(Other),
    {A, B, C, next(Other)}.

wrong() ->
    Wrong = [{{spawn}, []}, {{spawn, 1}, []}, {{spawn, ["a", -1]}, []}, {{spawn, "x", y}, []},
             {{spawn, "cat"}, foo}, {{spawn, "cat"}, [foo]}, {{spawn, "cat"}, [{packet, 3}]},
             {{spawn, "cat"}, [{packet, 1}, {line, 10}]}, {{spawn, "cat"}, [{line, 0}]},
             {{spawn, "cat"}, [{line, x}]}, {{spawn, "cat"}, [binary | x]}, {{spawn, "cat"}, [{env, x}]},
             {{spawn, "cat"}, [{env, [{"a", 1}]}]}, {{spawn, "cat"}, [{env, [x]}]},
             {{spawn, "cat"}, [{args, ["a"]}]}, {{spawn, "cat"}, [{arg0, "a"}]}, {{spawn, "cat"}, [{cd, 1}]},
             {{spawn, "cat"}, [stderr_to_stdout, nouse_stdio]}, {{spawn, "cat"}, [{parallelism, x}]},
             {{spawn, "cat"}, [{busy_limits_port, {0, 1}}]}, {{spawn, "cat"}, [{busy_limits_msgq, x}]},
             {{fd, 0}, []}, {{fd, a, b}, []}, {{fd, 0, 1}, [exit_status]}, {{spawn_driver, "none"}, []},
             {{spawn_driver, 1}, []}, {{}, []}, {1, []}, {"/no/such/folder/file", [out]}, {"", []}],
    Closed = open("cat", []),
    port_close(Closed),
    next(Closed),
    Open = open("cat", []),
    Calls = [fun() -> port_command(Closed, "x") end, fun() -> port_command(Closed, "x", []) end,
             fun() -> port_command(none_such, "x") end, fun() -> port_command(Open, x) end,
             fun() -> port_command(Open, [256]) end, fun() -> port_command(Open, "x", [x]) end,
             fun() -> port_command(Open, "x", [force]) end, fun() -> port_command(Open, "x", x) end,
             fun() -> port_command(self(), "x") end, fun() -> port_control(Open, 1, "x") end,
             fun() -> port_control(Open, -1, "x") end, fun() -> port_control(Open, a, "x") end,
             fun() -> port_control(Closed, 1, "x") end, fun() -> erlang:port_call(Open, 1, x) end,
             fun() -> port_close(Closed) end, fun() -> port_close(x) end,
             fun() -> port_connect(Open, x) end, fun() -> port_connect(Closed, self()) end,
             fun() -> erlang:port_info(Closed) end, fun() -> erlang:port_info(1) end,
             fun() -> erlang:port_info(Open, x) end, fun() -> erlang:port_info(Open, 1) end,
             fun() -> erlang:port_info(self(), name) end, fun() -> erlang:port_info(no_such_name) end,
             fun() -> link(Closed) end, fun() -> unlink(Closed) end, fun() -> exit(Closed, x) end,
             fun() -> erlang:port_get_data(Closed) end, fun() -> erlang:port_set_data(Closed, 1) end,
             fun() -> Closed ! {self(), close}, sent end, fun() -> no_such_name ! x end,
             fun() -> register(a_closed_port, Closed) end],
    Results = [try_it(Call) || Call <- Calls],
    port_close(Open),
    Signals = flush(),
    {[try_it(fun() -> is_port(open_port(Name, Settings)) end) || {Name, Settings} <- Wrong], Results, Signals}.

flush() -> receive {'EXIT', P, R} when is_port(P) -> [{exit, R} | flush()]; {P, M} when is_port(P) -> [M | flush()]
           after 50 -> [] end.

ends() ->
    A = open("cat", []), exit(A, normal), RA = next(A),
    B = open("cat", []), exit(B, kill), RB = next(B),
    C = open("cat", []), exit(C, because), RC = next(C),
    D = open("cat", []), unlink(D), exit(D, because), RD = {quiet(), erlang:port_info(D)},
    E = open("cat", []), E ! bad, RE = next_any(),
    F = open("cat", []), F ! {self(), {command, bad}}, RF = next_any(),
    G = open("cat", []), Self = self(),
    Other = spawn(fun() -> G ! {self(), close}, G ! {Self, {connect, 1}}, Self ! done end),
    receive done -> ok end,
    RG = [next_any(), next_any()],
    G ! {self(), close},
    [port_close(P) || P <- [E, F]],
    {RA, RB, RC, RD, RE, RF, RG, is_pid(Other), lists:sort(flush())}.

next_any() -> receive {'EXIT', P, R} when is_port(P) -> {exit, R}; Other -> Other after 5000 -> timeout end.

owners() ->
    Self = self(),
    Port = open("cat", [binary]),
    Other = spawn(fun() -> owner(Self) end),
    A = port_connect(Port, Other),
    B = {lists:member(Port, element(2, process_info(Other, links))), erlang:port_info(Port, connected) =:= {connected, Other}},
    port_command(Port, "for other"),
    C = receive {Other, M} -> M after 5000 -> timeout end,
    %% A message that names somebody who is not the owner.
    Port ! {self(), {command, "x"}},
    D = receive {Other, M2} -> M2 after 5000 -> timeout end,
    unlink(Port),
    Other ! {give_back, Port},
    E = next(Port),
    port_command(Port, "mine again"),
    F = next(Port),
    %% The owner ends.
    Other ! stop,
    Port2 = open("cat", []),
    Third = spawn(fun() -> receive stop -> ok end end),
    port_connect(Port2, Third),
    unlink(Port2),
    Third ! stop,
    timer:sleep(50),
    G = erlang:port_info(Port2),
    catch port_close(Port),
    {A, B, C, D, E, F, G, flush()}.

owner(Parent) ->
    process_flag(trap_exit, true),
    receive
        {give_back, Port} ->
            Port ! {self(), {connect, Parent}},
            receive {Port, connected} -> Parent ! {Port, connected_seen} end,
            unlink(Port), owner(Parent);
        stop -> ok;
        {Port, Message} when is_port(Port) -> Parent ! {self(), Message}, owner(Parent);
        {'EXIT', Port, Reason} when is_port(Port) -> Parent ! {self(), {exit, Reason}}, owner(Parent);
        Other -> Parent ! {self(), Other}, owner(Parent)
    end.

links() ->
    %% A process that does not trap exits goes with its port.
    {Pid, Ref} = spawn_monitor(fun() -> P = open("cat", []), exit(P, with_you), receive x -> ok end end),
    A = receive {'DOWN', Ref, process, Pid, R} -> R end,
    {Pid2, Ref2} = spawn_monitor(fun() -> open("true", []), receive x -> ok after 300 -> survived end, exit(done) end),
    B = receive {'DOWN', Ref2, process, Pid2, R2} -> R2 end,
    Port = open("cat", []),
    Self = self(),
    Linked = spawn(fun() -> process_flag(trap_exit, true), link(Port), link(Port), Self ! linked,
                            receive {'EXIT', Port, Why} -> Self ! {told, Why} end end),
    receive linked -> ok end,
    C = length(element(2, erlang:port_info(Port, links))),
    exit(Port, over),
    D = receive {told, Why} -> Why end,
    {A, B, C, D, is_pid(Linked), next(Port)}.

monitors() ->
    Port = open("cat", []),
    M1 = erlang:monitor(port, Port),
    M2 = erlang:monitor(port, Port),
    A = process_info(self(), monitors) =:= {monitors, [{port, Port}, {port, Port}]},
    B = erlang:port_info(Port, monitored_by) =:= {monitored_by, [self(), self()]},
    true = erlang:demonitor(M2),
    register(joist_monitored, Port),
    M3 = erlang:monitor(port, joist_monitored),
    exit(Port, reason),
    C = [receive {'DOWN', M, port, Item, Why} -> {Item =:= Port, Item =:= {joist_monitored, node()}, Why} after 1000 -> none end
         || M <- [M1, M3, M2]],
    M4 = erlang:monitor(port, Port),
    D = receive {'DOWN', M4, port, Port, Why4} -> Why4 end,
    M5 = erlang:monitor(port, no_such_port_name),
    E = receive {'DOWN', M5, port, {no_such_port_name, _}, Why5} -> Why5 end,
    F = try_it(fun() -> erlang:monitor(port, self()) end),
    G = try_it(fun() -> erlang:monitor(process, Port) end),
    {A, B, C, D, E, F, G, flush()}.

names() ->
    Port = open("cat", [binary]),
    true = register(joist_port_name, Port),
    A = whereis(joist_port_name) =:= Port,
    joist_port_name ! {self(), {command, "by name"}},
    B = next(Port),
    true = port_command(joist_port_name, "too"),
    C = next(Port),
    {joist_port_name, node()} ! {self(), {command, "node"}},
    D = next(Port),
    E = erlang:port_info(joist_port_name, registered_name),
    F = try_it(fun() -> register(joist_port_name, Port) end),
    G = try_it(fun() -> register(another_name, Port) end),
    true = unregister(joist_port_name),
    H = erlang:port_info(Port, registered_name),
    register(joist_port_name, Port),
    port_close(joist_port_name),
    {A, B, C, D, E, F, G, H, whereis(joist_port_name), next(Port)}.

information() ->
    Port = open("cat", [binary, {parallelism, true}]),
    port_command(Port, "12345"),
    next(Port),
    {os_pid, Os} = erlang:port_info(Port, os_pid),
    Items = [erlang:port_info(Port, I) || I <- [name, input, output, registered_name, parallelism, locking,
                                                monitors, monitored_by, queue_size]],
    Links = erlang:port_info(Port, links) =:= {links, [self()]},
    Keys = [K || {K, _} <- erlang:port_info(Port)],
    IsListed = lists:member(Port, erlang:ports()),
    Text = list_to_port(port_to_list(Port)) =:= Port,
    port_close(Port),
    {is_integer(Os), Items, Links, Keys, IsListed, lists:member(Port, erlang:ports()), Text, is_port(Port), next(Port)}.

data() ->
    Port = open("cat", []),
    A = erlang:port_get_data(Port),
    B = erlang:port_set_data(Port, {term, [1, 2.5, "list"], <<0:800>>}),
    C = erlang:port_get_data(Port),
    erlang:port_set_data(Port, atom),
    D = erlang:port_get_data(Port),
    port_close(Port),
    {A, B, C, D, next(Port)}.

many() ->
    Ports = [open("sh -c 'read x; echo $x; exit 5'", [{line, 100}, exit_status]) || _ <- lists:seq(1, 200)],
    [port_command(P, [integer_to_list(I), $\n]) || {I, P} <- lists:zip(lists:seq(1, 200), Ports)],
    Lines = [begin {data, {eol, L}} = next(P), {exit_status, 5} = next(P), list_to_integer(L) end || P <- Ports],
    Ends = lists:usort([next(P) || P <- Ports]),
    {Lines =:= lists:seq(1, 200), Ends}.

large() ->
    Port = open("cat", [binary, stream]),
    Size = 50000000,
    Block = << <<(I rem 251)>> || I <- lists:seq(1, 1000000) >>,
    Self = self(),
    Reader = spawn_link(fun() -> Self ! {self(), read(Size, erlang:md5_init())} end),
    port_connect(Port, Reader),
    [true = port_command(Port, Block) || _ <- lists:seq(1, 50)],
    Got = receive {Reader, Md5} -> Md5 after 60000 -> timeout end,
    receive {'EXIT', Reader, normal} -> ok end,
    Expected = erlang:md5_final(lists:foldl(fun(_, C) -> erlang:md5_update(C, Block) end, erlang:md5_init(), lists:seq(1, 50))),
    unlink(Port),
    catch port_close(Port),
    flush(),
    Got =:= Expected.

read(0, Context) -> erlang:md5_final(Context);
read(Left, Context) ->
    receive {_, {data, D}} -> read(Left - byte_size(D), erlang:md5_update(Context, D)) after 30000 -> {left, Left} end.

eofs() ->
    Port = open("echo last", [eof, binary, exit_status]),
    A = lists:sort([next(Port), next(Port), next(Port)]),
    B = is_list(erlang:port_info(Port)),
    C = port_close(Port),
    {A, B, C, next(Port), quiet()}.

%% The child is killed, or closes its input.
killed() ->
    Port = open("sleep 100", [exit_status]),
    {os_pid, Pid} = erlang:port_info(Port, os_pid),
    os:cmd("kill -KILL " ++ integer_to_list(Pid)),
    A = collect(Port),
    Deaf = open("sh -c 'exec <&-; echo closed; exec sleep 100'", [exit_status, binary]),
    {os_pid, DeafPid} = erlang:port_info(Deaf, os_pid),
    B = next(Deaf),
    C = write_until_end(Deaf, 100),
    os:cmd("kill " ++ integer_to_list(DeafPid)),
    {A, B, C, flush()}.

write_until_end(_, 0) -> no_end;
write_until_end(Port, N) ->
    catch port_command(Port, "x"),
    receive {'EXIT', Port, Reason} -> Reason after 10 -> write_until_end(Port, N - 1) end.
