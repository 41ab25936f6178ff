-module(behaviours_listener).
-behaviour(gen_event).
-export([init/1, handle_event/2, handle_call/2, handle_info/2, terminate/2]).
init({Name, To}) -> {ok, {Name, To, 0}}.
handle_event(crash, _) -> error(listener_crashed);
handle_event(E, {Name, To, N}) -> To ! {heard, Name, E}, {ok, {Name, To, N + 1}}.
handle_call(count, {_, _, N} = S) -> {ok, N, S}.
handle_info(_, S) -> {ok, S}.
terminate(R, {Name, To, _}) -> To ! {terminated, Name}, {ended, Name, case R of bye -> bye; _ -> other end}.
