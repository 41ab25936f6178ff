%% Call tracing: global, local and meta patterns, returns, exceptions, counters, match programs.
-module(trace_calls).
-export([main/0, loop/0, f/1, g/1, id/1, count_down/1, tail/1, fails/1, catches/1, bin/1, deep/1,
         call_fun/2, waits/0, turned/1, thrown/1, recurse/1]).

main() ->
    %% The modules of traced natives are to be loaded.
    [M = M:module_info(module) || M <- [erlang, lists]],
    [{global, global()}, {local, local()}, {return, returns()}, {return_to, return_to()},
     {exception, exceptions()}, {meta, meta()}, {count, counts()}, {natives, natives()},
     {info, infos()}, {specs, specs()}, {funs, funs()}, {bits, bits()}, {flags, program_flags()},
     {errors, errors()}, {test, spec_tests()}, {silent, silent()}, {arity, arity()},
     {time, times()}, {tail, tails()}, {waits, waiting()}, {native_tail, native_tails()},
     {nocatch, no_catch()}, {global_after_local, global_after_local()}, {frames, frames()}].

f(X) -> g(X) + 1.
g(X) -> ?MODULE:id(X) * 2.
id(X) -> X.
count_down(0) -> done;
count_down(N) -> count_down(N - 1).
tail(X) -> ?MODULE:id(X).
fails(X) -> [inner(X)].
inner(X) -> id(hd(X)).
catches(X) -> try fails(X) of V -> {ok, V} catch C:R -> {C, R} end.
bin(<<H, T/binary>>) -> [H | bin(T)];
bin(<<>>) -> [].
deep(0) -> ?MODULE:id(0);
deep(N) -> 1 + deep(N - 1).
call_fun(F, X) -> F(X).
waits() -> receive X -> X end.

error_of(F) ->
    try F() catch Class:Reason -> {Class, Reason} end.

loop() ->
    receive
        {From, F} -> From ! {self(), catch F()}, loop()
    end.

do(Pid, F) ->
    Pid ! {self(), F},
    receive {Pid, Value} -> Value after 5000 -> timeout end.

traced(Flags, Patterns, F) ->
    Pid = spawn(?MODULE, loop, []),
    do(Pid, fun() -> ok end),
    Set = [erlang:trace_pattern(P, S, O) || {P, S, O} <- Patterns],
    1 = erlang:trace(Pid, true, Flags),
    Value = do(Pid, F),
    Told = events(Pid),
    [erlang:trace_pattern(P, false, O) || {P, _, O} <- Patterns],
    exit(Pid, kill),
    [Set, Value, Told].

events(Pid) ->
    Ref = erlang:trace_delivered(Pid),
    events_until(Ref, Pid).

events_until(Ref, Pid) ->
    receive
        {trace_delivered, Pid, Ref} -> [];
        Event when element(2, Event) =:= Pid -> [shown(Event, Pid) | events_until(Ref, Pid)]
    after 5000 -> timeout
    end.

shown({trace, _, Tag, What}, _) -> {Tag, What};
shown({trace, _, Tag, What, More}, _) -> {Tag, What, More};
shown({trace_ts, _, Tag, What, {_, _, _}}, _) -> {ts, Tag, What};
shown({trace_ts, _, Tag, What, More, {_, _, _}}, _) -> {ts, Tag, What, More}.

global() ->
    traced([call], [{{?MODULE, '_', '_'}, true, []}], fun() -> ?MODULE:f(3) end).
local() ->
    [traced([call], [{{?MODULE, f, 1}, true, [local]}, {{?MODULE, g, 1}, true, [local]},
                     {{?MODULE, id, '_'}, true, [local]}], fun() -> f(3) end),
     traced([call], [{{?MODULE, count_down, 1}, true, [local]}], fun() -> count_down(3) end)].

