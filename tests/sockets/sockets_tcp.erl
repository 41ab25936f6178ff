%% Sockets over the machine itself: passive and active, packets, options, errors.
-module(sockets_tcp).
-export([main/0]).
main() ->
    [{K, try run(K) catch C:R -> {C, R} end}
     || K <- [open, passive, active, packets, once, refused, close, options, acceptors, timeouts,
              big, local, udp]].

listen(Options) ->
    {ok, L} = gen_tcp:listen(0, [{ip, {127,0,0,1}}, {reuseaddr, true} | Options]),
    {ok, P} = inet:port(L),
    {L, P}.

pair(Options) ->
    {L, P} = listen(Options),
    {ok, C} = gen_tcp:connect({127,0,0,1}, P, Options),
    {ok, S} = gen_tcp:accept(L),
    gen_tcp:close(L),
    {C, S}.

run(open) ->
    {L, P} = listen([binary]),
    R = {is_port(L), is_integer(P), inet:sockname(L) =:= {ok, {{127,0,0,1}, P}}},
    {R, gen_tcp:close(L)};
run(passive) ->
    {C, S} = pair([binary, {active, false}]),
    ok = gen_tcp:send(C, "hello"),
    A = gen_tcp:recv(S, 5),
    ok = gen_tcp:send(S, <<"world!">>),
    B = gen_tcp:recv(C, 0),
    gen_tcp:close(S),
    {A, B, gen_tcp:recv(C, 0), gen_tcp:recv(C, 0), gen_tcp:send(C, "x")};
run(active) ->
    {C, S} = pair([list, {active, true}]),
    ok = gen_tcp:send(C, "hello"),
    A = receive {tcp, S, X} -> X after 5000 -> no end,
    gen_tcp:close(C),
    B = receive {tcp_closed, S} -> closed after 5000 -> no end,
    timer:sleep(100),  % the port goes behind its last message
    {A, B, gen_tcp:send(S, "x")};
run(packets) ->
    [begin
         {C, S} = pair([binary, {active, false}, {packet, N}]),
         [ok = gen_tcp:send(C, D) || D <- ["a", "", lists:duplicate(200, $x)]],
         R = [gen_tcp:recv(S, 0) || _ <- [1, 2, 3]],
         gen_tcp:close(C),
         gen_tcp:close(S),
         R
     end || N <- [1, 2, 4]];
run(once) ->
    {C, S} = pair([binary, {active, once}, {packet, 4}]),
    [gen_tcp:send(C, binary:copy(<<I>>, I * 1000)) || I <- lists:seq(1, 20)],
    [receive
         {tcp, S, B} -> inet:setopts(S, [{active, once}]), {byte_size(B), binary:first(B)}
     after 5000 -> no
     end || _ <- lists:seq(1, 20)];
run(refused) ->
    {L, P} = listen([]),
    gen_tcp:close(L),
    {gen_tcp:connect({127,0,0,1}, P, []), gen_tcp:connect({127,0,0,1}, P, [], 1000)};
run(close) ->
    {C, S} = pair([{active, false}]),
    gen_tcp:shutdown(C, write),
    A = gen_tcp:recv(S, 0),
    {A, gen_tcp:send(S, "late"), gen_tcp:recv(C, 0), gen_tcp:close(S), gen_tcp:close(C),
     catch inet:port(C)};
run(options) ->
    {C, S} = pair([{active, false}]),
    O = [active, buffer, header, packet, mode, deliver, exit_on_close, high_watermark,
         low_watermark, send_timeout, send_timeout_close, delay_send, packet_size, nodelay,
         keepalive, linger, reuseaddr, high_msgq_watermark, low_msgq_watermark, show_econnreset,
         tos, priority],
    A = inet:getopts(C, O),
    B = inet:setopts(C, [{nodelay, true}, {active, 3}, {linger, {true, 2}}, {tos, 16},
                         {priority, 3}, {high_watermark, 100}, {buffer, 5}]),
    D = inet:getopts(C, O),
    {A, B, D, inet:setopts(C, [{active, bogus}]), inet:getopts(S, [bogus]),
     inet:getstat(S, [recv_cnt, recv_oct, send_pend]), prim_inet:getstatus(C)};
run(acceptors) ->
    {L, P} = listen([{active, false}]),
    Me = self(),
    Ps = [spawn(fun() ->
                        {ok, S} = gen_tcp:accept(L),
                        Me ! {self(), gen_tcp:recv(S, 0)}
                end) || _ <- lists:seq(1, 5)],
    timer:sleep(50),
    [begin
         {ok, C} = gen_tcp:connect({127,0,0,1}, P, []),
         ok = gen_tcp:send(C, integer_to_list(I))
     end || I <- lists:seq(1, 5)],
    lists:sort([receive {Pid, R} -> R after 5000 -> no end || Pid <- Ps]);
run(timeouts) ->
    {L, _} = listen([]),
    A = gen_tcp:accept(L, 50),
    {C, S} = pair([{active, false}]),
    B = gen_tcp:recv(C, 0, 50),
    ok = gen_tcp:send(S, "abc"),
    {A, B, gen_tcp:recv(C, 5, 50), gen_tcp:recv(C, 3, 50)};
run(big) ->
    {C, S} = pair([binary, {active, false}]),
    B = list_to_binary([I * 7 rem 256 || I <- lists:seq(1, 5000000)]),
    spawn(fun() -> gen_tcp:send(C, B) end),
    {ok, R} = gen_tcp:recv(S, 5000000, 60000),
    {R =:= B, gen_tcp:recv(S, 0, 50)};
run(local) ->
    File = filename:join("/tmp", "sockets_tcp." ++ os:getpid()),
    {ok, L} = gen_tcp:listen(0, [{ifaddr, {local, File}}, {active, false}]),
    {ok, C} = gen_tcp:connect({local, File}, 0, [local, {active, false}]),
    {ok, S} = gen_tcp:accept(L),
    gen_tcp:send(C, "x"),
    R = {gen_tcp:recv(S, 0), inet:sockname(L) =:= {ok, {local, list_to_binary(File)}},
         inet:peername(S), inet:peername(C) =:= {ok, {local, list_to_binary(File)}}},
    file:delete(File),
    R;
run(udp) ->
    {ok, A} = gen_udp:open(0, [{ip, {127,0,0,1}}, {active, false}]),
    {ok, B} = gen_udp:open(0, [{ip, {127,0,0,1}}, binary, {active, true}]),
    {ok, PA} = inet:port(A),
    {ok, PB} = inet:port(B),
    ok = gen_udp:send(A, {127,0,0,1}, PB, "dgram"),
    X = receive {udp, B, {127,0,0,1}, PA, D} -> D after 5000 -> no end,
    ok = gen_udp:send(B, {127,0,0,1}, PA, <<"back">>),
    {ok, {I, PB, Y}} = gen_udp:recv(A, 0, 5000),
    {X, I, Y, gen_udp:recv(A, 0, 20)}.
