%% Sockets: packet types, flow control, ends of connections, files, names and interfaces.
-module(sockets_more).
-export([main/0]).
main() ->
    [{K, apart(fun() -> run(K) end)}
     || K <- [line, http, http_active, other_packets, header, deliver_port, active_counted,
              exit_on_close, reset, hidden_reset, send_timeout, busy, watermarks, pending_close,
              delay_send, put_back, lent, owner, monitors, acceptor_dies, listener_closes,
              port_information, statistics, sendfile, raw, inet6, udp_local, udp_connected,
              udp_notes, multicast, names, interfaces, errors, many]].

%% In a process of its own, so that nothing is left over.
apart(Fun) ->
    {_, Ref} = spawn_monitor(fun() -> exit({result, try Fun() catch C:R -> {C, R} end}) end),
    receive {'DOWN', Ref, _, _, Reason} -> Reason end.

listen(Options) ->
    {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}} | Options]),
    {ok, P} = inet:port(L),
    {L, P}.

pair(Options) ->
    {L, P} = listen(Options),
    {ok, C} = gen_tcp:connect({127,0,0,1}, P, Options),
    {ok, S} = gen_tcp:accept(L),
    gen_tcp:close(L),
    {C, S}.

got() -> receive M -> M after 5000 -> nothing end.
%% What has come, with the socket's name replaced.
got(S) -> case got() of T when is_tuple(T) -> setelement(2, T, element(2, T) =:= S); X -> X end.

run(line) ->
    {C, S} = pair([list, {active, false}, {packet, line}, {buffer, 20}]),
    ok = gen_tcp:send(C, "one\ntwo\r\nthis line is longer than the buffer\n;x;y"),
    A = [gen_tcp:recv(S, 0) || _ <- lists:seq(1, 4)],
    inet:setopts(S, [{line_delimiter, $;}]),
    B = [gen_tcp:recv(S, 0, 1000) || _ <- [1, 2]],
    {A, B};
run(http) ->
    [begin
         {C, S} = pair([list, {active, false}, {packet, Type}]),
         inet:setopts(C, [{packet, raw}]),
         ok = gen_tcp:send(C, "GET /a/b?c HTTP/1.1\r\nHost: me\r\nX-Odd: a\r\n b\r\n\r\n"
                           "HTTP/1.0 404 Not Found\r\n\r\nrubbish\r\nbody"),
         A = [gen_tcp:recv(S, 0) || _ <- lists:seq(1, 7)],
         inet:setopts(S, [{packet, raw}]),
         {A, gen_tcp:recv(S, 4)}
     end || Type <- [http, http_bin]];
run(http_active) ->
    {C, S} = pair([list, {active, true}, {packet, http}]),
    inet:setopts(C, [{packet, raw}]),
    ok = gen_tcp:send(C, "POST http://h:80/x HTTP/1.1\r\nContent-Length: 2\r\n\r\n"),
    [got(S) || _ <- [1, 2, 3]];
run(other_packets) ->
    {C, S} = pair([binary, {active, false}, {packet, asn1}]),
    inet:setopts(C, [{packet, raw}]),
    ok = gen_tcp:send(C, <<48,3,1,2,3,48,1,7>>),
    {gen_tcp:recv(S, 0), gen_tcp:recv(S, 0),
     [begin
          inet:setopts(S, [{packet, Type}]),
          ok = gen_tcp:send(C, Bytes),
          {Type, gen_tcp:recv(S, 0, 1000), gen_tcp:recv(S, 0, 1000)}
      end || {Type, Bytes} <- [{sunrm, <<128,0,0,2,1,2,128,0,0,1,9>>},
                               {tpkt, <<3,0,0,6,1,2,3,0,0,5,1>>},
                               {fcgi, <<1,2,0,1,0,2,1,0,7,8,0,1,2,0,1,0,0,0,0>>}]],
     inet:setopts(S, [{packet, 4}, {packet_size, 10}]),
     gen_tcp:send(C, <<100:32, 0>>), gen_tcp:recv(S, 0), gen_tcp:recv(S, 0)};