returns() ->
    Spec = [{'_', [], [{return_trace}]}],
    [traced([call], [{{?MODULE, f, 1}, Spec, [local]}, {{?MODULE, g, 1}, Spec, [local]},
                     {{?MODULE, id, 1}, Spec, [local]}], fun() -> f(4) end),
     traced([call], [{{?MODULE, f, 1}, Spec, []}, {{?MODULE, id, 1}, Spec, []}],
            fun() -> [?MODULE:f(5)] end),
     traced([call], [{{?MODULE, count_down, 1}, Spec, [local]}], fun() -> [count_down(2)] end)].

return_to() ->
    [traced([call, return_to], [{{?MODULE, f, 1}, true, [local]}, {{?MODULE, g, 1}, true, [local]},
                                {{?MODULE, id, 1}, true, [local]}], fun() -> [f(1)] end),
     traced([call, return_to], [{{?MODULE, '_', '_'}, [{'_', [], [{return_trace}]}], [local]}],
            fun() -> {catches([1]), tail(2)} end)].

exceptions() ->
    Spec = [{'_', [], [{exception_trace}]}],
    Patterns = [{{?MODULE, N, 1}, Spec, [local]} || N <- [fails, inner, catches]],
    [traced([call], Patterns, fun() -> catches([a]) end),
     traced([call], Patterns, fun() -> catches(not_a_list) end),
     traced([call, return_to], Patterns, fun() -> catches([]) end),
     traced([call], [{{erlang, hd, 1}, Spec, [local]}, {{erlang, list_to_atom, 1}, Spec, []}],
            fun() -> [catch_class(fun() -> list_to_atom(id(x)) end), list_to_atom("y")] end)].

catch_class(F) -> try F() catch C:R -> {C, R} end.

meta() ->
    Pid = spawn(?MODULE, loop, []),
    Spec = [{['$1'], [{is_integer, '$1'}], [{message, {{arg, '$1'}}}, {return_trace}]}],
    1 = erlang:trace_pattern({?MODULE, g, 1}, Spec, [{meta, self()}]),
    1 = erlang:trace_pattern({?MODULE, id, 1}, true, [meta]),
    Info = [{K, meta_me(erlang:trace_info({?MODULE, F, 1}, K))} || F <- [g, id],
            K <- [traced, match_spec, meta, meta_match_spec]],
    Value = do(Pid, fun() -> f(2) end),
    Told = events(Pid),
    1 = erlang:trace_pattern({?MODULE, g, 1}, false, [meta]),
    1 = erlang:trace_pattern({?MODULE, id, 1}, false, [meta]),
    Value = do(Pid, fun() -> f(2) end),
    Rest = events(Pid),
    exit(Pid, kill),
    [Info, Value, Told, Rest].

meta_me({meta, Pid}) when Pid =:= self() -> me;
meta_me(Other) -> Other.

counts() ->
    Mfa = {?MODULE, deep, 1},
    Count = fun() -> erlang:trace_info(Mfa, call_count) end,
    [Count(), erlang:trace_pattern(Mfa, true, [call_count]), Count(), deep(9), Count(),
     erlang:trace_pattern(Mfa, pause, [call_count]), deep(5), Count(),
     erlang:trace_pattern(Mfa, restart, [call_count]), deep(2), Count(),
     erlang:trace_pattern(Mfa, true, [call_count]), Count(),
     erlang:trace_pattern(Mfa, false, [call_count]), Count()].

natives() ->
    Spec = [{'_', [], [{return_trace}]}],
    [traced([call], [{{lists, reverse, 2}, Spec, []}, {{erlang, atom_to_list, 1}, Spec, [local]}],
            fun() -> [lists:reverse(id([1, 2]), []), atom_to_list(id(abc))] end),
     traced([call], [{{erlang, length, 1}, true, []}],
            fun() -> L = id([1]), erlang:apply(id(erlang), length, [L]) + length(L) end),
     traced([call, return_to], [{{erlang, integer_to_list, 1}, true, [local]}],
            fun() -> integer_to_list(id(77)) ++ "." end),
     traced([call], [{{lists, member, 2}, Spec, []}], fun() -> lists:member(id(1), [2]) end),
     traced([call], [{{erlang, spawn, 3}, Spec, []}, {{erlang, self, 0}, true, [local]}],
            fun() -> is_pid(erlang:apply(erlang, self, [])) end)].

