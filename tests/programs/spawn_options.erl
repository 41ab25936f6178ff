%% spawn_opt and spawn_request, option by option.
-module(spawn_options).
-export([main/0, tells/1, ends/1]).

main() ->
    [{defaults, defaults()}, {priorities, priorities()}, {sizes, sizes()},
     {max_heap, max_heap()}, {queues, queues()}, {links, links()}, {monitors, monitors()},
     {combined, combined()}, {bad, bad()}, {arguments, arguments()}, {monitored, monitored()},
     {forms, forms()}, {requests, requests()}, {replies, replies()},
     {request_monitors, request_monitors()}, {request_links, request_links()},
     {bad_requests, bad_requests()}, {undone, undone()}].

outcome(Fun) -> prog:anonymous(prog:outcome(Fun)).

next() -> receive Message -> Message after 3000 -> nothing end.

none() -> receive Message -> Message after 30 -> nothing end.

tells(Main) ->
    Info = process_info(self(), [priority, fullsweep_after, garbage_collection,
                                 message_queue_data, links]),
    Main ! {told, self(), Info}.

ends(Why) -> exit(Why).

%% What the new process says of itself.
told(Options) ->
    Result = spawn_opt(?MODULE, tells, [self()], Options),
    Pid = case Result of {P, _} -> P; P -> P end,
    {told, Pid, Info} = next(),
    [{priority, Priority}, {fullsweep_after, Sweep}, {_, Collection}, {_, Queue}, {links, Links}] =
        Info,
    [Priority, Sweep, [lists:keyfind(K, 1, Collection)
                       || K <- [min_heap_size, min_bin_vheap_size, max_heap_size,
                                fullsweep_after]],
     Queue, [L =:= self() || L <- Links]].

defaults() -> [told([]), told([{fullsweep_after, 65535}])].

priorities() -> [{P, hd(told([{priority, P}]))} || P <- [low, normal, high, max]].

sizes() ->
    Numbers = [0, 1, 200, 233, 234, 376, 377, 1000, 4181, 10000, 100000],
    [[{N, told([{min_heap_size, N}])} || N <- Numbers],
     [{N, told([{min_bin_vheap_size, N}, {fullsweep_after, 9}])}
      || N <- [32768, 32769, 46422, 100000 | Numbers]],
     [{N, told([{fullsweep_after, N}])} || N <- [0, 1, 10, 1000, 65535]]].

