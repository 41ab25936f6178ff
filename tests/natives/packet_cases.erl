%% erlang:decode_packet/3: all types, with good and broken packets of all of them, cut at every
%% length, under limits.
-module(packet_cases).
-export([cases/0]).

cases() ->
    Types = [raw, 0, 1, 2, 4, asn1, sunrm, cdr, fcgi, tpkt, line, http, httph, http_bin, httph_bin,
             ssl_tls],
    Limits = [[], [{packet_size, 5}], [{packet_size, 40}], [{line_length, 10}],
              [{line_length, 30}, {packet_size, 60}]],
    [{erlang, decode_packet, [Type, Cut, Options]}
     || Type <- Types, Packet <- packets(), Cut <- cuts(Packet), Options <- Limits]
        ++ [{erlang, decode_packet, [Type, Packet, []]}
            || Type <- [http, http_bin, httph, httph_bin], Packet <- http_lines()]
        ++ [{erlang, decode_packet, [Type, rand:bytes(rand:uniform(12)), []]}
            || Type <- Types, _ <- lists:seq(1, 60)]
        ++ [{erlang, decode_packet, Arguments} || Arguments <- odd_arguments()].

cuts(Packet) when byte_size(Packet) > 12 ->
    [binary:part(Packet, 0, N) || N <- [0, 1, 2, 3, 4, 5, 6, 8, 9, 11, 12]]
        ++ [Packet, binary:part(Packet, 0, byte_size(Packet) - 1), <<Packet/binary, "rest">>];
cuts(Packet) ->
    [binary:part(Packet, 0, N) || N <- lists:seq(0, byte_size(Packet))]
        ++ [<<Packet/binary, "rest">>].

packets() ->
    [<<5, "hello">>, <<5:16, "hello">>, <<5:32, "hello">>, <<16#80000005:32, "hello">>,
     <<16#FFFFFFFF:32, "x">>, <<16#7FFFFFFC:32>>, <<16#7FFFFFFB:32>>,
     <<16#30, 3, "abc">>, <<16#3F, 16#81, 16#02, 3, "abc">>, <<16#30, 16#81, 3, "abc">>,
     <<16#30, 16#82, 3:16, "abc">>, <<16#30, 16#83, 3:24, "abc">>, <<16#30, 16#84, 3:32, "abc">>,
     <<16#30, 16#85, 3:40, "abc">>, <<16#30, 16#80, "abc">>, <<16#1F, 1, 2, 3>>,
     <<"GIOP", 1, 2, 0, 0, 3:32, "abc">>, <<"GIOP", 1, 2, 1, 0, 3:32/little, "abc">>,
     <<"GIOQ", 1, 2, 1, 0, 3:32/little, "abc">>, <<1, 2, 3:16, 5:16, 2, 0, "hello", 0, 0>>,
     <<2, 2, 3:16, 5:16, 2, 0, "hello", 0, 0>>, <<3, 0, 9:16, "hello">>, <<3, 0, 3:16, "hello">>,
     <<3, 0, 4:16>>, <<4, 0, 9:16, "hello">>, <<"a line\nmore">>, <<"a longer line of text\n">>,
     <<"no end of line in these more than forty characters of text">>, <<"\n">>, <<"\r\n">>,
     <<22, 3, 1, 5:16, "hello">>, <<16#80, 7, 1, 3, 0, "hello">>, <<16#80, 1, 1, 3, 0, "hello">>,
     <<"GET / HTTP/1.1\r\nHost: a\r\n\r\n">>, <<"HTTP/1.0 200 OK\r\n">>,
     <<"Host: here\r\nNext: x\r\n">>, <<"Host: here\r\n">>,
     <<"Long:\r\n one\r\n\ttwo\r\nNext: 3\r\n">>].

