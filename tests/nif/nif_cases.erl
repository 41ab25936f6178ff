%% Libraries of C: loading, upgrading, unloading, and what the interface does with terms.
-module(nif_cases).
-export([main/1]).

main(Folder) ->
    process_flag(trap_exit, true),
    [{refused, refused(Folder)},
     {loaded, nif_lib:start(Folder ++ "/nif_lib", 5), nif_lib:priv()},
     %% What stands in the place of a native calls it, in code that is overwritten now.
     {stub, catch_it(fun() -> nif_lib:stub(7) end), nif_lib:priv(), nif_lib:identity(7)},
     {again, nif_lib:start(Folder ++ "/nif_lib", 5)},
     {nifs, length(nif_lib:module_info(nifs))},
     {types, [nif_lib:type_of(T) || T <- terms(), not is_reference(T)]},
     {same, [T =:= nif_lib:identity(T) || T <- terms()]},
     {numbers, [nif_lib:numbers(N) || N <- numbers()]},
     {strings, [nif_lib:strings(S) || S <- ["", "abc", "abcde", "abcdef", [256], atom, longer_atom,
                                            'ä', [1 | 2], 17]]},
     {lists, [nif_lib:lists(L) || L <- [[], [1], [1, 2, 3], [1 | 2], x]]},
     {binaries, [catch_it(fun() -> nif_lib:binaries(B) end) || B <- binaries()]},
     {external, [nif_lib:external(T) || T <- terms(), not is_reference(T), not is_function(T),
                                        not is_pid(T), not is_port(T)]},
     {maps, [sort_pairs(nif_lib:maps(M)) || M <- maps()]},
     {raised, [catch_it(fun() -> nif_lib:raise(R) end) || R <- [x, {a, "b"}, 1.5]]},
     {bad, catch_it(fun() -> nif_lib:bad({arg}) end)},
     {bad_dirty, catch_it(fun() -> nif_lib:bad_dirty({arg}) end)},
     {local, catch_it(fun() -> nif_lib:local_call(here) end)},
     {applied, catch_it(fun() -> apply(nif_lib, bad, [1]) end)},
     {scheduled, nif_lib:count_down(40, [])},
     {fails_later, case catch nif_lib:fail_later(x) of {'EXIT', {badarg, _}} -> badarg end},
     {threads, nif_lib:on_scheduler("a"), nif_lib:on_dirty_cpu(<<"b">>), nif_lib:on_dirty_io({c})},
     {many, lists:sum([N || {_, N} <- [nif_lib:on_dirty_cpu(N) || N <- lists:seq(1, 100)]])},
     {from_thread, nif_lib:from_thread(x), next()},
     {cells, cells()},
     {watching, watching()},
     {selecting, selecting()},
     {printed, [nif_lib:print(T) || T <- [atom, "text", {1, [2]}, <<1, 2>>, 1.5]]},
     {queues, [catch_it(fun() -> nif_lib:queue(Q) end)
               || Q <- [[], [<<"ab">>, <<"cdef">>], [<<0:800>>, <<1:800>>, <<"z">>], [x]]]},
     {alive, alive()},
     {concurrent, concurrent()},
     {upgraded, upgraded(Folder)},
     {of_a_node, of_a_node()}].

%% Last: the emulator has a name from then on.
of_a_node() ->
    Kernel = spawn(fun() -> receive stop -> ok end end),
    register(net_kernel, Kernel),
    true = erlang:setnode(nif_node@localhost, 77),
    [{node(T), Sound, Bytes =:= term_to_binary(T)} || T <- [self(), make_ref(), hd(erlang:ports())],
                                             {Sound, Bytes} <- [nif_lib:external(T)]].

refused(Folder) ->
    Of = fun(Name, Info) -> strip(Folder, nif_lib:start(Folder ++ "/" ++ Name, Info)) end,
    [Of("no_lib", 0), Of("missing_lib", 0), Of("other_lib", 0), Of("wrong_lib", 0),
     Of("nif_lib", -3), Of("nif_lib", not_a_number),
     catch_it(fun() -> nif_lib:start(17, 0) end),
     catch_it(fun() -> nif_lib:priv() end)].

%% The dynamic linker shows where the file is, which differs from run to run.
strip(Folder, {error, {Why, Text}}) ->
    {error, {Why, lists:flatten(string:replace(Text, Folder, "FOLDER", all))}};
strip(_, Other) ->
    Other.

catch_it(Fun) ->
    try Fun()
    catch Class:Reason:Trace -> {Class, Reason, hd(Trace)}
    end.

next() ->
    receive Message -> Message after 5000 -> nothing end.

terms() ->
    [a, 'ä', 1, -1, 1 bsl 70, 1.5, 1.0e300, [], [1], {}, {a}, #{}, #{a => 1}, <<>>, <<"b">>, <<1:3>>,
     fun erlang:self/0, self(), make_ref()].

