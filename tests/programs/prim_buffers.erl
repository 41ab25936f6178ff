%% Module prim_buffer: what comes out, in which pieces, and what is refused.
-module(prim_buffers).
-export([main/0]).

main() ->
    rand:seed(exsss, {1, 2, 3}),
    [basics(), locks(), errors(), pieces(), [random_run(N) || N <- lists:seq(1, 40)]].

basics() ->
    B = prim_buffer:new(),
    ok = prim_buffer:write(B, [<<"abc">>, <<>>, <<"defg">>]),
    R = [prim_buffer:size(B), prim_buffer:read(B, 2), prim_buffer:find_byte_index(B, $f),
         prim_buffer:find_byte_index(B, $z), prim_buffer:skip(B, 1), prim_buffer:read_iovec(B, 3),
         prim_buffer:wipe(B), prim_buffer:size(B), prim_buffer:read(B, 0),
         prim_buffer:read_iovec(B, 0), prim_buffer:write(B, []), prim_buffer:size(B)],
    {is_reference(B), R}.

locks() ->
    B = prim_buffer:new(),
    [try prim_buffer:F(B) catch C:E -> {C, E} end
     || F <- [unlock, try_lock, try_lock, unlock, unlock, try_lock]].

errors() ->
    B = prim_buffer:new(),
    ok = prim_buffer:write(B, [<<"0123456789">>]),
    Calls = [{write, [B, <<"x">>]}, {write, [B, [x]]}, {write, [B, [<<1>> | <<2>>]]},
             {write, [B, ["x"]]}, {write, [B, [<<1:9>>]]}, {skip, [B, 11]}, {skip, [B, -1]},
             {skip, [B, a]}, {skip, [B, 1 bsl 64]}, {read, [B, 11]}, {read, [B, -1]},
             {read, [B, 100]}, {find_byte_index, [B, 256]}, {find_byte_index, [B, -1]},
             {find_byte_index, [B, a]}, {size, [make_ref()]}, {size, [x]}, {write, [x, []]},
             {unlock, [x]}, {try_lock, [self()]}, {wipe, [x]}],
    [try apply(prim_buffer, F, A) catch C:E -> {C, E} end || {F, A} <- Calls]
        ++ [prim_buffer:size(B), prim_buffer:read(B, 10)].

%% Large binaries stay pieces of their own, small ones are gathered.
pieces() ->
    B = prim_buffer:new(),
    Big = binary:copy(<<"x">>, 3000),
    <<_:5, Odd:2000/binary, _/bitstring>> = Big,
    [begin
         ok = prim_buffer:write(B, W),
         L = prim_buffer:read_iovec(B, prim_buffer:size(B)),
         {[byte_size(X) || X <- L], erlang:md5(L)}
     end || W <- [[Big], [<<1>>, Big], [Big, <<1, 2>>, Big], [Odd, Odd], [<<0:8000>>],
                  [<<0:8192>>], lists:duplicate(100, <<0:400>>), lists:duplicate(200, <<"ab">>),
                  [<<"small">> | lists:duplicate(70, Big)]]].

random_run(_) ->
    B = prim_buffer:new(),
    erlang:phash2(steps(B, 60)).

steps(_, 0) -> [];
steps(B, N) ->
    R = case rand:uniform(6) of
            1 -> prim_buffer:write(B, [rand:bytes(rand:uniform(5000))]);
            2 -> prim_buffer:write(B, [rand:bytes(rand:uniform(70)) || _ <- lists:seq(1, 5)]);
            3 -> prim_buffer:read(B, rand:uniform(prim_buffer:size(B) + 1) - 1);
            4 -> prim_buffer:read_iovec(B, rand:uniform(prim_buffer:size(B) + 1) - 1);
            5 -> prim_buffer:find_byte_index(B, rand:uniform(255));
            6 -> prim_buffer:skip(B, rand:uniform(prim_buffer:size(B) + 1) - 1)
        end,
    [R, prim_buffer:size(B) | steps(B, N - 1)].
