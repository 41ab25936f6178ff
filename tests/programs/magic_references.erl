%% References to native objects that come back as external terms or as text are still those.
-module(magic_references).
-export([main/0]).

main() ->
    [[uses(Way) || Way <- ways()], of_dead_objects(), many(), shared(), in_processes(),
     plain_references()].

ways() ->
    [fun(Reference) -> binary_to_term(term_to_binary(Reference)) end,
     fun(Reference) -> binary_to_term(term_to_binary(Reference, [compressed]), [safe]) end,
     fun(Reference) -> [{_, R}] = binary_to_term(term_to_binary([{x, Reference}])), R end,
     fun(Reference) -> list_to_ref(ref_to_list(Reference)) end].

uses(Way) ->
    Table = ets:new(table, []),
    true = ets:insert(Table, [{K, K * K} || K <- lists:seq(1, 10)]),
    Spec = ets:match_spec_compile([{{'$1', '$2'}, [{'>', '$1', 7}], ['$2']}]),
    Atomics = atomics:new(3, []),
    Counters = {counters, C} = to_tuple(counters:new(1, [])),
    Back = Way(Table),
    true = ets:insert(Back, {new, row}),
    ok = atomics:put(Way(Atomics), 2, 17),
    R = {Back =:= Table, ets:lookup(Table, new), ets:info(Back, size),
         ets:is_compiled_ms(Way(Spec)),
         lists:sort(ets:match_spec_run(ets:tab2list(Table), Way(Spec))),
         atomics:get(Atomics, 2), element(1, Counters), is_reference(Way(C))},
    true = ets:delete(Back),
    %% All have lived until here.
    {R, lists:member(Table, prog:id([Spec, Atomics, C])),
     prog:anonymous(prog:outcome(fun() -> ets:lookup(Table, 1) end))}.

%% {atomics, Ref} of counters is {atomics, Ref} or {write_concurrency, Ref}.
to_tuple({_, Reference}) -> {counters, Reference}.

%% What was written down outlives the object, and is a reference like any other then.
of_dead_objects() ->
    Texts = [begin
                 A = atomics:new(N, []),
                 {term_to_binary(A), ref_to_list(A)}
             end || N <- lists:seq(1, 100)],
    erlang:garbage_collect(),
    [begin
         R = binary_to_term(B),
         R = list_to_ref(T),
         is_reference(R) andalso prog:outcome(fun() -> element(1, catch atomics:get(R, 1)) end)
     end || {B, T} <- [hd(Texts)]] ++ [length([binary_to_term(B) || {B, _} <- Texts])].

many() ->
    All = [atomics:new(1, []) || _ <- lists:seq(1, 2000)],
    [atomics:put(A, 1, N) || {N, A} <- lists:zip(lists:seq(1, 2000), All)],
    Again = binary_to_term(term_to_binary(All)),
    true = Again =:= All,
    erlang:garbage_collect(),
    {length(All), lists:sum([atomics:get(A, 1) || A <- Again])}.

%% The only reference that is left is one that came back.
shared() ->
    T = ets:new(t, [public]),
    Binary = term_to_binary({tables, T, T}),
    true = ets:insert(T, {a, 1}),
    {tables, A, B} = binary_to_term(Binary),
    erlang:garbage_collect(),
    {ets:lookup(A, a), ets:lookup(B, a), A =:= B}.

in_processes() ->
    Atomics = atomics:new(1, []),
    Text = ref_to_list(Atomics),
    Binary = term_to_binary(Atomics),
    Workers = [spawn_monitor(fun() ->
                                 [begin
                                      atomics:add(list_to_ref(Text), 1, 1),
                                      atomics:add(binary_to_term(Binary), 1, 1),
                                      term_to_binary(atomics:new(1, []))
                                  end || _ <- lists:seq(1, 200)]
                             end) || _ <- lists:seq(1, 10)],
    [receive {'DOWN', M, process, P, Why} -> normal = Why end || {P, M} <- Workers],
    atomics:get(Atomics, 1).

plain_references() ->
    R = make_ref(),
    {binary_to_term(term_to_binary(R)) =:= R, list_to_ref(ref_to_list(R)) =:= R,
     prog:outcome(fun() -> ets:lookup(prog:id(R), a) end) =/= ok}.