run(header) ->
    {C, S} = pair([binary, {active, false}, {header, 2}]),
    ok = gen_tcp:send(C, <<1, 2, 3, 4>>),
    A = gen_tcp:recv(S, 4),
    ok = gen_tcp:send(C, <<1>>),
    {A, gen_tcp:recv(S, 1)};
run(deliver_port) ->
    {C, S} = pair([binary, {active, false}, {packet, 2}]),
    inet:setopts(S, [{deliver, port}, {active, true}]),
    ok = gen_tcp:send(C, "abc"),
    case got() of {P, {data, D}} -> {P =:= S, D}; X -> X end;
run(active_counted) ->
    {C, S} = pair([binary, {active, false}, {packet, 1}]),
    inet:setopts(S, [{active, 2}]),
    [ok = gen_tcp:send(C, [X]) || X <- "abcd"],
    A = [got(S) || _ <- [1, 2, 3]],
    B = inet:getopts(S, [active]),
    inet:setopts(S, [{active, 1}, {active, 1}]),
    D = [got(S) || _ <- [1, 2, 3]],
    {A, B, D, inet:setopts(S, [{active, 40000}]), inet:setopts(S, [{active, 30000}, {active, 30000}]),
     inet:setopts(S, [{active, -32768}]), got(S), inet:getopts(S, [active])};
run(exit_on_close) ->
    {C, S} = pair([binary, {active, true}, {exit_on_close, false}]),
    gen_tcp:shutdown(C, write),
    A = got(S),
    ok = gen_tcp:send(S, "still"),
    {A, got(C), is_list(erlang:port_info(S)), gen_tcp:close(S), got(C)};
run(reset) ->
    [begin
         {C, S} = pair([binary, {active, Active}, {show_econnreset, true}]),
         inet:setopts(C, [{linger, {true, 0}}]),
         gen_tcp:close(C),
         case Active of
             true -> [got(S), got(S)];
             false -> [gen_tcp:recv(S, 0), gen_tcp:recv(S, 0), gen_tcp:send(S, "x")]
         end
     end || Active <- [true, false]];
run(hidden_reset) ->
    {C, S} = pair([binary, {active, false}]),
    inet:setopts(C, [{linger, {true, 0}}]),
    gen_tcp:close(C),
    [gen_tcp:recv(S, 0), gen_tcp:send(S, "x"), gen_tcp:send(S, "x")];
run(send_timeout) ->
    [begin
         {C, _S} = pair([binary, {active, false}, {send_timeout, 100}, {send_timeout_close, Close},
                         {sndbuf, 4096}, {recbuf, 4096}]),
         {fill(C), Close, gen_tcp:send(C, "x") =:= {error, closed} orelse still}
     end || Close <- [false]];
run(busy) ->
    {C, S} = pair([binary, {active, false}, {sndbuf, 4096}, {recbuf, 4096}]),
    Me = self(),
    P = spawn_link(fun() ->
                           [ok = gen_tcp:send(C, <<0:80000>>) || _ <- lists:seq(1, 100)],
                           Me ! {self(), done}
                   end),
    timer:sleep(100),
    A = receive {P, done} -> early after 0 -> waits end,
    B = prim_inet:send(C, "x", [nosuspend]),
    {ok, _} = gen_tcp:recv(S, 1000000, 10000),
    {A, B, receive {P, done} -> done after 5000 -> no end};
run(watermarks) ->
    {C, _} = pair([{high_watermark, 1000}, {low_watermark, 2000}]),
    A = inet:getopts(C, [high_watermark, low_watermark]),
    inet:setopts(C, [{high_watermark, 500}]),
    B = inet:getopts(C, [high_watermark, low_watermark]),
    inet:setopts(C, [{high_msgq_watermark, 100}, {low_msgq_watermark, 50}]),
    {A, B, inet:getopts(C, [high_msgq_watermark, low_msgq_watermark]),
     inet:setopts(C, [{high_msgq_watermark, 0}])};
