%% An event handler that does what its events say.
-module(behaviours_handler).
-behaviour(gen_event).
-export([init/1, handle_event/2, handle_call/2, handle_info/2, terminate/2, code_change/3]).

init({{swapped, Args}, Former}) -> {ok, {Args, Former}};
init({return, Result}) -> Result;
init({fail, Class, Reason}) -> erlang:raise(Class, Reason, []);
init(State) -> {ok, State}.

handle_event({return, Result}, _) -> Result;
handle_event({error, Reason}, _) -> error(Reason);
handle_event({exit, Reason}, _) -> exit(Reason);
handle_event({tell, Pid, What}, State) -> Pid ! {What, State}, {ok, State};
handle_event(_, State) -> {ok, State}.

handle_call({return, Result}, _) -> Result;
handle_call({error, Reason}, _) -> error(Reason);
handle_call({sleep, Time}, State) -> timer:sleep(Time), {ok, slept, State};
handle_call(_, State) -> {ok, State, State}.

handle_info({return, Result}, _) -> Result;
handle_info({error, Reason}, _) -> error(Reason);
handle_info(_, State) -> {ok, State}.

terminate(Reason, State) ->
    case whereis(behaviours_events) of
        undefined -> ok;
        Pid -> Pid ! {terminated, behaviours_events:short(Reason), State}
    end,
    {left, State}.

code_change(Old, State, Extra) -> {ok, {Old, State, Extra}}.
