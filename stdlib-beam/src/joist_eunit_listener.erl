%% Tells a joist_test_report what EUnit's tests come to.
-module(joist_eunit_listener).
-behaviour(eunit_listener).
-export([start/1]).
-export([init/1, handle_begin/3, handle_end/3, handle_cancel/3, terminate/2]).

start(Options) ->
    eunit_listener:start(?MODULE, Options).

init(Options) ->
    proplists:get_value(report, Options).

handle_begin(_, _, Report) ->
    Report.

handle_end(test, Data, Report) ->
    Result = case proplists:get_value(status, Data) of
                 ok -> passed;
                 {skipped, Reason} -> {skipped, Reason};
                 {error, {Class, Reason, Stack}} -> {failed, exception(Class, Reason, Stack)}
             end,
    joist_test_report:result(Report, name(Data), Result, output(Data)),
    Report;
handle_end(group, _, Report) ->
    Report.

%% A group whose set-up fails has tests that never run.
handle_cancel(Kind, Data, Report) ->
    case proplists:get_value(reason, Data) of
        undefined ->
            ok;
        {abort, {SetUp, {Class, Reason, Stack}}} ->
            Text = [atom_to_list(SetUp), ": ", exception(Class, Reason, Stack)],
            joist_test_report:result(Report, name(Data), {failed, Text}, output(Data));
        Reason when Kind =:= test; element(1, Reason) =/= blame ->
            Text = io_lib:format("~tp", [Reason]),
            joist_test_report:result(Report, name(Data), {failed, Text}, output(Data));
        _ ->
            ok
    end,
    Report.

terminate({ok, _}, Report) ->
    Report;
terminate({error, Reason}, Report) ->
    Text = io_lib:format("~tp", [Reason]),
    joist_test_report:result(Report, "eunit", {failed, Text}, <<>>).

name(Data) ->
    Place = case proplists:get_value(source, Data) of
                {Module, Function, Arity} ->
                    io_lib:format("~tp:~ts", [Module, function_name(Function, Arity)]);
                _ ->
                    "eunit"
            end,
    Line = case proplists:get_value(line, Data, 0) of
               0 -> "";
               Number -> io_lib:format(":~b", [Number])
           end,
    Text = case proplists:get_value(desc, Data) of
               Empty when Empty =:= undefined; Empty =:= ""; Empty =:= <<>> -> "";
               Description -> [" (", Description, ")"]
           end,
    [Place, Line, Text].

%% A fun's name begins with that of the function it is in: -name/0-fun-1-
function_name(Function, Arity) ->
    case re:run(atom_to_list(Function), "^-(.*/[0-9]+)-fun-",
                [unicode, {capture, all_but_first, list}]) of
        {match, [Outer]} -> Outer;
        nomatch -> io_lib:format("~tp/~b", [Function, Arity])
    end.

output(Data) ->
    proplists:get_value(output, Data, <<>>).

exception(Class, Reason, Stack) ->
    eunit_lib:format_exception({Class, Reason, Stack}).