run(pending_close) ->
    {C, S} = pair([binary, {active, false}, {high_watermark, 100000000}]),
    Data = binary:copy(<<"0123456789">>, 1000000),
    spawn(fun() -> timer:sleep(50), receive after 0 -> ok end end),
    ok = gen_tcp:send(C, Data),
    spawn_link(fun() -> timer:sleep(100), receive go -> ok after 0 -> ok end end),
    Me = self(),
    spawn_link(fun() -> Me ! {read, gen_tcp:recv(S, byte_size(Data), 10000)} end),
    ok = gen_tcp:close(C),
    receive {read, {ok, D}} -> D =:= Data after 10000 -> no end;
run(delay_send) ->
    {C, S} = pair([binary, {active, false}, {delay_send, true}]),
    [ok = gen_tcp:send(C, [X]) || X <- "abc"],
    gen_tcp:recv(S, 3, 5000);
run(put_back) ->
    {C, S} = pair([binary, {active, false}]),
    ok = gen_tcp:send(C, "def"),
    {ok, <<"d">>} = gen_tcp:recv(S, 1),
    ok = gen_tcp:unrecv(S, <<"abcd">>),
    {gen_tcp:recv(S, 6), inet:setopts(S, [{active, true}]), gen_tcp:unrecv(S, "zz"), got(S)};
run(lent) ->
    {L, P} = listen([{active, false}]),
    {ok, Fd} = inet:getfd(L),
    {ok, L2} = gen_tcp:fdopen(Fd, []),
    {ok, C} = gen_tcp:connect({127,0,0,1}, P, [{active, false}]),
    gen_tcp:send(C, "x"),
    {is_port(L2), element(1, gen_tcp:accept(L)), inet:port(L2) =:= {ok, P}};
run(owner) ->
    {C, S} = pair([binary, {active, true}]),
    Me = self(),
    P = spawn_link(fun() -> receive go -> ok end, Me ! {told, got(S)}, receive stop -> ok end end),
    A = gen_tcp:controlling_process(S, P),
    P ! go,
    ok = gen_tcp:send(C, "abc"),
    B = receive {told, M} -> M after 5000 -> no end,
    {A, B, gen_tcp:controlling_process(C, P), gen_tcp:controlling_process(C, self())};
run(monitors) ->
    {C, S} = pair([]),
    R = inet:monitor(C),
    gen_tcp:close(C),
    A = receive {'DOWN', R, Kind, C, I} -> {Kind, I} after 5000 -> no end,
    receive {tcp_closed, S} -> ok after 5000 -> no end,
    {A, inet:cancel_monitor(R)};
run(acceptor_dies) ->
    {L, P} = listen([{active, false}]),
    Ps = [spawn(fun() -> gen_tcp:accept(L) end) || _ <- [1, 2, 3]],
    timer:sleep(50),
    A = [length(M) || {monitors, M} <- [erlang:port_info(L, monitors)]],
    [exit(X, kill) || X <- Ps],
    timer:sleep(50),
    B = erlang:port_info(L, monitors),
    {ok, C} = gen_tcp:connect({127,0,0,1}, P, []),
    {A, B, element(1, gen_tcp:accept(L, 1000)), gen_tcp:close(C)};
run(listener_closes) ->
    {L, _} = listen([]),
    Me = self(),
    [spawn_link(fun() -> Me ! {result, gen_tcp:accept(L)} end) || _ <- [1, 2]],
    timer:sleep(50),
    gen_tcp:close(L),
    [receive {result, R} -> R after 5000 -> no end || _ <- [1, 2]];
run(port_information) ->
    {C, S} = pair([binary, {active, false}]),
    ok = gen_tcp:send(C, "12345"),
    {ok, _} = gen_tcp:recv(S, 5),
    Self = self(),
    {[erlang:port_info(C, I) || I <- [name, output, queue_size, os_pid, locking, parallelism]],
     erlang:port_info(S, input), erlang:port_info(C, links) =:= {links, [Self]},
     erlang:port_info(C, connected) =:= {connected, Self}, inet:info(C) =/= []};
