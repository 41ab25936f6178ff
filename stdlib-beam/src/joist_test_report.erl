%% Counts results and prints those that are not as they should be, at once; a process, because tests
%% run in many.
-module(joist_test_report).
-export([start/0, result/4, finish/1, finish/2]).

-type result() :: passed | {failed | skipped, unicode:chardata()}.

-record(state, {line, passed = 0, failed = 0, skipped = 0,
                began = erlang:monotonic_time(millisecond)}).

%% Registered under the module's name.
-spec start() -> pid().
start() ->
    Report = spawn_link(fun() ->
                                Count = fun(Line) -> count(#state{line = Line}) end,
                                exit(joist_terminal:with_progress(Count, "running tests"))
                        end),
    true = register(?MODULE, Report),
    Report.

%% Output: what the test wrote, shown if it failed.
-spec result(pid(), unicode:chardata(), result(), iodata()) -> ok.
result(Report, Name, Result, Output) ->
    Report ! {result, unicode:characters_to_list(Name), Result, Output},
    ok.

%% Prints the summary.
-spec finish(pid()) -> #{passed | failed | skipped => non_neg_integer()}.
finish(Report) ->
    finish(Report, #{}).

%% Counts that are known to be at least so high.
finish(Report, AtLeast) ->
    Reference = monitor(process, Report),
    unlink(Report),
    Report ! {finish, AtLeast},
    receive
        {'DOWN', Reference, process, Report, {counts, Counts, Millis}} ->
            summary(Counts, Millis),
            Counts;
        {'DOWN', Reference, process, Report, Reason} ->
            exit(Reason)
    end.

count(State) ->
    receive
        {result, Name, Result, Output} ->
            count(counted(Name, Result, Output, State));
        {finish, AtLeast} ->
            Counts = #{passed => State#state.passed, failed => State#state.failed,
                       skipped => State#state.skipped},
            Millis = erlang:monotonic_time(millisecond) - State#state.began,
            Highest = maps:map(fun(Key, Value) -> max(Value, maps:get(Key, AtLeast, 0)) end,
                               Counts),
            {counts, Highest, Millis}
    end.

counted(Name, passed, _, State = #state{passed = N}) ->
    progress(Name, State),
    State#state{passed = N + 1};
counted(Name, {failed, Text}, Output, State = #state{failed = N}) ->
    show(red, "FAILED", Name, [Text, written(iolist_to_binary(Output))]),
    progress(Name, State),
    State#state{failed = N + 1};
counted(Name, {skipped, Text}, _, State = #state{skipped = N}) ->
    show(yellow, "skipped", Name, Text),
    progress(Name, State),
    State#state{skipped = N + 1}.

progress(Name, #state{line = Line, passed = Passed, failed = Failed, skipped = Skipped}) ->
    joist_terminal:progress(Line, io_lib:format("[~b] ~ts", [Passed + Failed + Skipped + 1, Name])).

show(Colour, Word, Name, Text) ->
    Wipe = case joist_terminal:is_terminal(errors) of true -> "\r\e[K"; false -> "" end,
    joist_terminal:message(Wipe, []),
    io:format("~ts ~ts~n~ts~n", [joist_terminal:paint(output, Colour, Word), Name, indented(Text)]).

written(<<>>) -> "";
written(Output) -> ["\noutput:\n", Output].

indented(Text) ->
    Lines = string:split(string:trim(unicode:characters_to_list(Text)), "\n", all),
    lists:join("\n", [["    ", string:trim(Line, trailing)] || Line <- Lines]).

summary(#{passed := Passed, failed := Failed, skipped := Skipped}, Millis) ->
    Colour = if Failed > 0 -> red; true -> green end,
    Counts = [io_lib:format("~b passed, ~b failed", [Passed, Failed])
              | [io_lib:format(", ~b skipped", [Skipped]) || Skipped > 0]],
    io:format("~ts~n", [joist_terminal:paint(output, Colour, Counts)]),
    joist_terminal:message("in ~.2f s~n", [Millis / 1000]).
