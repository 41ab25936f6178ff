%% The instructions that built bitstrings before OTP 25, which its compiler still makes on demand:
%% small segments, and large ones, which leave in the middle.
-module(old_bits).
-compile([no_bs_create_bin, no_type_opt]).
-export([main/0, both/2, framed/3, grown/3, id/1]).

main() ->
    {[built(A, B) || A <- parts(), B <- parts()],
     [digest(framed(N, A, N)) || A <- parts(), N <- [0, 7, 2_000_000]],
     [digest(grown(<<>>, A, 4)) || A <- parts()],
     [digest(appended(A)) || A <- parts()],
     failures(), beside()}.

parts() ->
    Large = binary:copy(<<"0123456789abcdef">>, 150_000),
    [<<>>, <<"short">>, <<5:3>>, Large, <<Large/binary, 1:1>>, <<Large/binary, Large/binary>>].

digest(Bits) when is_bitstring(Bits) ->
    Padding = -bit_size(Bits) band 7,
    {bit_size(Bits), erlang:md5(<<Bits/bitstring, 0:Padding>>)};
digest(Other) -> Other.

built(A, B) -> {digest(both(A, B)), failing(fun() -> sized(A, B) end)}.

both(A, B) -> <<A/bitstring, 77, B/bitstring>>.

sized(A, B) -> <<A:1_600_000/binary, 3:5, B/bitstring, (byte_size(B)):32>>.

framed(N, A, Kept) ->
    X = id([Kept, {N}]),
    Bits = <<N:16, A/bitstring, N:2_000_000, A/bitstring, "end">>,
    [Kept, {N}] = id(X),
    Bits.

grown(Bits, _, 0) -> Bits;
grown(Bits, More, N) -> grown(<<Bits/bitstring, N, More/bitstring>>, More, N - 1).

%% From one binary twice: the second has to copy it.
appended(Bits) ->
    A = <<Bits/bitstring, "one">>,
    B = <<Bits/bitstring, "two">>,
    C = <<A/bitstring, "three">>,
    <<B/bitstring, C/bitstring>>.

failures() ->
    Large = binary:copy(<<"0123456789abcdef">>, 150_000),
    [failing(F) || F <- [fun() -> <<Large/binary, (id(a)):8>> end,
                         fun() -> <<Large/binary, (id(a))/binary>> end,
                         fun() -> <<Large/binary, Large:3_000_000/binary>> end,
                         fun() -> <<1, Large:(id(-1))/binary>> end]].

failing(F) ->
    try F() of X -> {no_failure, digest(X)} catch C:R -> {C, R} end.

%% While others collect the process and ask it.
beside() ->
    Self = self(),
    Other = spawn_link(fun() -> disturb(Self) end),
    Results = [digest(both(A, A)) || A <- parts() ++ parts()],
    unlink(Other),
    exit(Other, kill),
    Results.

disturb(Pid) ->
    erlang:garbage_collect(Pid),
    process_info(Pid, [heap_size, current_function]),
    disturb(Pid).

id(X) -> X.
