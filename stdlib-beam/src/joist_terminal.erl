%% What a command writes besides its result, and how it ends. Colours and progress are for people:
%% they appear only where standard error (or output) is a terminal, which the command line found out
%% before OTP took it over (-joist_terminal output,errors).
-module(joist_terminal).
-export([start/1, check_folder/1, fail/2, fail/3, exception/3, message/2, is_terminal/1, paint/3]).
-export([with_progress/2, progress/2]).

-define(FIRST_PROGRESS, 1000).  % ms of work that need no explanation
-define(EVERY, 100).            % ms between two lines of progress

%% Begins a command. OTP's boot ends when the caller has returned, so the work is a process. Text is
%% Unicode where the locale says so, which not every release does by itself without a shell.
-spec start(fun(() -> term())) -> ok.
start(Work) ->
    case file:native_name_encoding() of
        utf8 -> [io:setopts(Device, [{encoding, unicode}]) || Device <- [user, standard_error]];
        latin1 -> ok
    end,
    spawn(fun() -> watch(spawn_monitor(fun() -> work(Work) end)) end),
    ok.

%% Whatever happens, the system ends: the work does so itself unless it is killed.
watch({Pid, Monitor}) ->
    receive {'DOWN', Monitor, process, Pid, Reason} -> fail("ended: ~tp", [Reason]) end.

%% What Work itself does not catch is that nobody takes what it writes: a full disk, a pipe that
%% nobody reads.
work(Work) ->
    try
        Work()
    catch
        Class:Reason:Stack ->
            case whereis(user) of
                undefined -> message("joist: standard output cannot be written to~n", []);
                _ -> exception(Class, Reason, {Stack, []})
            end,
            halt(1)
    end.

%% Ends the VM with status 1, or Status, after one line on standard error.
-spec fail(io:format(), [term()]) -> no_return().
fail(Format, Arguments) ->
    fail(1, Format, Arguments).

-spec fail(1..255, io:format(), [term()]) -> no_return().
fail(Status, Format, Arguments) ->
    message("joist: " ++ Format ++ "~n", Arguments),
    halt(Status).

%% Ends the VM where the folder may not be looked into.
-spec check_folder(file:filename()) -> ok.
check_folder(Path) ->
    case file:list_dir(Path) of
        {ok, _} -> ok;
        {error, Reason} -> fail("~ts: ~ts", [Path, file:format_error(Reason)])
    end.

%% Shows an exception as the shell does, without the frames of the caller's modules.
-spec exception(error | exit | throw, term(), {erlang:stacktrace(), [module()]}) -> ok.
exception(Class, Reason, {Stack, Own}) ->
    Trim = fun(Module, _, _) -> lists:member(Module, [?MODULE | Own]) end,
    Print = fun(Term, Column) ->
                    io_lib_pretty:print(Term, [{column, Column}, {line_length, 80}, {depth, 30},
                                               {line_max_chars, 60}, {strings, true},
                                               {encoding, unicode}])
            end,
    Text = erl_error:format_exception(4, Class, Reason, Stack, Trim, Print, unicode),
    message("~ts~ts~n", [paint(errors, red, "** "), Text]).

%% There may be nobody to tell.
message(Format, Arguments) ->
    try io:format(standard_error, Format, Arguments) catch error:_ -> ok end.

-spec is_terminal(output | errors) -> boolean().
is_terminal(Which) ->
    case init:get_argument(joist_terminal) of
        {ok, Words} -> lists:member(atom_to_list(Which), lists:append(Words));
        error -> false
    end.

-spec paint(output | errors, red | green | yellow | bold, unicode:chardata()) ->
          unicode:chardata().
paint(Which, Colour, Text) ->
    case is_terminal(Which) andalso os:getenv("NO_COLOR", "") =:= "" of
        true -> ["\e[", code(Colour), "m", Text, "\e[0m"];
        false -> Text
    end.

code(bold) -> "1";
code(red) -> "31";
code(green) -> "32";
code(yellow) -> "33".

%% Calls Work with something to give progress/2. While that takes longer than a second, the last
%% text stands on the terminal's last line, and is wiped off in the end.
-spec with_progress(fun((pid() | none) -> Result), term()) -> Result.
with_progress(Work, First) ->
    case is_terminal(errors) of
        false ->
            Work(none);
        true ->
            Line = spawn_link(fun() -> quiet(First, now_ms() + ?FIRST_PROGRESS) end),
            try
                Work(Line)
            after
                Monitor = monitor(process, Line),
                unlink(Line),
                Line ! stop,
                receive {'DOWN', Monitor, process, Line, _} -> ok end
            end
    end.

-spec progress(pid() | none, unicode:chardata()) -> ok.
progress(none, _) ->
    ok;
progress(Line, Text) ->
    Line ! {text, Text},
    ok.

quiet(Text, Until) ->
    receive
        stop -> ok;
        {text, Next} -> quiet(Next, Until)
    after max(0, Until - now_ms()) ->
            show(Text),
            shown()
    end.

shown() ->
    receive
        stop -> show("");
        {text, Text} ->
            show(last(Text)),
            timer:sleep(?EVERY),
            shown()
    end.

last(Text) ->
    receive {text, Next} -> last(Next) after 0 -> Text end.

%% Where results go too, if that is the terminal: what goes to two devices comes in any order.
show(Text) ->
    Device = case is_terminal(output) of true -> user; false -> standard_error end,
    io:format(Device, "\r\e[K~ts", [string:slice(Text, 0, 78)]).

now_ms() ->
    erlang:monotonic_time(millisecond).
