%% `joist eval EXPR`: evaluates expressions as the shell does and prints the last one's value.
-module(joist_eval).
-export([main/0]).

main() ->
    [Text] = init:get_plain_arguments(),
    joist_terminal:start(fun() -> evaluate(Text) end).

evaluate(Text) ->
    Expressions = parse(Text),
    Local = {value, fun local/2},
    try erl_eval:exprs(Expressions, erl_eval:new_bindings(), Local) of
        {value, Value, _} ->
            io:put_chars([print(Value), $\n]),
            halt(0)
    catch
        Class:Reason:Stack ->
            joist_terminal:exception(Class, Reason, {Stack, [?MODULE, erl_eval]}),
            halt(1)
    end.

%% A full stop at the end may be left out.
parse(Text) ->
    case erl_scan:string(Text, {1, 1}) of
        {ok, Tokens, End} ->
            case erl_parse:parse_exprs(with_stop(Tokens, End)) of
                {ok, Expressions} -> Expressions;
                {error, Info} -> wrong(Info)
            end;
        {error, Info, _} ->
            wrong(Info)
    end.

with_stop(Tokens, End) ->
    case Tokens =/= [] andalso element(1, lists:last(Tokens)) of
        dot -> Tokens;
        _ -> Tokens ++ [{dot, End}]
    end.

-spec wrong({erl_anno:location(), module(), term()}) -> no_return().
wrong({{Line, Column}, Module, Descriptor}) ->
    joist_terminal:fail("~b:~b: ~ts", [Line, Column, Module:format_error(Descriptor)]).

%% Functions without a module, as in the shell.
local(Name, Arguments) ->
    case [Module || Module <- [user_default, shell_default],
                    {module, Module} =:= code:ensure_loaded(Module),
                    erlang:function_exported(Module, Name, length(Arguments))] of
        [Module | _] -> apply(Module, Name, Arguments);
        [] -> erlang:error({shell_undef, Name, length(Arguments), []})
    end.

print(Value) ->
    Encoding = proplists:get_value(encoding, io:getopts(), latin1),
    io_lib_pretty:print(Value, [{column, 1}, {line_length, 80}, {depth, 30},
                                {line_max_chars, 60}, {strings, true}, {encoding, Encoding}]).
