%% Callback modules that a running state machine changes to.
-module(behaviours_phases).
-behaviour(gen_statem).
-export([init/1, callback_mode/0, day/3, night/3, terminate/3]).

init(_) -> {stop, never_started}.
callback_mode() -> [state_functions, state_enter].

day(Type, Content, Log) -> event(Type, Content, day, Log).
night(Type, Content, Log) -> event(Type, Content, night, Log).

event(enter, Old, State, Log) -> {keep_state, [{phases, State, enter, Old} | Log]};
event({call, From}, which, _, _) -> {keep_state_and_data, {reply, From, ?MODULE}};
event({call, From}, {change, Action}, _, _) ->
    {keep_state_and_data, [{reply, From, changing}, Action]};
event({call, From}, {change, Action, Next}, _, Log) ->
    {next_state, Next, Log, [Action, {reply, From, changing}]};
event({call, From}, log, State, Log) ->
    {keep_state_and_data, {reply, From, {State, lists:reverse(Log)}}};
event(_, {return, Fun}, State, Log) -> Fun(State, Log).

terminate(_, _, _) -> ok.