infos() ->
    Mfa = {?MODULE, f, 1},
    All = fun() -> [erlang:trace_info(Mfa, K) || K <- [traced, match_spec, meta, call_count, all]] end,
    First = All(),
    1 = erlang:trace_pattern(Mfa, [{['_'], [], [{return_trace}]}], [local]),
    Local = All(),
    1 = erlang:trace_pattern(Mfa, true, [call_count]),
    Both = All(),
    1 = erlang:trace_pattern(Mfa, true, [global]),
    Global = All(),
    1 = erlang:trace_pattern(Mfa, false, [global]),
    [First, Local, Both, Global, All(), erlang:trace_info({?MODULE, nobody, 3}, traced),
     erlang:trace_info({?MODULE, inner, 1}, traced),
     erlang:trace_pattern({?MODULE, inner, 1}, true, []),
     erlang:trace_pattern({?MODULE, inner, 1}, true, [local]),
     erlang:trace_pattern({?MODULE, inner, 1}, false, [local]),
     erlang:trace_pattern({no_such_module, '_', '_'}, true, []),
     erlang:trace_info(on_load, all)].

specs() ->
    Mfa = {?MODULE, id, 1},
    Run = fun(Spec) -> traced([call], [{Mfa, Spec, [local]}], fun() -> id(1), id({a, 2}), x end) end,
    [Run([{[1], [], []}]),
     Run([{['$1'], [{is_tuple, '$1'}], [{message, '$1'}]}, {[1], [], [{message, false}]}]),
     Run([{'_', [], [{message, {caller}}]}]),
     Run([{'_', [], [{message, {{{self}, '$_', '$$'}}}, {message, {get_tcw}}]}]),
     Run([{['$1'], [], [{message, {element, 1, '$1'}}]}]),
     Run([{'_', [{is_seq_trace}], []}]),
     Run([{'_', [], [{set_seq_token, label, 17}, {message, {element, 2, {get_seq_token}}}, {set_seq_token, label, 18}]}])].

funs() ->
    Fun = fun(X) -> id(X) + 1 end,
    traced([call], [{{?MODULE, '_', '_'}, true, [local]}],
           fun() -> call_fun(Fun, 1) + call_fun(fun ?MODULE:id/1, 5) end).

bits() ->
    traced([call], [{{?MODULE, bin, 1}, true, [local]}], fun() -> bin(<<1, 2, 3>>) end).

program_flags() ->
    Pid = spawn(?MODULE, loop, []),
    1 = erlang:trace_pattern({?MODULE, f, 1}, [{'_', [], [{enable_trace, send}]}], [local]),
    1 = erlang:trace_pattern({?MODULE, g, 1}, [{'_', [], [{disable_trace, call}]}], [local]),
    1 = erlang:trace(Pid, true, [call]),
    8 = do(Pid, fun() -> f(1) + 5 end),
    Told = events(Pid),
    Flags = erlang:trace_info(Pid, flags),
    1 = erlang:trace_pattern({?MODULE, id, 1}, [{'_', [], [{trace, [send], [call, arity]}]}], [local]),
    1 = erlang:trace(Pid, true, [call]),
    do(Pid, fun() -> id(1) end),
    More = events(Pid),
    After = erlang:trace_info(Pid, flags),
    erlang:trace_pattern({?MODULE, '_', '_'}, false, [local]),
    exit(Pid, kill),
    [[tags(Told), Flags], [tags(More), After]].

tags(Events) -> [{element(1, E), size(E)} || E <- Events].

