%% Calls functions of this erl and writes down what they do, for compare_natives.
%% A module of cases exports cases/0: a list of {Module, Function, Arguments}.
-module(cases).
-export([write/2]).

write(Module, File) ->
    rand:seed(exsss, {1, 2, 3}),
    Results = [{M, F, A, Expected}
               || {M, F, A} <- Module:cases(), Expected <- [expected(M, F, A)],
                  Expected =/= too_long],
    ok = file:write_file(File, term_to_binary(Results, [{minor_version, 2}])).

%% Cases that take long here are left out: they would be a test of patience only.
expected(M, F, A) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({done, outcome(M, F, A)}) end),
    receive
        {'DOWN', Monitor, process, Pid, {done, Outcome}} -> Outcome
    after 200 ->
        exit(Pid, kill),
        erlang:demonitor(Monitor, [flush]),
        too_long
    end.

outcome(M, F, A) ->
    try apply(M, F, A) of
        Value -> {value, Value}
    catch
        Class:Reason:Stack -> {raised, Class, Reason, cause(Stack)}
    end.

cause([{_, _, _, Location} | _]) ->
    case lists:keyfind(error_info, 1, Location) of
        {error_info, #{cause := Cause}} -> Cause;
        _ -> none
    end;
cause(_) ->
    none.
