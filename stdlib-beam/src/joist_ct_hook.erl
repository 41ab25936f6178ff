%% Tells a joist_test_report what Common Test's cases come to.
-module(joist_ct_hook).
-export([init/2, post_end_per_testcase/5, on_tc_fail/4, on_tc_skip/4]).

%% Common Test writes a hook's options to a file, so they hold no pid.
init(_, Options) ->
    {ok, whereis(proplists:get_value(report, Options))}.

post_end_per_testcase(Suite, Case, Configuration, Return, Report) ->
    case proplists:get_value(tc_status, Configuration, ok) of
        ok -> joist_test_report:result(Report, name(Suite, Case), passed, <<>>);
        _ -> ok  % told by the other two
    end,
    {Return, Report}.

on_tc_fail(Suite, Case, Reason, Report) ->
    joist_test_report:result(Report, name(Suite, Case), {failed, text(Reason)}, <<>>),
    Report.

on_tc_skip(Suite, Case, {_, Reason}, Report) ->
    joist_test_report:result(Report, name(Suite, Case), {skipped, text(Reason)}, <<>>),
    Report.

name(Suite, {Case, Group}) -> io_lib:format("~tp:~tp (group ~tp)", [Suite, Case, Group]);
name(Suite, Case) -> io_lib:format("~tp:~tp", [Suite, Case]).

text({Reason, Stack}) when is_list(Stack) ->
    try
        erl_error:format_exception(error, Reason, Stack)
    catch
        _:_ -> io_lib:format("~tp", [{Reason, Stack}])
    end;
text(Reason) ->
    io_lib:format("~tp", [Reason]).