numbers() ->
    [0, -1, 1 bsl 31 - 1, 1 bsl 31, -(1 bsl 31), -(1 bsl 31) - 1, 1 bsl 32 - 1, 1 bsl 32,
     1 bsl 63 - 1, 1 bsl 63, -(1 bsl 63), -(1 bsl 63) - 1, 1 bsl 64 - 1, 1 bsl 64, 2.5, x].

binaries() ->
    Large = binary:copy(<<"0123456789">>, 20),
    <<_:3, Odd:100/binary, _/bits>> = Large,
    [<<>>, <<"abc">>, Large, Odd, binary:part(Large, 7, 100), ["ab", <<"c">>, [$d | <<"e">>]], [],
     <<1:7>>, x, [256]].

maps() ->
    [#{}, #{a => 1}, #{zz => b, 1 => 2}, maps:from_list([{N, N} || N <- lists:seq(1, 50)])].

sort_pairs({Size, Pairs, Has, Map, Updated}) ->
    {Size, lists:sort(Pairs), Has, lists:sort(maps:to_list(Map)), Updated}.

cells() ->
    {Cell, Same} = nif_lib:new_cell(11),
    Number = nif_lib:cell_number(Cell),
    Self = self(),
    spawn_link(fun() -> Self ! {there, nif_lib:cell_number(Cell)} end),
    There = next(),
    receive {'EXIT', _, normal} -> ok end,
    Back = nif_lib:cell_number(binary_to_term(term_to_binary(Cell))),
    Wrong = catch_it(fun() -> nif_lib:cell_number(no_cell) end),
    {Same, Number, There, Back, Wrong, is_reference(Cell), drop(Cell)}.

drop(Cell) ->
    put(cell, Cell),
    erase(cell),
    ok.

watching() ->
    erlang:garbage_collect(),
    Destroyed = next(),
    {Cell, _} = nif_lib:new_cell(12),
    Pid = spawn(fun() -> receive stop -> ok end end),
    Set = nif_lib:cell_watch(Cell, Pid),
    Pid ! stop,
    Down = next(),
    Other = spawn(fun() -> receive stop -> ok end end),
    SetOther = nif_lib:cell_watch(Cell, Other),
    {monitored_by, Watchers} = process_info(Other, monitored_by),
    Unset = nif_lib:cell_unwatch(Cell),
    Twice = nif_lib:cell_unwatch(Cell),
    Other ! stop,
    Nothing = receive Message -> Message after 100 -> nothing end,
    Late = nif_lib:cell_watch(Cell, Other),
    {Destroyed, Set, Down, SetOther, [Watcher =:= Cell || Watcher <- Watchers], Unset, Twice, Nothing,
     Late, nif_lib:cell_number(Cell)}.

selecting() ->
    {Cell, _} = nif_lib:new_cell(13),
    Set = nif_lib:cell_pipe(Cell, undefined),
    Writable = shown(Cell),
    Wrote = nif_lib:cell_write(Cell),
    Readable = shown(Cell),
    Stopped = nif_lib:cell_stop_all(Cell),
    {Set, Writable, Wrote, Readable, Stopped, without_destroyed(next())}.

without_destroyed({destroyed, 12}) -> next();
without_destroyed(Message) -> Message.

shown(Cell) ->
    case next() of
        {select, Cell, Reference, Event} -> {select, cell, Reference, Event};
        {destroyed, 12} -> shown(Cell);
        Other -> Other
    end.

alive() ->
    register(nif_cases_name, self()),
    {Pid, Monitor} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Monitor, process, Pid, _} -> ok end,
    Dead = nif_lib:alive(Pid, no_such_name),
    Alive = nif_lib:alive(self(), nif_cases_name),
    unregister(nif_cases_name),
    {Dead, Alive, receive nif_cases_name -> got after 1000 -> nothing end}.

concurrent() ->
    Self = self(),
    Work = fun(N) ->
                   [nif_lib:count_down(7, [N]) || _ <- lists:seq(1, 10)],
                   {Cell, _} = nif_lib:new_cell(N),
                   {Bytes, _, _, _} = nif_lib:binaries([<<N:32>>, lists:duplicate(100, N)]),
                   N = nif_lib:cell_number(Cell),
                   Self ! {worked, N, byte_size(Bytes)}
           end,
    [spawn(fun() -> Work(N) end) || N <- lists:seq(1, 30)],
    [receive {worked, N, Size} -> Size after 20000 -> nothing end || N <- lists:seq(1, 30)].

upgraded(Folder) ->
    erlang:garbage_collect(),
    flush(),
    nif_lib:watch(),
    {module, nif_lib} = reload(Folder),
    Fails = nif_lib:start(Folder ++ "/nif_lib", -4),
    Works = nif_lib:start(Folder ++ "/nif_lib", 3),
    Priv = nif_lib:priv(),
    Purged = code:purge(nif_lib),
    {Fails, Works, Priv, Purged, next()}.

reload(Folder) ->
    {ok, Code} = file:read_file(Folder ++ "/nif_lib.beam"),
    code:load_binary(nif_lib, Folder ++ "/nif_lib.beam", Code).

flush() ->
    receive _ -> flush() after 200 -> ok end.
