%% needs: processes, ets
%% The compiler itself: abstract forms of real modules to the same .beam as under erl.
-module(compiler_run).
-export([main/0]).

main() ->
    [compile_forms(Name, Text, Options)
     || {Name, Text} <- sources(),
        Options <- [[], [debug_info], [no_copt, no_postopt], [inline, {inline_size, 100}]]]
        ++ [to_core(Text) || {_, Text} <- sources()] ++ [to_asm(Text) || {_, Text} <- sources()]
        ++ [warnings(Text) || Text <- bad_sources()].

sources() ->
    [{fact,
    "-module(fact).\n-export([f/1]).\nf(0) -> 1;\nf(N) when is_integer(N), N > 0 -> N * f(N - 1).\n"},
     {bits,
     "-module(bits).\n-export([p/1,b/2]).\np(<<1:3, L:5, D:L/binary, R/bitstring>>) -> {D, R};\n"
            "p(<<X/utf8, _/binary>>) -> X;\np(_) -> none.\nb(A, B) -> <<A:16/little, B/binary, (byte_size(B)):8>>.\n"},
     {exc,
     "-module(exc).\n-export([t/1]).\nt(F) -> try F() of ok -> 1; {X, _} -> X catch throw:T -> T;\n"
           "error:E:S -> {E, S} after io:put_chars(\"x\") end.\n"},
     {funs,
     "-module(funs).\n-export([m/2]).\nm(L, K) -> G = fun(X) when X > K -> {X, K}; (_) -> no end,\n"
            "[G(X) || X <- L, is_number(X), X rem 2 =:= 0] ++ lists:map(fun g/1, L).\ng({a, B} = T) -> [B, T];\n"
            "g(#{k := V}) -> V;\ng(_) -> \"string\".\n"},
     {srv,
     "-module(srv).\n-export([loop/1]).\n-record(s, {n = 0, m = #{}}).\nloop(#s{n = N} = S) -> receive {get, P} ->\n"
           "P ! {self(), N}, loop(S); {put, K, V} -> loop(S#s{m = (S#s.m)#{K => V}, n = N + 1}); stop -> ok\n"
           "after 1000 -> loop(S#s{n = 0}) end.\n"}].

bad_sources() ->
    ["-module(w).\n-export([f/1]).\nf(X) -> Y = 1, g(X).\nh() -> 1.\n",
     "-module(w).\n-export([f/1]).\nf(X) -> case X of 1 -> a; 1 -> b end.\n",
     "-module(w).\n-export([f/1]).\nf(X) when X > a, Z -> X.\n", "-module(w).\nf(X) -> 1 + a.\n"].

parse(Text) ->
    {ok, Tokens, _} = erl_scan:string(Text),
    [begin {ok, F} = erl_parse:parse_form(T), F end || T <- split(Tokens, [])].

split([], []) -> [];
split([{dot, _} = D | T], Acc) -> [lists:reverse([D | Acc]) | split(T, [])];
split([H | T], Acc) -> split(T, [H | Acc]).

compile_forms(Name, Text, Options) ->
    {ok, Name, Beam} = compile:noenv_forms(parse(Text), [deterministic, binary | Options]),
    {ok, {Name, Md5}} = beam_lib:md5(Beam),
    {Name, Options, byte_size(Beam), Md5, erlang:md5(Beam), [{C, byte_size(D)} || {C,
    D} <- chunks(Beam)]}.

chunks(Beam) ->
    {ok, _, Chunks} = beam_lib:all_chunks(Beam),
    Chunks.

to_core(Text) ->
    {ok, _, Core} = compile:noenv_forms(parse(Text), [to_core, binary]),
    erlang:md5(lists:flatten(core_pp:format(Core))).

to_asm(Text) ->
    {ok, _, Asm} = compile:noenv_forms(parse(Text), ['S', binary]),
    erlang:phash2(Asm).

warnings(Text) -> compile:noenv_forms(parse(Text), [return, binary, deterministic]).
