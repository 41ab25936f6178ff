%% Natives that do only so many steps at once, when they are told to.
-module(slice_limits).
-export([main/0]).

main() ->
    true = erts_debug:set_internal_state(available_internal_state, true) =:= false,
    Text = binary:copy(<<"text ", 228/utf8, "rest">>, 20_000),
    Patterns = [<<"e">>, <<"st">>],
    Work =
        [{binary_loop_limit, fun() -> length(binary:matches(Text, <<"rest">>)) end},
         {binary_loop_limit, fun() -> length(binary:split(Text, Patterns, [global])) end},
         {unicode_loop_limit, fun() -> length(unicode:characters_to_list(Text)) end},
         {unicode_loop_limit,
          fun() -> byte_size(unicode:characters_to_binary(Text, utf8, latin1)) end},
         {unicode_loop_limit, fun() -> byte_size(unicode:characters_to_binary([Text, 1234])) end},
         {re_loop_limit,
          fun() -> length(element(2, re:run(Text, "((x|q|.)*?)re(s)t", [global]))) end}],
    Result = [{Limit, Few(), limited(Limit, Few)} || {Limit, Few} <- Work],
    erts_debug:set_internal_state(available_internal_state, false),
    Result.

%% The value, and whether the process has given up its scheduler often.
limited(Limit, Work) ->
    erts_debug:set_internal_state(Limit, 10),
    {Before, _} = erlang:statistics(context_switches),
    Value = Work(),
    {After, _} = erlang:statistics(context_switches),
    erts_debug:set_internal_state(Limit, default),
    {Value, After - Before > 40}.