errors() ->
    [error_of(F) || F <-
        [fun() -> erlang:trace_pattern({a, b}, true, []) end,
         fun() -> erlang:trace_pattern({a, '_', 1}, true, []) end,
         fun() -> erlang:trace_pattern({a, b, c}, true, []) end,
         fun() -> erlang:trace_pattern({a, b, 1}, maybe_, []) end,
         fun() -> erlang:trace_pattern({a, b, 1}, true, [nothing]) end,
         fun() -> erlang:trace_pattern({a, b, 1}, true, [global, local]) end,
         fun() -> erlang:trace_pattern({a, b, 1}, true, [local, global]) end,
         fun() -> erlang:trace_pattern({a, b, 1}, [{'_', [], []}], [call_count]) end,
         fun() -> erlang:trace_pattern({a, b, 1}, [{x, [], []}], []) end,
         fun() -> erlang:trace_pattern({a, b, 1}, true, [{meta, nobody}]) end,
         fun() -> erlang:trace_info({a, b}, traced) end,
         fun() -> erlang:trace_info({?MODULE, f, 1}, nothing) end]].

spec_tests() ->
    [error_of(fun() -> erlang:match_spec_test(A, S, trace) end) || {A, S} <-
        [{[1, 2], [{['$1', '$2'], [{'<', '$1', '$2'}], [{message, {{'$2', '$1'}}}]}]},
         {[1, 2], [{['$1', '$2'], [{'>', '$1', '$2'}], []}]},
         {[], [{'_', [], [{return_trace}, {exception_trace}]}]},
         {[a], [{['_'], [], [{message, {caller}}]}]},
         {[a], [{['_'], [{message, 1}], []}]},
         {[a], [{['_'], [{return_trace}], []}]},
         {[a], [{['_'], [], [{return_trace, 1}]}]},
         {[a], [{['_'], [], [{message}]}]},
         {[a], [{['_'], [], [{enable_trace}]}]},
         {[a], [{['_'], [], [{set_seq_token, a}]}]},
         {[a], [{['_'], [], [{silent, true}]}]},
         {[a], [{['_'], [], [{get_tcw}]}]},
         {[a], [{a, [], []}]},
         {a, [{'_', [], []}]}]]
        ++ [erlang:match_spec_test({a}, [{'_', [], [{return_trace}]}], table)].

silent() ->
    Spec = [{[1], [], [{silent, false}, {return_trace}]}, {[0], [], [{silent, true}]}, {'_', [], []}],
    traced([call, silent], [{{?MODULE, id, 1}, Spec, [local]}],
           fun() -> id(2), id(1), id(3), id(0), id(4) end).

arity() ->
    traced([call, arity], [{{?MODULE, '_', '_'}, true, [local]}], fun() -> f(1) end).

times() ->
    Pid = spawn(?MODULE, loop, []),
    1 = erlang:trace_pattern({?MODULE, deep, 1}, true, [call_time]),
    1 = erlang:trace(Pid, true, [call]),
    do(Pid, fun() -> deep(20) end),
    {call_time, [{Pid, N, S, Us}]} = erlang:trace_info({?MODULE, deep, 1}, call_time),
    1 = erlang:trace_pattern({?MODULE, deep, 1}, restart, [call_time]),
    Cleared = erlang:trace_info({?MODULE, deep, 1}, call_time),
    1 = erlang:trace_pattern({?MODULE, deep, 1}, false, [call_time]),
    exit(Pid, kill),
    [N, S >= 0, Us >= 0, Cleared, erlang:trace_info({?MODULE, deep, 1}, call_time)].

%% A tail call returns to the caller's caller, however often.
tails() ->
    [traced([call, return_to], [{{?MODULE, count_down, 1}, true, [local]}],
            fun() -> [count_down(4)] end),
     traced([call, return_to], [{{?MODULE, tail, 1}, true, [local]}, {{?MODULE, id, 1}, true, [local]}],
            fun() -> [tail(4)] end)].

