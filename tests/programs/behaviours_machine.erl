%% A state machine that does what its events say and keeps a log of them. Its callback mode and what
%% it does when it enters a state come with init/1, in the process dictionary.
-module(behaviours_machine).
-behaviour(gen_statem).
-export([init/1, callback_mode/0, handle_event/4, terminate/3, code_change/4, format_status/1]).
-export([day/3, night/3]).

init({Mode, Start}) when is_function(Start, 0) ->
    put(mode, Mode),
    Start();
init({Mode, State}) ->
    put(mode, Mode),
    {ok, State, []}.

callback_mode() -> get(mode).

day(Type, Content, Log) -> handle_event(Type, Content, day, Log).
night(Type, Content, Log) -> handle_event(Type, Content, night, Log).

handle_event(enter, Old, State, Log0) ->
    Log = [{State, enter, Old} | Log0],
    case get({enter, State}) of
        undefined -> {keep_state, Log};
        Actions -> {keep_state, Log, Actions}
    end;
handle_event({call, From}, log, _, Log) ->
    {keep_state, [], {reply, From, lists:reverse(Log)}};
handle_event(Type, {do, Label, Actions}, State, Log) ->
    {keep_state, [{State, kind(Type), Label} | Log], actions(Type, Actions)};
handle_event(Type, {go, Next, Actions}, State, Log) ->
    {next_state, Next, [{State, kind(Type), go, Next} | Log], actions(Type, Actions)};
handle_event(Type, {return, Fun}, State, Log) ->
    Fun(Type, State, Log);
handle_event(Type, {only_in, State, Label}, State, Log) ->
    {keep_state, [{State, kind(Type), Label} | Log]};
handle_event(_, {only_in, _, _}, _, _) ->
    {keep_state_and_data, postpone};
handle_event(Type, {tell, Pid, Label}, State, Log) ->
    Pid ! {told, Label},
    {keep_state, [{State, kind(Type), Label} | Log]};
handle_event(Type, Content, State, Log) ->
    {keep_state, [{State, kind(Type), Content} | Log]}.

kind({call, _}) -> call;
kind(Type) -> Type.

%% The caller is not known when the event is written.
actions({call, From}, Actions) when is_list(Actions) -> [answer(From, A) || A <- Actions];
actions({call, From}, Action) -> answer(From, Action);
actions(_, Actions) -> Actions.

answer(From, {answer, Value}) -> {reply, From, Value};
answer(_, Action) -> Action.

terminate(Reason, State, Log) ->
    case get(parent) of
        undefined -> ok;
        Parent -> Parent ! {terminated, behaviours_machines:short(Reason), State, Log}
    end.

code_change(_, _, _, {refuse, Why}) -> Why;
code_change(Old, State, Log, {mode, Mode, Next}) ->
    put(mode, Mode),
    {ok, Next, [{changed, Old, State} | Log]}.

format_status(Status) -> maps:map(fun shown/2, Status).

shown(data, Log) -> {log_of, length(Log)};
shown(state, State) -> {in, State};
shown(_, Value) -> Value.
