%% Programs that make much garbage of all kinds while old data must survive.
-module(garbage).
-export([main/0]).

main() ->
    Keep = [{I, integer_to_list(I), <<I:64>>, #{I => [I]}, float(I),
    fun() -> I end} || I <- lists:seq(1, 300)],
    Before = summary(Keep),
    Big = churn(300000, []),
    Maps = map_churn(20000, #{}),
    Bins = bin_churn(3000, <<>>, []),
    put(kept, {Keep, Bins}),
    Trees = [tree_churn(I, nil) || I <- lists:seq(1, 200)],
    Closures = closure_churn(2000),
    Strings = string_churn(3000, []),
    erlang:garbage_collect(),
    {K2, B2} = get(kept),
    [Before =:= summary(K2), Before, length(Big), map_size(Maps), erlang:phash2(Maps), B2 =:= Bins,
    erlang:phash2(Bins),
     erlang:phash2(Trees), Closures, erlang:phash2(Strings), bignum_churn(300, 1), sharing(),
     exceptions_in_loop(20000, 0),
     size_checks(), messages_dropped(), [after_large_send() || _ <- lists:seq(1, 20)],
     [after_large_garbage() || _ <- lists:seq(1, 20)]].

%% Who is asked for a collection right after a large message has come from it keeps nothing of it.
after_large_send() ->
    Self = self(),
    Pid = spawn(fun() -> Self ! {large, lists:seq(1, 100000)}, sink() end),
    receive {large, _} -> ok end,
    true = erlang:garbage_collect(Pid),
    {total_heap_size, Words} = process_info(Pid, total_heap_size),
    exit(Pid, kill),
    Words < 50000.

%% Who asks for a collection that takes long is answered when it is over.
after_large_garbage() ->
    Self = self(),
    Pid = spawn_opt(fun() ->
                        Self ! length(lists:seq(1, 300000)),
                        sink()
                    end, [{min_heap_size, 700000}]),
    receive 300000 -> ok end,
    true = erlang:garbage_collect(Pid),
    {garbage_collection_info, Info} = process_info(Pid, garbage_collection_info),
    exit(Pid, kill),
    proplists:get_value(heap_size, Info) < 1000.

%% A process that takes messages and makes nothing of its own keeps none of them.
messages_dropped() ->
    Sink = spawn(fun sink/0),
    Load = lists:seq(1, 500),
    [begin
         [Sink ! {load, Load} || _ <- lists:seq(1, 100)],
         Sink ! {sync, self()},
         receive done -> ok end
     end || _ <- lists:seq(1, 50)],
    {memory, Bytes} = process_info(Sink, memory),
    exit(Sink, kill),
    Bytes < 10000000.

sink() -> receive {load, _} -> sink(); {sync, From} -> From ! done, sink() end.

summary(L) ->
    erlang:phash2([{I, S, B, M, F, G()} || {I, S, B, M, F, G} <- L]).

churn(0, A) -> A;
churn(N, A) ->
    _ = lists:seq(1, N rem 50),
    _ = {N, [N | A], <<N:256>>},
    churn(N - 1, case N rem 100 of 0 -> [{N, N} | A]; _ -> A end).

map_churn(0, M) -> M;
map_churn(N, M) when N rem 3 =:= 0 -> map_churn(N - 1, maps:remove(N + 3, M#{N => {N, [N]}}));
map_churn(N, M) -> map_churn(N - 1, M#{N rem 100 => N, {N rem 77, x} => #{n => N}}).

bin_churn(0, _, L) -> L;
bin_churn(N, B, L) when byte_size(B) > 5000 ->
    <<H:100/binary, _:4000/binary, T/binary>> = B,
    bin_churn(N - 1, T, [H | L]);
bin_churn(N, B, L) -> bin_churn(N - 1, <<B/binary, N:64, (binary:copy(<<N>>, N rem 70))/binary>>,
  L).

tree_churn(I, T) when I rem 40 =:= 0 -> T;
tree_churn(I, T) -> tree_churn(I + 1, insert(I * 7919 rem 101, T)).
insert(X, nil) -> {nil, X, nil};
insert(X, {L, Y, R}) when X < Y -> {insert(X, L), Y, R};
insert(X, {L, Y, R}) when X > Y -> {L, Y, insert(X, R)};
insert(_, T) -> T.

closure_churn(N) ->
    F = lists:foldl(fun(I, G) -> _ = lists:seq(1, 30), fun(X) -> G(X) + I end end, fun(X) -> X end,
    lists:seq(1, N)),
    F(0).

string_churn(0, L) -> L;
string_churn(N, L) -> string_churn(N - 1, lists:sublist([lists:flatten(io_lib:format("~p-~s", [N,
  "x"])) | L], 50)).

bignum_churn(0, A) -> A rem 1000000007;
bignum_churn(N, A) -> bignum_churn(N - 1, A * (1 bsl 61 + N) + N).

sharing() ->
    A = lists:seq(1, 100),
    B = {A, A, [A | A]},
    C = lists:duplicate(100, B),
    {erts_debug:size(C) < erts_debug:flat_size(C), C =:= binary_to_term(term_to_binary(C))}.

exceptions_in_loop(0, A) -> A;
exceptions_in_loop(N, A) ->
    B = try make_trouble(N) catch throw:X -> X; error:_ -> 1; exit:{_, Y} -> Y end,
    exceptions_in_loop(N - 1, A + B).
make_trouble(N) when N rem 4 =:= 0 -> throw(N rem 7);
make_trouble(N) when N rem 4 =:= 1 -> error({lists:seq(1, 20), N});
make_trouble(N) when N rem 4 =:= 2 -> exit({reason, N rem 5});
make_trouble(N) -> length([X || X <- lists:seq(1, N rem 20), X rem 2 =:= 0]).

size_checks() ->
    L = [binary:copy(<<I>>, I) || I <- lists:seq(1, 200)],
    {lists:sum([byte_size(B) || B <- L]), erlang:phash2([binary:part(B, 0,
    byte_size(B) div 2) || B <- L])}.