%% A receive at the very beginning of a function is no new call each time that it looks.
waiting() ->
    Pid = spawn(?MODULE, loop, []),
    1 = erlang:trace_pattern({?MODULE, waits, 0}, true, [local]),
    1 = erlang:trace(Pid, true, [call]),
    Me = self(),
    Pid ! {Me, fun waits/0},
    timer:sleep(20),
    Pid ! now,
    receive {Pid, now} -> ok end,
    Told = events(Pid),
    1 = erlang:trace_pattern({?MODULE, waits, 0}, false, [local]),
    exit(Pid, kill),
    Told.

%% A native called in a tail call returns to the function that calls it.
turned(L) -> lists:reverse(L, []).
thrown(X) -> throw(X).

native_tails() ->
    Spec = [{'_', [], [{exception_trace}, {message, {caller}}]}],
    Patterns = [{{?MODULE, turned, 1}, Spec, [local]}, {{lists, reverse, 2}, Spec, [local]}],
    Long = lists:seq(1, 100000),
    Improper = fun() -> try turned(Long ++ tail) catch C:R:Stack -> {C, R, places(Stack)} end end,
    [traced([call, return_to], Patterns, fun() -> [turned([1, 2, 3])] end),
     [{element(3, E), length(element(4, E))} || E <- lists:nth(3, traced([call, return_to], Patterns,
            fun() -> turned(Long), ok end)), element(3, E) =:= call],
     [E || E <- lists:nth(3, traced([call, return_to], Patterns, fun() -> turned(Long), ok end)),
           element(3, E) =:= return_to],
     %% The same without a trace: it yields, and the stack trace still tells where it was called.
     Improper(), lists:nth(2, traced([call, return_to], Patterns, Improper))].

places(Stack) -> [{M, F, if is_list(A) -> length(A); true -> A end} || {M, F, A, _} <- Stack,
        M =:= ?MODULE orelse M =:= lists].

%% What nobody catches has become an error by then.
no_catch() ->
    Spec = [{'_', [], [{exception_trace}]}],
    {Pid, Monitor} = spawn_monitor(fun() -> receive go -> ok end, [thrown(ball)] end),
    erlang:trace_pattern({?MODULE, thrown, 1}, Spec, [local]),
    1 = erlang:trace_pattern({erlang, throw, 1}, Spec, [local]),
    1 = erlang:trace(Pid, true, [call]),
    Pid ! go,
    receive {'DOWN', Monitor, process, Pid, {Reason, Stack}} -> ok end,
    Told = events(Pid),
    erlang:trace_pattern({?MODULE, thrown, 1}, false, [local]),
    1 = erlang:trace_pattern({erlang, throw, 1}, false, [local]),
    [Reason, places(Stack), Told].

%% A global pattern ends local ones, also of functions that are not exported.
global_after_local() ->
    Both = [erlang:trace_pattern({?MODULE, inner, 1}, true, [local]),
            erlang:trace_pattern({?MODULE, inner, 1}, true, [global]),
            erlang:trace_info({?MODULE, inner, 1}, traced),
            erlang:trace_pattern({?MODULE, inner, 1}, false, [global])],
    [Both, traced([call], [{{?MODULE, inner, 1}, true, [local]}, {{?MODULE, '_', '_'}, true, []}],
                  fun() -> catches([1]) end)].

%% Frames of one function count once in a stack trace, traced or not.
recurse(0) -> error(bottom);
recurse(N) -> [recurse(N - 1)].

frames() ->
    Spec = [{'_', [], [{exception_trace}]}],
    F = fun() -> try recurse(4) catch error:bottom:Stack -> places(Stack) end end,
    [F(), lists:nth(2, traced([call, return_to], [{{?MODULE, recurse, 1}, Spec, [local]}], F))].