max_heap() ->
    Maps = [#{size => 100000}, #{size => 0}, #{size => 100000, kill => false},
            #{size => 100000, kill => true, error_logger => false},
            #{size => 0, error_logger => false}, #{size => 500000, other => 1},
            #{size => 100000, kill => false, error_logger => true}],
    [{M, told([{max_heap_size, M}])} || M <- [0, 300, 10000, 1 bsl 40 | Maps]]
    ++ [told([{min_heap_size, 1000}, {max_heap_size, 5000}]),
        told([{max_heap_size, 5000}, {min_heap_size, 1000}]), killed(), not_killed()].

killed() ->
    {Pid, Ref} = spawn_opt(fun() -> grow([]) end,
                           [monitor, {max_heap_size, #{size => 5000, error_logger => false}}]),
    case next() of {'DOWN', Ref, process, Pid, Why} -> Why; Other -> Other end.

grow(L) when length(L) > 200000 -> grown;
grow(L) -> grow([L | L]).

not_killed() ->
    {Pid, Ref} = spawn_opt(fun() -> exit(fill(20000, [])) end,
                           [monitor, {max_heap_size, #{size => 5000, error_logger => false,
                                                       kill => false}}]),
    case next() of {'DOWN', Ref, process, Pid, Why} -> Why; Other -> Other end.

fill(0, L) -> length(L);
fill(N, L) -> fill(N - 1, [N | L]).

queues() -> [{Q, lists:nth(4, told([{message_queue_data, Q}]))} || Q <- [on_heap, off_heap]].

links() ->
    [told([link]), told([link, link]), told([]), exit_of([link])].

exit_of(Options) ->
    Before = process_flag(trap_exit, true),
    Result = spawn_opt(?MODULE, ends, [bye], Options),
    Messages = lists:sort([prog:anonymous(next()) | rest()]),
    process_flag(trap_exit, Before),
    {prog:anonymous(Result), Messages}.

rest() -> case none() of nothing -> []; M -> [prog:anonymous(M) | rest()] end.

monitors() ->
    [{O, exit_of([O])}
     || O <- [monitor, {monitor, []}, {monitor, [{tag, my_tag}]}, {monitor, [{tag, {a, [1]}}]},
              {monitor, [{alias, explicit_unalias}]}, {monitor, [{alias, demonitor}]},
              {monitor, [{alias, reply_demonitor}]},
              {monitor, [{tag, t}, {alias, demonitor}]}, {monitor, [{tag, t}, {tag, u}]}]].

combined() ->
    [exit_of([link, monitor]), exit_of([monitor, monitor]),
     exit_of([{monitor, [{tag, t}]}, monitor]), exit_of([monitor, {monitor, [{tag, t}]}]),
     told([{priority, low}, {priority, high}]), told([{fullsweep_after, 1}, {fullsweep_after, 2}]),
     told([{min_heap_size, 1000}, {min_heap_size, 500}]),
     told([link, {priority, high}, {fullsweep_after, 3}, {min_heap_size, 500},
           {min_bin_vheap_size, 50000}, {max_heap_size, 70000},
           {message_queue_data, off_heap}])].

bad_options() ->
    [unknown, 1, <<"link">>, {link, true}, {monitor, true}, {monitor, [x]}, {monitor, [{tag}]},
     {monitor, [{alias, x}]}, {monitor, [{tag, t} | x]}, {monitor, {tag, t}},
     {monitor, [{other, 1}]},
     {priority, none}, {priority, 1}, {fullsweep_after, -1}, {fullsweep_after, a},
     {fullsweep_after, 1.0}, {fullsweep_after, 1 bsl 64}, {min_heap_size, -1}, {min_heap_size, a},
     {min_heap_size, 1 bsl 64}, {min_bin_vheap_size, -1}, {min_bin_vheap_size, a},
     {min_bin_vheap_size, 1 bsl 64},
     {max_heap_size, -1}, {max_heap_size, a}, {max_heap_size, 1 bsl 64}, {max_heap_size, 1},
     {max_heap_size, 232}, {max_heap_size, #{}}, {max_heap_size, #{size => 1}},
     {max_heap_size, #{size => a}}, {max_heap_size, #{size => -1}},
     {max_heap_size, #{size => 10000, kill => x}}, {max_heap_size, #{kill => true}},
     {max_heap_size, #{size => 10000, error_logger => x}}, {max_heap_size, #{size => 1 bsl 64}},
     {max_heap_size, [{size, 10000}]},
     {message_queue_data, mixed}, {message_queue_data, true}, {async_dist, true},
     {async_dist, x}, {scheduler, -1}, {scheduler, a}, {priority}, {priority, low, 1},
     {}, [], [link]].

bad() ->
    [{O, outcome(fun() -> spawn_opt(?MODULE, ends, [normal], [O]) end)} || O <- bad_options()]
    ++ [outcome(fun() -> spawn_opt(?MODULE, ends, [normal], L) end)
        || L <- [[link | x], x, [{priority, low} | y],
                 [{min_heap_size, 5000}, {max_heap_size, 4000}],
                 [{max_heap_size, 4000}, {min_heap_size, 5000}], [bad, link | x], {link}, <<>>]]
    ++ [none()].

arguments() ->
    [outcome(fun() -> apply(erlang, spawn_opt, A) end)
     || A <- [[not_fun, []], [1, []], [m, f, x, []], [1, f, [], []],
              [m, "f", [], []], [m, f, [a | b], []], [m, f, [], [bad]],
              [fun() -> ok end, x], [fun(_) -> ok end, [bad]]]]
    ++ [none()].

monitored() ->
    {Pid, Ref} = spawn_opt(fun() -> receive stop -> exit(stopped) end end, [monitor]),
    {monitors, Monitors} = process_info(self(), monitors),
    {monitored_by, By} = process_info(Pid, monitored_by),
    Removed = demonitor(Ref, [info]),
    Pid ! stop,
    {Pid2, Ref2} = spawn_opt(fun() -> receive {to, A} -> A ! hello end end,
                             [{monitor, [{alias, reply_demonitor}]}]),
    Pid2 ! {to, Ref2},
    [lists:member({process, Pid}, Monitors), By =:= [self()], Removed, next(), none(),
     demonitor(Ref2, [info]), unalias(Ref2)].

%% A function that is none: the new process fails, not the caller.
forms() ->
    Node = node(),
    Quiet = process_flag(trap_exit, true),
    Result = [element(1, {is_pid(spawn_opt(Node, fun() -> ok end, [])), 1}),
              is_pid(spawn_opt(Node, ?MODULE, ends, [normal], [])),
              outcome(fun() -> spawn_opt(Node, ?MODULE, ends, [normal], [bad]) end),
              outcome(fun() -> spawn_opt("node", ?MODULE, ends, [normal], []) end),
              outcome(fun() -> spawn_opt("node", fun() -> ok end, []) end),
              prog:anonymous(spawn_opt(Node, ?MODULE, ends, [normal], [monitor])), none_of_down(),
              prog:anonymous(spawn_opt(Node, fun() -> exit(x) end, [monitor, link])),
              lists:sort([prog:anonymous(next()), prog:anonymous(next())])],
    process_flag(trap_exit, Quiet),
    Result.

none_of_down() -> prog:anonymous(next()).

requests() ->
    Main = self(),
    Fun = fun() -> Main ! ran end,
    [begin
         Id = apply(erlang, spawn_request, Arguments),
         Messages = lists:sort([reply(Id, next()), reply(Id, next())]),
         {is_reference(Id), Messages}
     end || Arguments <- [[Fun], [Fun, []], [node(), Fun], [node(), Fun, []],
                          [erlang, send, [Main, ran]], [erlang, send, [Main, ran], []],
                          [node(), erlang, send, [Main, ran]],
                          [node(), erlang, send, [Main, ran], []]]].

reply(Id, {Tag, Id, Result, Pid}) -> {Tag, Result, prog:anonymous(Pid)};
reply(_, Other) -> prog:anonymous(Other).

replies() ->
    [begin
         Id = spawn_request(?MODULE, ends, [normal], Options),
         {Options, reply(Id, none()), none()}
     end || Options <- [[{reply, R}] || R <- [yes, no, error_only, success_only]]
                ++ [[{reply_tag, T}] || T <- [tag, {my, "tag"}, 1]]
                ++ [[{reply, no}, {reply, yes}], [{reply_tag, a}, {reply_tag, b}],
                    [{reply, success_only}, {reply_tag, q}]]]
    %% Of a request that fails, bad options among them.
    ++ [begin
            Id = spawn_request(?MODULE, ends, [normal], [bad | Options]),
            {Options, reply(Id, none()), none()}
        end || Options <- [[], [{reply_tag, tag}], [monitor, link]]
                   ++ [[{reply, R}] || R <- [yes, no, error_only, success_only]]].

request_monitors() ->
    [begin
         Id = spawn_request(?MODULE, ends, [bye], [O | More]),
         {O, More, [reply(Id, next()) | down(Id)]}
     end || O <- [monitor, {monitor, []}, {monitor, [{tag, t}]}, {monitor, [{alias, demonitor}]}],
            More <- [[], [{reply_tag, mine}]]].

down(Id) ->
    case none() of
        nothing -> [];
        {Tag, Id, process, Pid, Why} -> [{Tag, is_pid(Pid), Why} | down(Id)];
        Other -> [Other | down(Id)]
    end.

request_links() ->
    Before = process_flag(trap_exit, true),
    Result = [begin
                  spawn_request(?MODULE, ends, [bye], O),
                  {O, prog:anonymous(next()), rest()}
              end || O <- [[link], [link, monitor], [link, {reply, error_only}],
                           [monitor, {reply, no}]]],
    process_flag(trap_exit, Before),
    Result.

bad_requests() ->
    [{O, outcome(fun() -> spawn_request(?MODULE, ends, [normal], [O]) end), rest()}
     || O <- [{reply, maybe_so}, {reply}, {reply_tag} | bad_options()]]
    ++ [{A, outcome(fun() -> apply(erlang, spawn_request, A) end), rest()}
        || A <- [[not_fun], [1, []], [m, f, x], [m, f, x, []], [1, f, []],
                 [m, f, [a | b], []], [m, "f", []], ["n", m, f, []], ["n", m, f, [], []],
                 [m, f, [], x], [m, f, [], [link | x]], [lists, nothing, 1, []]]]
    ++ [{outcome(fun() -> spawn_request(fun(_) -> ok end) end), rest()},
        {outcome(fun() -> spawn_request(fun() -> ok end, x) end), rest()}].

%% One's own node has answered before the request can be given up.
undone() ->
    Id = spawn_request(?MODULE, ends, [normal], []),
    First = spawn_request_abandon(Id),
    _ = rest(),
    [First, spawn_request_abandon(Id), spawn_request_abandon(make_ref()),
     outcome(fun() -> spawn_request_abandon(self()) end)].
