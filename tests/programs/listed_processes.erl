%% processes/0 takes several slices where there are many: who was there all the time is in it, who
%% had ended before or has come after is not, and nobody is in it twice.
-module(listed_processes).
-export([main/0, turnover/1]).

main() ->
    Old = [spawn(fun wait/0) || _ <- lists:seq(1, 30_000)],
    {Gone, Stay} = lists:split(5_000, Old),
    [exit(P, kill) || P <- Gone],
    await(Gone),
    Quiet = lists:sort(processes()),
    Checks = [check(Gone, Stay) || _ <- lists:seq(1, 5)],
    Loads = [spawn_link(?MODULE, turnover, [Stay]) || _ <- [1, 2]],
    Busy = [check(Gone, Stay) || _ <- lists:seq(1, 20)],
    [begin unlink(P), exit(P, kill) end || P <- Loads],
    await(Loads),
    Asked = asked(Stay),
    Shown = shown(),
    Ended = ended_within(),
    [exit(P, kill) || P <- Stay],
    await(Stay),
    {Gone -- (Gone -- Quiet), Stay -- Quiet, Checks, Busy, Asked, Shown, hidden(),
     Ended,
     [is_process_alive(P) || P <- processes(), lists:member(P, lists:sublist(Stay, 100))]}.

wait() -> receive stop -> ok end.

await([]) -> ok;
await([P | Rest]) ->
    Ref = monitor(process, P),
    receive {'DOWN', Ref, _, _, _} -> await(Rest) end.

check(Gone, Stay) ->
    Before = spawn(fun wait/0),
    All = processes(),
    After = spawn(fun wait/0),
    Listed = maps:from_keys(All, x),
    [exit(P, kill) || P <- [Before, After]],
    {[P || P <- Stay, not is_map_key(P, Listed)], [P || P <- Gone, is_map_key(P, Listed)],
     map_size(Listed) =:= length(All), is_map_key(self(), Listed), is_map_key(Before, Listed),
     is_map_key(After, Listed)}.

%% Others come and go all the time.
turnover(Stay) ->
    [begin P = spawn(fun() -> ok end), Q = spawn(fun wait/0), P ! x, exit(Q, kill) end
     || _ <- lists:seq(1, 100)],
    turnover(Stay).

%% While it is collected and asked for, and after it has given up the scheduler.
asked(Stay) ->
    Self = self(),
    Lister = spawn_link(fun() -> receive go -> ok end,
                                 Lists = [length(processes()) || _ <- lists:seq(1, 20)],
                                 Self ! {self(), lists:min(Lists) > length(Stay)} end),
    Lister ! go,
    [begin erlang:garbage_collect(Lister), process_info(Lister, current_function) end
     || _ <- lists:seq(1, 200)],
    receive {Lister, Result} -> Result end.

%% What it goes on with in a next slice has a name, by which nobody can call it.
shown() ->
    Lister = spawn(fun() -> receive list -> ok end,
                            [begin erlang:bump_reductions(3_000), processes() end
                             || _ <- lists:seq(1, 50)] end),
    Ref = monitor(process, Lister),
    erlang:trace(Lister, true, [running]),
    Lister ! list,
    receive {'DOWN', Ref, _, _, normal} -> ok end,
    All = [{What, Place} || {trace, _, What, Place} <- messages()],
    [lists:member({What, {erlang, ptab_list_continue, 2}}, All) || What <- [out, in]].

messages() -> receive M -> [M | messages()] after 0 -> [] end.

hidden() ->
    {F, A} = {ptab_list_continue, 2},
    Exports = [erlang:module_info(Item) || Item <- [exports, functions]],
    [prog:outcome(fun() -> erlang:ptab_list_continue(1, undefined) end),
     prog:outcome(fun() -> apply(erlang, F, [1, 2]) end),
     prog:outcome(fun() -> (fun erlang:ptab_list_continue/2)(1, 2) end),
     erlang:function_exported(erlang, F, A), erlang:is_builtin(erlang, F, A),
     [lists:member({F, A}, List) || List <- Exports],
     lists:member({erlang, F, A}, erlang:system_info(snifs)),
     erlang:trace_pattern({erlang, F, A}, true, [local])].

%% Those that list are killed while they do.
ended_within() ->
    Listers = [spawn(fun listing/0) || _ <- lists:seq(1, 20)],
    receive after 20 -> ok end,
    [exit(P, kill) || P <- Listers],
    await(Listers),
    length(processes()) > 20_000.

listing() ->
    _ = processes(),
    listing().
