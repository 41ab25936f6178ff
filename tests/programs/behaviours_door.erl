%% A door with a lock: state functions with enter calls, postponed events and all kinds of timeouts.
-module(behaviours_door).
-behaviour(gen_statem).
-export([init/1, callback_mode/0, closed/3, open/3, locked/3]).

callback_mode() -> [state_functions, state_enter].
init([]) -> {ok, closed, #{history => [], code => none}}.

note(E, #{history := H} = D) -> D#{history := [E | H]}.

closed(enter, Old, D) -> {keep_state, note({enter, closed, Old}, D)};
closed({call, F}, open, D) -> {next_state, open, D, [{reply, F, opened}, {state_timeout, 1000, slam}]};
closed({call, F}, {lock, Code}, D) -> {next_state, locked, D#{code := Code}, {reply, F, locked}};
closed({call, F}, postponed, D) -> {keep_state, D, [{reply, F, not_postponed}]};
closed(cast, {set_timer, T}, D) -> {keep_state, D, [{{timeout, named}, T, rings}]};
closed({timeout, named}, rings, D) ->
    {keep_state, note(rang, D), [{timeout, 1, quiet}, {next_event, internal, inside}]};
closed(internal, inside, D) -> {keep_state, note(inside, D)};
closed(timeout, quiet, D) -> {keep_state, note(quiet, D)};
closed(T, E, D) -> common(closed, T, E, D).

open(enter, Old, D) -> {keep_state, note({enter, open, Old}, D)};
open({call, F}, close, D) -> {next_state, closed, D, {reply, F, closed}};
open(T, E, D) -> common(open, T, E, D).

locked(enter, Old, D) -> {keep_state, note({enter, locked, Old}, D)};
locked({call, F}, {unlock, Code}, #{code := Code} = D) -> {next_state, closed, D, {reply, F, unlocked}};
locked(T, E, D) -> common(locked, T, E, D).

common(S, {call, F}, state, _) -> {keep_state_and_data, {reply, F, S}};
common(_, {call, F}, history, #{history := H}) -> {keep_state_and_data, {reply, F, lists:reverse(H)}};
common(_, {call, _}, never_answered, _) -> keep_state_and_data;
common(_, {call, F}, E, D) -> {keep_state, note({refused, E}, D), {reply, F, {refused, E}}};
common(_, _, _, _) -> keep_state_and_data.
