%% try, catch, after in all nestings; what each clause sees; stack traces with lines.
-module(exceptions).
-export([main/0, thrower/1]).

main() ->
    [[classify(fun() -> thrower(X) end) || X <- things()],
     [old_catch(X) || X <- things()],
     nested(), afters(), try_of(), reraise(), prog:outcomes(traces()), error_info(),
     uncaught_pattern(),
     prog:outcome(fun() -> deep(50) end), in_guard_of_try(), catch_value(1), catch_value(a),
     after_overrides()].

things() -> [ok, throw, error, exit, badmatch, badarith, case_clause, if_clause, function_clause,
  undef,
             badfun, badarity, badarg, try_clause, badmap, badkey, bad_record, error2, error3,
             raise].

-record(r, {a, b = 2}).

thrower(ok) -> fine;
thrower(throw) -> throw({thrown, [1, 2]});
thrower(error) -> error(my_error);
thrower(exit) -> exit({shutdown, now});
thrower(badmatch) -> {a, _} = prog:id({b, 1});
thrower(badarith) -> 1 + prog:id(a);
thrower(case_clause) -> case prog:id(5) of 1 -> one; 2 -> two end;
thrower(if_clause) -> X = prog:id(3), if X > 5 -> big; X < 0 -> small end;
thrower(function_clause) -> only_atoms(prog:id(17), "x");
thrower(undef) -> no_such_module:no_such_function(1, 2);
thrower(badfun) -> (prog:id(not_a_fun))(1);
thrower(badarity) -> (prog:id(fun(X) -> X end))(1, 2);
thrower(badarg) -> list_to_atom(prog:id(17));
thrower(try_clause) -> try prog:id(3) of 1 -> one after ok end;
thrower(badmap) -> maps:get(a, prog:id([]));
thrower(badkey) -> #{a := X} = maps:merge(prog:id(#{b => 1}), #{}), X;
thrower(bad_record) -> (prog:id({not_r, 1}))#r.b;
thrower(error2) -> error(with_args, [1, two, "three"]);
thrower(error3) -> error(with_info, [a], [{error_info, #{cause => why, module => m}}]);
thrower(raise) -> erlang:raise(exit, given, [{some, where, 3, [{file, "some.erl"}, {line, 7}]}]).

only_atoms(A, B) when is_atom(A), is_list(B) -> ok.

classify(F) ->
    try F() of
        fine -> it_was_fine
    catch
        throw:T -> {throw, T};
        error:{badmatch, _} = E:S -> {matched, E, hd(S)};
        error:E:S -> {error, E, lists:sublist(S, 2)};
        exit:E:S -> {exit, E, length(S) > 0}
    end.

old_catch(X) ->
    case catch thrower(X) of
        {'EXIT', {Reason, [Top | _]}} -> {error, Reason, Top};
        {'EXIT', Reason} -> {exit, Reason};
        Other -> {value, Other}
    end.

nested() ->
    try
        try
            try throw(first)
            catch throw:first -> error(second)
            end
        catch
            error:second:S -> exit({third, element(2, hd(S))})
        after
            put(nested, 1)
        end
    catch
        exit:{third, F} -> {F, get(nested)}
    end.

afters() ->
    put(log, []),
    R = [catch step(X) || X <- [ok, throw, error, return]],
    {R2, L} = {[strip(X) || X <- R], lists:reverse(erase(log))},
    {R2, L}.

strip({'EXIT', {R, _}}) -> {'EXIT', R};
strip(X) -> X.

step(X) ->
    try log({body, X}), body(X) of
        V -> log({of_, V}), V
    catch
        throw:T -> log({caught, T}), {threw, T}
    after
        log({after_, X})
    end.

body(ok) -> 1;
body(throw) -> throw(t);
body(error) -> error(e);
body(return) -> try 5 after log(inner) end.

log(X) -> put(log, [X | get(log)]).

try_of() ->
    [try prog:id(X) of
         1 -> one;
         Y when is_atom(Y) -> {atom, Y};
         {A, B} -> throw({A, B})
     catch
         throw:_ -> never;
         error:{try_clause, V} -> {clause, V}
     end || X <- [1, a]]
        ++ [prog:outcome(fun() -> try prog:id(X) of 1 -> one catch _:_ -> never end end) || X <- [2]]
        ++ [prog:outcome(fun() -> try prog:id({1, 2}) of {A, B} -> throw({A,
        B}) catch _:_ -> never end end)].

reraise() ->
    try
        try error(original)
        catch C:R:S -> erlang:raise(C, {again, R}, S)
        end
    catch
        error:{again, original}:S2 -> {element(1, hd(S2)), element(2, hd(S2))}
    end.

traces() ->
    [fun() -> thrower(X) end || X <- things()]
        ++ [fun() -> lists:map(fun(X) -> 1 div X end, [1, 0]) end,
            fun() -> lists:foldl(fun(X, A) -> A + X end, 0, [1, b]) end,
            fun() -> one_deep(0) end,
            fun() -> apply(prog:id(lists), reverse, [a]) end,
            fun() -> erlang:error(badarg, none) end,
            fun() -> element(prog:id(5), {a}) end,
            fun() -> hd(prog:id([])) end,
            fun() -> binary_to_integer(prog:id(1)) end,
            fun() -> maps:fold(a, b, c) end,
            fun() -> lists:nth(5, [1]) end,
            fun() -> erlang:raise(foo, bar, baz) end,
            fun() -> throw(loose) end].

one_deep(N) ->
    R = two_deep(N),
    {R, 1}.
two_deep(N) ->
    X = 10 div N,
    X + 1.

error_info() ->
    try error3(prog:id(x))
    catch
        error:R:S ->
            [{M, F, A, Info} | _] = S,
            {R, M, F, A, lists:keyfind(error_info, 1, Info)}
    end.
error3(X) -> error(reason, [X], [{error_info, #{cause => #{1 => "text"}}}]).

uncaught_pattern() ->
    try
        try error(not_this) catch error:other -> no end
    catch
        error:E -> {outer, E}
    end.

deep(0) -> bottom;
deep(N) ->
    try deep(N - 1) of
        bottom -> throw({level, N});
        X -> X
    catch
        throw:{level, L} when L < N -> throw({level, N});
        throw:{level, L} when L < 48 -> {stopped, L}
    end.

in_guard_of_try() ->
    [try throw({n, X})
     catch
         throw:{n, Y} when 10 div Y > 3 -> {small, Y};
         throw:{n, Y} -> {other, Y}
     end || X <- [0, 1, 2, 3, 4, a]].

catch_value(X) ->
    Y = (catch X + 1),
    case Y of
        {'EXIT', {badarith, _}} -> bad;
        _ -> Y
    end.

after_overrides() ->
    prog:outcomes([fun() -> try throw(a) after throw(b) end end,
                   fun() -> try 1 after error(c) end end,
                   fun() -> try throw(a) catch throw:a -> 2 after 3 end end,
                   fun() -> (try exit(x) catch exit:x -> {} end) end]).
