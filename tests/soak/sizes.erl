%% Terms as deep and as long as memory allows, through all that walks over terms: compare, hash, copy,
%% external format, printing, collection. run under a small native stack, so that a walk that
%% recurses is found.
-module(sizes).
-compile(nowarn_deprecated_function).
-export([main/2]).

%% Prints how long each took, in ms. `Printed` is how deep the printed term is.
main(Deep, Long) ->
    [all(Name, Make, N) || {Name, Make, N} <- [{deep, fun deep/1, Deep}, {long, fun long/1, Long}]].

all(Name, Make, N) ->
    Term = Make(N),
    Same = Make(N),
    Self = self(),
    Steps =
        [{compare, fun() -> true = Term =:= Same, true = Term == Same, false = Term < Same end},
         {hash, fun() ->
                    true = erlang:phash2(Term) =:= erlang:phash2(Same),
                    true = erlang:phash(Term, 1 bsl 32) =:= erlang:phash(Same, 1 bsl 32)
                end},
         {external, fun() ->
                        Bytes = term_to_binary(Term),
                        true = byte_size(Bytes) =:= erlang:external_size(Term),
                        true = binary_to_term(Bytes) =:= Same
                    end},
         {send, fun() ->
                    {Pid, Ref} = spawn_monitor(fun() -> receive {t, T} -> Self ! T =:= Same end end),
                    Pid ! {t, Term},
                    receive true -> ok end,
                    receive {'DOWN', Ref, process, Pid, Why} -> normal = Why end
                end},
         {table, fun() ->
                     Table = ets:new(sizes, []),
                     ets:insert(Table, {key, Term}),
                     [{key, Kept}] = ets:lookup(Table, key),
                     true = Kept =:= Term,
                     true = ets:delete(Table)
                 end},
         {persistent, fun() ->
                          persistent_term:put(sizes, Term),
                          true = persistent_term:get(sizes) =:= Same,
                          persistent_term:erase(sizes)
                      end},
         {collect, fun() -> true = garbage_collect(), true = Term =:= Same end},
         {size, fun() -> true = erts_debug:flat_size(Term) =:= erts_debug:flat_size(Same) end},
         {display, fun() -> erlang:display(Term) end}],
    {Name, N, [{Step, element(1, timer:tc(Do)) div 1000} || {Step, Do} <- Steps]}.

deep(N) -> lists:foldl(fun(_, Term) -> [Term] end, [], lists:seq(1, N)).
long(N) -> lists:seq(1, N).
