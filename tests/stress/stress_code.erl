%% A module that is changed again and again while the workers of stress.erl call it. Generation N of it:
%%
%%   generation() -> N.
%%   literal() -> {N, [N, N, N], #{N => <<"a literal">>}}.      % in the module's literals
%%   stay(P) -> P ! {self(), here}, receive leave -> ok end.    % does not move to newer code
%%
%% Compiled from forms when its turn comes; only the number in them differs.
-module(stress_code).
-export([start/0, call/2, change/1, generation/1]).

-define(CHANGED, stress_changed).

start() ->
    case whereis(erts_code_purger) of
        undefined -> spawn(erts_code_purger, start, []), wait_for(erts_code_purger);
        _ -> ok
    end,
    ?MODULE = ets:new(?MODULE, [named_table, public]),
    ets:insert(?MODULE, {next, 1}),
    load(1).

wait_for(Name) -> whereis(Name) =:= undefined andalso begin erlang:yield(), wait_for(Name) end.

load(N) ->
    {module, ?CHANGED} = erlang:load_module(?CHANGED, generation(N)).

%% The newest generation that the caller knows of, and what it keeps of it.
call(Pick, Seen) ->
    N = ?CHANGED:generation(),
    N >= Seen orelse error({older_code, Seen, N}),
    {M, _, _} = Literal = ?CHANGED:literal(),
    M >= N orelse error({older_literal, N, M}),
    Literal =:= literal(M) orelse error({literal_damaged, Literal}),
    Kept = get(?MODULE),
    case Kept of
        {K, Old} -> Old =:= literal(K) orelse error({kept_literal_damaged, K, Old});
        undefined -> ok
    end,
    Pick rem 5 =:= 0 andalso put(?MODULE, {M, Literal}),
    M.

literal(N) -> {N, [N, N, N], #{N => <<"a literal">>}}.

%% Loads the next generation, if nobody else is at it, and purges the one before.
change(Pick) ->
    case ets:insert_new(?MODULE, {lock, self()}) of
        false -> ok;
        true ->
            Parent = self(),
            {Stays, Ref} = spawn_monitor(fun() -> ?CHANGED:stay(Parent) end),
            receive {Stays, here} -> ok after 20000 -> error(not_there) end,
            load(ets:update_counter(?MODULE, next, 1)),
            true = erlang:check_old_code(?CHANGED),
            true = check_process_code(Stays, ?CHANGED),
            purge(Pick rem 3, Stays, Ref),
            false = erlang:check_old_code(?CHANGED),
            ets:delete(?MODULE, lock)
    end.

%% All three ends: told to leave, killed by the purge, refused by a soft purge first.
purge(0, Stays, Ref) ->
    Stays ! leave,
    receive {'DOWN', Ref, process, Stays, normal} -> ok after 20000 -> error(no_down) end,
    {true, _} = erts_code_purger:purge(?CHANGED);
purge(1, Stays, Ref) ->
    {true, true} = erts_code_purger:purge(?CHANGED),
    receive {'DOWN', Ref, process, Stays, killed} -> ok after 20000 -> error(no_down) end;
purge(2, Stays, Ref) ->
    false = erts_code_purger:soft_purge(?CHANGED),
    is_process_alive(Stays) orelse error(killed_by_soft_purge),
    purge(0, Stays, Ref).

generation(N) ->
    Function = fun(Name, Arguments, Body) ->
                   {function, 1, Name, length(Arguments), [{clause, 1, Arguments, [], Body}]}
               end,
    P = {var, 1, 'P'},
    Forms =
        [{attribute, 1, module, ?CHANGED},
         {attribute, 1, export, [{generation, 0}, {literal, 0}, {stay, 1}]},
         Function(generation, [], [{integer, 1, N}]),
         Function(literal, [], [erl_parse:abstract(literal(N))]),
         Function(stay, [P],
                  [{op, 1, '!', P, {tuple, 1, [{call, 1, {atom, 1, self}, []}, {atom, 1, here}]}},
                   {'receive', 1, [{clause, 1, [{atom, 1, leave}], [], [{atom, 1, ok}]}]}])],
    {ok, ?CHANGED, Binary} = compile:forms(Forms, []),
    Binary.