http_lines() ->
    [iolist_to_binary([Line, End]) ||
        Line <-
            ["GET / HTTP/1.1", "OPTIONS * HTTP/1.0", "POST /a/b?c=d#e HTTP/1.1", "GET /old",
             "GET  \t /x  HTTP/1.1  ", "BREW /pot HTTP/1.1", "get / HTTP/1.1", "GET", "GET ",
             " GET /",
             "GET / HTTP/", "GET / HTTP/1", "GET / HTTP/1.", "GET / HTTP/x.y", "GET / http/1.1",
             "GET / HTTP/12.34 junk", "GET http://a.b HTTP/1.1", "GET http://a.b/ HTTP/1.1",
             "GET HTTP://A.b:80/p?q HTTP/1.1", "GET https://a:443/p HTTP/1.1",
             "GET https://a:/p HTTP/1.1", "GET http://a:0/p HTTP/1.1",
             "GET http://a:80x/p HTTP/1.1",
             "GET http:/x HTTP/1.1", "GET http:// HTTP/1.1", "GET mailto:x@y HTTP/1.1",
             "CONNECT host:443 HTTP/1.1", "GET name HTTP/1.1", "GET x HTTP/1.1", "GET : HTTP/1.1",
             "HTTP/1.1 200 OK", "HTTP/1.1 200", "HTTP/1.1 404  Not  Found ", "HTTP/1.1 abc",
             "HTTP/1.1  99999999999 Big", "HTTP/1 200 OK", "HTTP/.1 200", "HTTP/1.x 200",
             "HTTP/1.1",
             "HTTP/1.1 200OK", "Http/1.1 200 OK", "TRACE / HTTP/1.1", "G\200T / HTTP/1.1",
             "Content-Length: 17", "content-LENGTH:17", "CONTENT-length  : 17", "x-thing: a, b",
             "X--y-Z:   ", ": no name", "no colon", "-a-: b", "Etag: \"x\"", "ETAG: x",
             "Proxy-Connection: close", "keep-alive: 300", "www-authenticate: Basic", "te: x",
             "name with blank: x", "Set-Cookie2: a=b", "x-forwarded-for: 1.2.3.4", "\177ame: x",
             "A-Name-That-Is-Fifty-Characters-Long-0123456789abcd: v",
             "a-name-that-is-longer-than-fifty-characters-0123456789abcdefgh: v",
             "\345: x", "A(b: c", ""],
        End <- ["\r\n", "\n", "\r\nX", "\r\n\r\n", "", "\r", "\n folded\r\nX", " \r\n"]].

odd_arguments() ->
    [[foo, <<"x">>, []], [3, <<"x">>, []], [raw, "x", []], [raw, <<"x">>, foo],
     [raw, <<"x">>, [foo]], [raw, <<"x">>, [{packet_size, -1}]],
     [raw, <<"x">>, [{packet_size, 1 bsl 32}]], [raw, <<"x">>, [{packet_size, 1 bsl 32 - 1}]],
     [raw, <<"x">>, [{packet_size, a}]], [raw, <<"x">>, [{line_delimiter, $x}]],
     [line, <<"abxcd">>, [{line_delimiter, $x}]], [line, <<"abxcd">>, [{line_delimiter, 256}]],
     [line, <<"abcxd">>, [{line_delimiter, $x}, {line_length, 2}]],
     [line, <<"abcxd">>, [{packet_size, 0}, {packet_size, 3}, {line_delimiter, $x}]],
     [2, unaligned(<<5:16, "hello more">>), []], [http, unaligned(<<"GET / HTTP/1.1\n">>), []],
     [http_bin, unaligned(<<"GET /abc HTTP/1.1\n1">>), []], [raw, <<1:3>>, []],
     [1, <<3, "abc", 5:3>>, []],
     [httph_bin, iolist_to_binary(["Cookie: ", lists:duplicate(100, $v), "\r\nX"]), []]].

unaligned(Binary) ->
    <<_:3, Bytes/binary>> = <<0:3, Binary/binary>>,
    Bytes.