run(statistics) ->
    {C, S} = pair([binary, {active, false}]),
    [ok = gen_tcp:send(C, <<0:(8 * N)>>) || N <- [1, 2, 3, 10]],
    {ok, _} = gen_tcp:recv(S, 16),
    {inet:getstat(C, [send_cnt, send_max, send_avg, send_oct, send_pend]),
     inet:getstat(S, [recv_cnt, recv_max, recv_avg, recv_dvi, recv_oct]), inet:getstat(C, [odd])};
run(sendfile) ->
    File = filename:join("/tmp", "sockets_more." ++ os:getpid()),
    Data = binary:copy(<<"0123456789">>, 100000),
    ok = file:write_file(File, Data),
    {C, S} = pair([binary, {active, false}]),
    Me = self(),
    spawn_link(fun() -> Me ! {read, gen_tcp:recv(S, byte_size(Data), 10000)} end),
    A = file:sendfile(File, C),
    receive {read, {ok, D}} -> ok end,
    {ok, F} = file:open(File, [raw, read, binary]),
    B = file:sendfile(F, C, 5, 10, []),
    R = {A, D =:= Data, B, gen_tcp:recv(S, 10), file:sendfile("/nonexistent", C)},
    file:close(F),
    file:delete(File),
    R;
run(raw) ->
    {C, _} = pair([]),
    {inet:setopts(C, [{raw, 6, 4, <<30:32/native>>}]), inet:getopts(C, [{raw, 6, 4, 4}]),
     inet:getopts(C, [{raw, 6, 4, <<0:32>>}]), inet:getopts(C, [{raw, 999, 4, 4}]),
     inet:setopts(C, [{raw, 999, 4, <<0:32>>}])};
run(inet6) ->
    case gen_tcp:listen(0, [inet6, {ip, {0,0,0,0,0,0,0,1}}, {active, false}]) of
        {ok, L} ->
            {ok, P} = inet:port(L),
            {ok, C} = gen_tcp:connect({0,0,0,0,0,0,0,1}, P, [inet6, {active, false}]),
            {ok, S} = gen_tcp:accept(L),
            gen_tcp:send(C, "six"),
            {gen_tcp:recv(S, 3), element(1, element(2, inet:peername(S))),
             inet:getopts(L, [ipv6_v6only, tclass])};
        Error -> Error
    end;
run(udp_local) ->
    Name = fun(X) -> filename:join("/tmp", "sockets_more." ++ X ++ os:getpid()) end,
    {ok, A} = gen_udp:open(0, [local, {ifaddr, {local, Name("a")}}, {active, true}, binary]),
    {ok, B} = gen_udp:open(0, [local, {active, false}, binary]),
    ok = gen_udp:send(B, {local, Name("a")}, 0, "unnamed"),
    R1 = got(A),
    {ok, D} = gen_udp:open(0, [local, {ifaddr, {local, Name("d")}}, {active, false}, binary]),
    ok = gen_udp:send(D, {local, Name("a")}, 0, "named"),
    R2 = case got(A) of
             {udp, true, {local, N}, 0, X} -> {N =:= list_to_binary(Name("d")), X};
             Y -> Y
         end,
    file:delete(Name("a")), file:delete(Name("d")),
    {R1, R2};
run(udp_connected) ->
    {ok, A} = gen_udp:open(0, [{ip, {127,0,0,1}}, {active, false}, binary]),
    {ok, B} = gen_udp:open(0, [{ip, {127,0,0,1}}, {active, false}, binary]),
    {ok, PA} = inet:port(A), {ok, PB} = inet:port(B),
    ok = gen_udp:connect(A, {127,0,0,1}, PB),
    ok = gen_udp:send(A, "conn"),
    {ok, {_, PA, X}} = gen_udp:recv(B, 0, 5000),
    gen_udp:close(B),
    ok = gen_udp:send(A, "lost"),
    {X, inet:peername(A) =:= {ok, {{127,0,0,1}, PB}}, gen_udp:recv(A, 0, 1000),
     gen_udp:recv(A, 0, 20)};
