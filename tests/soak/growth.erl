%% Whether erlang:memory/0 tells what it takes: things of one kind are made until some 100 MB more
%% are resident, and what that changes is compared with what erlang:memory/0 says. One kind for each
%% run, so that none gets the memory that another has given up.
%% names/0: the kinds. figures/1: {Kind, Resident, Total, Own}, kilobytes of growth by the system's
%% word, by the total and by the figures that are the kind's own. check/1: ok, or {wrong, Figures}.
-module(growth).
-export([names/0, check/1, figures/1]).

-define(MB, 100).
%% Percent by which a figure may differ from the growth of what is resident.
-define(ALLOWED, 5).
%% The kind's own figures do not know of what the allocator needs to round sizes up and keeps.
-define(ALLOWED_OWN, 25).

names() -> [Kind || {Kind, _, _} <- kinds()].

check(Kind) ->
    Figures = {_, Resident, Total, Own} = figures(Kind),
    case differs(Total, Resident, ?ALLOWED) orelse differs(Own, Resident, ?ALLOWED_OWN) of
        true -> {wrong, Figures};
        false -> ok
    end.

differs(A, B, Percent) -> abs(A - B) * 100 > B * Percent.

figures(Kind) ->
    {Kind, Own, Make} = lists:keyfind(Kind, 1, kinds()),
    measured(Kind, Own, Make).

measured(Kind, Own, Make) ->
    Make(1),  % these load what they need
    _ = now_used(),
    {Before, ResidentBefore} = now_used(),
    Kept = Make(?MB),
    {After, Resident} = now_used(),
    Growth = fun(Names) ->
                 lists:sum([proplists:get_value(N, After) - proplists:get_value(N, Before)
                            || N <- Names]) div 1024
             end,
    put(kept, Kept),  % until here
    {Kind, Resident - ResidentBefore, Growth([total]), Growth(Own)}.

now_used() ->
    garbage_collect(),
    receive after 200 -> ok end,
    {erlang:memory(), resident()}.

resident() ->
    {ok, File} = file:open("/proc/self/status", [read, raw, binary]),
    {ok, Text} = file:read(File, 4000),
    ok = file:close(File),
    {match, [Kilobytes]} = re:run(Text, "VmRSS:\\s+([0-9]+)", [{capture, all_but_first, list}]),
    list_to_integer(Kilobytes).

kinds() ->
    [{waiting, [processes], fun(Mb) -> many(Mb * 1000, fun() -> spawn(fun wait/0) end) end},
     {heaps, [processes], fun(Mb) -> many(Mb, fun() -> filled(lists:seq(1, 36_000)) end) end},
     {small_heaps, [processes],
      fun(Mb) -> many(Mb * 20, fun() -> filled(lists:seq(1, 3000)) end) end},
     {large_heap, [processes], fun(Mb) -> filled(pairs(Mb * 15_000, [])) end},
     {tuples, [processes],
      fun(Mb) -> filled([list_to_tuple(lists:seq(1, 1000)) || _ <- lists:seq(1, Mb * 130)]) end},
     {messages, [processes],
      fun(Mb) ->
          Pid = spawn(fun wait/0),
          many(Mb * 1500, fun() -> Pid ! {message, lists:seq(1, 30), "text"} end),
          Pid
      end},
     {binaries, [binary], fun(Mb) -> many(Mb, fun() -> binary:copy(<<1>>, 1 bsl 20) end) end},
     {small_binaries, [binary, processes],
      fun(Mb) -> many(Mb * 1000, fun() -> binary:copy(<<2>>, 1000) end) end},
     {set, [ets], fun(Mb) -> table(set, Mb * 5000) end},
     {ordered_set, [ets], fun(Mb) -> table(ordered_set, Mb * 5000) end},
     {bag, [ets], fun(Mb) -> table(bag, Mb * 5000) end},
     {large_rows, [ets],
      fun(Mb) ->
          Table = ets:new(growth, [public]),
          [ets:insert(Table, {N, lists:seq(1, 32_000)}) || N <- lists:seq(1, 2 * Mb)],
          {table, Table}
      end},
     {atoms, [atom], fun(Mb) -> [new_atom(Mb, N) || N <- lists:seq(1, Mb * 5000)], none end},
     {literals, [code],
      fun(Mb) -> [persistent_term:put({growth, N}, lists:seq(1, 64_000)) || N <- lists:seq(1, Mb)],
                 none
      end}].

many(N, Make) -> [Make() || _ <- lists:seq(1, N)].

wait() -> receive stop -> ok end.

filled(Term) ->
    Self = self(),
    Pid = spawn(fun() ->
                    receive {term, Own} -> garbage_collect(), Self ! {self(), ready} end,
                    receive stop -> Own end
                end),
    Pid ! {term, Term},
    receive {Pid, ready} -> Pid end.

pairs(0, List) -> List;
pairs(N, List) -> pairs(N - 1, [{N, {N, N}} | List]).

table(Type, Rows) ->
    Table = ets:new(growth, [Type, public]),
    [ets:insert(Table, {N, "some text", N}) || N <- lists:seq(1, Rows)],
    {table, Table}.

new_atom(Mb, N) ->
    list_to_atom("an atom of growth " ++ integer_to_list(Mb) ++ [$_ | integer_to_list(N)]).
