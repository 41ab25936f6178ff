%% Collections with millions of frames on the stack, which are left to dirty threads.
-module(deep_stacks).
-export([main/0]).
main() ->
    {length(stacked(2_000_000)), count(3_000_000), tup(1_000_000), sum(map(fun(X) -> X * 3 end, lists:seq(1, 1_500_000))),
     floats(1_000_000), kill(), [receive {P, R} -> R end || P <- [spawn(fun() -> M ! {self(), count(1_000_000)} end) || M <- lists:duplicate(4, self())]],
     [charged(F) || F <- [fun stacked/1, fun count/1, fun tup/1, fun same/1, fun native/1]]}.
%% Returns count as calls do: who comes back out of a deep recursion lets others run meanwhile.
charged(F) ->
    {reductions, Before} = process_info(self(), reductions),
    F(100_000),
    {reductions, After} = process_info(self(), reductions),
    After - Before >= 200_000.
same(0) -> 0;
same(N) -> X = same(N - 1), put(same, X), X.
native(0) -> <<>>;
native(N) -> list_to_binary(integer_to_list(byte_size(native(N - 1)))).
stacked(0) -> [];
stacked(N) -> [N | stacked(N - 1)].
count(0) -> 0;
count(N) -> 1 + count(N - 1).
tup(0) -> 0;
tup(N) -> X = {N, [N]}, R = tup(N - 1), element(1, X) + R.
map(F, [H | T]) -> [F(H) | map(F, T)];
map(_, []) -> [].
sum([H | T]) -> H + sum(T);
sum([]) -> 0.
floats(0) -> 0.0;
floats(N) -> X = N * 1.5e300, Y = floats(N - 1), X / 1.0e300 + Y.
kill() -> {P, R} = spawn_monitor(fun() -> stacked(50_000_000) end), receive after 100 -> exit(P, kill) end, receive {'DOWN', R, _, _, W} -> W end.
