%% Has OTP's crashdump_viewer read a dump, and writes what it says in a form that is the same for
%% two dumps of the same program: without addresses, offsets and identities.
-module(view).
-export([main/1]).
-include("crashdump_viewer.hrl").

main([File]) ->
    {ok, _} = crashdump_viewer:start_link(),
    register(cdv_progress_handler, self()),
    ok = crashdump_viewer:read_file(File),
    done = wait(),
    io:format("~p.~n", [describe()]),
    halt().

wait() ->
    receive
        {progress, {ok, done}} -> unregister(cdv_progress_handler), done;
        {progress, {error, Reason}} -> {error, Reason};
        {progress, _} -> wait()
    end.

describe() ->
    {ok, General, GeneralWarning} = crashdump_viewer:general_info(),
    {ok, Processes, []} = crashdump_viewer:processes(),
    {ok, Ports, []} = crashdump_viewer:ports(),
    {ok, Tables, []} = crashdump_viewer:ets_tables(all),
    {ok, Timers, []} = crashdump_viewer:timers(all),
    {ok, Funs, []} = crashdump_viewer:funs(),
    {ok, Atoms, []} = crashdump_viewer:atoms(),
    {ok, Modules, []} = crashdump_viewer:loaded_modules(),
    {ok, Memory, []} = crashdump_viewer:memory(),
    {ok, Areas, []} = crashdump_viewer:allocated_areas(),
    {ok, Allocators, []} = crashdump_viewer:allocator_info(),
    {ok, HashTables, []} = crashdump_viewer:hash_tables(),
    {ok, IndexTables, []} = crashdump_viewer:index_tables(),
    {ok, Schedulers, []} = crashdump_viewer:schedulers(),
    {ok, Nodes, []} = crashdump_viewer:dist_info(),
    {ok, Persistent, []} = crashdump_viewer:persistent_terms(),
    {ok, Module, []} = crashdump_viewer:loaded_mod_details("crash"),
    #{slogan => General#general_info.slogan,
      node => General#general_info.node_name,
      warnings => GeneralWarning,
      thread => lists:prefix("scheduler:", General#general_info.thread),
      atom_count_fits => length(Atoms) =:= list_to_integer(General#general_info.num_atoms),
      processes => lists:sort([Name || #proc{name = Name} <- Processes]),
      victim => process(find(Processes, "crash_victim")),
      main => maps:without([place, stack], process(find_running(Processes))),
      ports => lists:sort([{P#port.controls, P#port.state} || P <- Ports,
                           is_list(P#port.controls),
                           not lists:prefix("Forker", P#port.controls)]),
      tables => lists:sort([table(T) || T <- Tables, is_ours(T#ets_table.name)]),
      timers => [{T#timer.name, T#timer.msg, T#timer.time > 900000} || T <- Timers,
                 T#timer.name =:= "crash_victim"],
      funs => lists:sort([{F#fu.uniq, F#fu.index} || F <- Funs, F#fu.module =:= "crash"]),
      atoms => lists:sort([A || {_, {_, _} = A} <- Atoms, is_ours_atom(A)]),
      modules => [M || M <- ["lists", "crash", "kernel", "init"], is_loaded(M, Modules)],
      module => {Module#loaded_mod.current_attrib,
                 Module#loaded_mod.current_size > 0, Module#loaded_mod.old_size},
      memory => lists:sort([K || {K, V} <- Memory, list_to_integer(V) > 0,
                            K =/= processes_used, K =/= atom_used]),
      areas => Areas =/= [],
      allocators => Allocators =/= [],
      hash_tables => HashTables =/= [],
      index_tables => IndexTables =/= [],
      schedulers => lists:sort([{S#sched.type, S#sched.process =/= "None"} || S <- Schedulers]),
      nodes => Nodes,
      persistent => lists:sort([{plain(K), plain(V)} || {K, V} <- Persistent,
                                is_tuple(K), element(1, K) =:= crash])}.

find(Processes, Name) ->
    [Pid] = [P#proc.pid || P <- Processes, P#proc.name =:= Name],
    Pid.

find_running(Processes) ->
    [Pid] = [P#proc.pid || P <- Processes, P#proc.state =:= "Running"],
    Pid.

process(Pid) ->
    {ok, P, Warnings} = crashdump_viewer:proc_details(pid_to_list(Pid)),
    #{name => P#proc.name, init => P#proc.init_func, state => P#proc.state,
      warnings => Warnings,
      queue => P#proc.msg_q_len, messages => plain(P#proc.msg_q), dictionary => dict(P#proc.dict),
      links => length(P#proc.links), monitors => length(P#proc.monitors),
      monitored_by => length(P#proc.mon_by), parent => P#proc.parent =/= "unknown",
      heap => P#proc.stack_heap > 0, memory => P#proc.memory > P#proc.stack_heap,
      reductions => P#proc.reds > 0, arity => P#proc.arity,
      place => place(P#proc.prog_count), stack => [frame(F) || F <- P#proc.stack_dump],
      priority => hd(string:split(P#proc.int_state, " "))}.

dict(Pairs) -> lists:sort([plain(Pair) || Pair <- Pairs]).

%% "0x1234 (m:f/1 + 20)"
place(undefined) -> none;
place(Text) ->
    case re:run(Text, "\\(([^ ]+:[^ ]+/[0-9]+)", [{capture, all_but_first, list}]) of
        {match, [Function]} -> Function;
        nomatch -> case lists:member($<, Text) of true -> "<...>"; false -> Text end
    end.

frame({_, "Return addr" ++ _ = Text}) -> {return, place(Text)};
frame({_, "Catch" ++ _ = Text}) -> {'catch', place(Text)};
frame({Label, Term}) -> {Label, plain(Term)}.

%% Without what is another each time.
plain(['#CDVBin', Offset, Size, Place]) ->
    {ok, Bytes} = crashdump_viewer:expand_binary({Offset, Size, Place}),
    {binary, Bytes};
plain(['#CDVPid' | _]) -> pid;
plain(['#CDVPort' | _]) -> port;
plain([H | T]) -> [plain(H) | plain(T)];
plain(T) when is_tuple(T) -> list_to_tuple(plain(tuple_to_list(T)));
plain(M) when is_map(M) ->
    {map, lists:sort([{plain(K), plain(V)} || {K, V} <- maps:to_list(M)])};
plain(R) when is_reference(R) -> reference;
plain(P) when is_pid(P) -> pid;
plain(F) when is_function(F) ->
    {env, E} = erlang:fun_info(F, env),
    {'fun', [element(2, erlang:fun_info(F, I)) || I <- [module, name, arity, type]], length(E)};
plain(T) -> T.

table(T) ->
    {T#ets_table.name, T#ets_table.is_named, T#ets_table.size, T#ets_table.data_type,
     maps:with([protection, compressed, read_c, fixed], T#ets_table.details)}.

is_ours("crash_" ++ _) -> true;
is_ours(_) -> false.

is_ours_atom({<<"an atom ", _/binary>>, _}) -> true;
is_ours_atom({<<229/utf8, _/binary>>, _}) -> true;
is_ours_atom({<<"crash", _/binary>>, _}) -> true;
is_ours_atom(_) -> false.

is_loaded(Name, Modules) ->
    lists:any(fun(M) -> element(1, M#loaded_mod.mod) =:= list_to_binary(Name) end, Modules).