run(udp_notes) ->
    {ok, A} = gen_udp:open(0, [{ip, {127,0,0,1}}, {active, false}, binary]),
    {ok, B} = gen_udp:open(0, [{ip, {127,0,0,1}}, {active, true}, {recvtos, true}, {recvttl, true}]),
    {ok, PB} = inet:port(B),
    ok = gen_udp:send(A, {{127,0,0,1}, PB}, [{tos, 16}, {ttl, 9}], "noted"),
    case got(B) of
        {udp, true, IP, _, Notes, Data} -> {IP, lists:sort(Notes), Data};
        X -> X
    end;
run(multicast) ->
    {ok, A} = gen_udp:open(0, [{ip, {127,0,0,1}}]),
    {inet:setopts(A, [{multicast_ttl, 3}, {multicast_loop, false}]),
     inet:getopts(A, [multicast_ttl, multicast_loop, broadcast]),
     inet:setopts(A, [{multicast_if, {127,0,0,1}}]),
     inet:setopts(A, [{add_membership, {{224,0,0,5}, {127,0,0,1}}}]),
     inet:setopts(A, [{drop_membership, {{224,0,0,5}, {127,0,0,1}}}]),
     inet:setopts(A, [{add_membership, {{0,0,0,0,0,0,0,1}, 1}}])};
run(names) ->
    {inet:gethostname(), inet:gethostbyname("localhost"), inet:getaddr("localhost", inet),
     inet:getaddr("127.0.0.1", inet), inet:gethostbyaddr({127,0,0,1}),
     inet:getservbyname(http, tcp), inet:getservbyport(80, tcp), inet:getservbyname(none, tcp)};
run(interfaces) ->
    {ok, All} = inet:getifaddrs(),
    {ok, Names} = inet:getiflist(),
    {lists:keyfind("lo", 1, All), lists:sort([N || {N, _} <- All]), lists:sort(Names),
     inet:ifget("lo", [addr, netmask, flags, mtu, hwaddr, broadaddr, dstaddr]),
     inet:ifget("nothing", [addr, flags])};
run(errors) ->
    {L, P} = listen([]),
    {C, _S} = pair([{active, true}]),
    {gen_tcp:listen(P, [{ip, {127,0,0,1}}]), gen_tcp:recv(C, 0), gen_tcp:accept(C, 10),
     gen_tcp:send(L, "x"), gen_tcp:recv(L, 0), gen_tcp:connect({local, "/nonexistent/x"}, 0, []),
     gen_tcp:listen(0, [{ifaddr, {local, "/nonexistent/x"}}]), inet:peername(L),
     gen_tcp:shutdown(L, write), inet:setopts(C, [{buffer, x}]),
     [try erlang:port_control(C, 16#03f1a300 + N, Data) catch error:E -> E end
      || {N, Data} <- [{-1, []}, {99, []}, {7, <<22, 0>>}, {8, <<200>>}, {11, <<77>>}]]};
run(many) ->
    {L, P} = listen([binary, {active, false}, {packet, 2}, {backlog, 200}]),
    spawn_link(fun() -> serve(L) end),
    Me = self(),
    [spawn_link(fun() ->
                        {ok, C} = gen_tcp:connect({127,0,0,1}, P,
                                                  [binary, {active, false}, {packet, 2}]),
                        R = [begin
                                 ok = gen_tcp:send(C, <<I:32, K:32>>),
                                 {ok, <<I:32, K:32>>} = gen_tcp:recv(C, 0, 10000)
                             end || K <- lists:seq(1, 20)],
                        gen_tcp:close(C),
                        Me ! {self(), length(R)}
                end) || I <- lists:seq(1, 100)],
    lists:sum([receive {_, N} when is_integer(N) -> N after 20000 -> 0 end
               || _ <- lists:seq(1, 100)]).

%% Until its owner, which has all answers, ends and closes it.
serve(L) ->
    case gen_tcp:accept(L) of
        {ok, S} ->
            gen_tcp:controlling_process(S, spawn_link(fun() -> echo(S) end)),
            serve(L);
        {error, closed} ->
            ok
    end.

echo(S) ->
    case gen_tcp:recv(S, 0) of
        {ok, D} -> gen_tcp:send(S, D), echo(S);
        {error, _} -> ok
    end.

fill(C) ->
    case gen_tcp:send(C, <<0:80000>>) of ok -> fill(C); Error -> Error end.
