%% Match specifications, right and wrong, run on terms: erlang:match_spec_test/3 and compiled ones.
-module(match_specs).
-export([make/0, run/1, spec/1, test/1, pattern/1]).

make() ->
    Subject = list_to_tuple(generate:many(3, fun() -> generate:term(2) end)),
    Head = fun() -> head(Subject) end,
    case prng:below(6) of
        0 -> {wrong, Subject, wrong(Head)};
        _ -> {test, Subject, spec(Head)}
    end.

run({_, Subject, Spec}) ->
    Tested = erlang:match_spec_test(Subject, Spec, table),
    Ran = try ets:match_spec_compile(Spec) of
              Compiled ->
                  true = ets:is_compiled_ms(Compiled),
                  ets:match_spec_run([Subject, {}, {1, 2}, Subject], Compiled)
          catch
              error:Reason -> Reason
          end,
    {Tested, Ran}.

%% A head that is likely to match.
head(Subject) ->
    case prng:below(8) of
        0 -> '_';
        1 -> '$1';
        2 -> generate:near(Subject);
        _ -> open(Subject)
    end.

open(Term) ->
    case prng:below(4) of
        0 -> variable();
        1 -> '_';
        _ -> opened(Term)
    end.

opened([H | T]) -> [open(H) | opened_tail(T)];
opened(T) when is_tuple(T) -> list_to_tuple([open(E) || E <- tuple_to_list(T)]);
opened(M) when is_map(M) ->
    maps:from_list([{K, open(V)} || {K, V} <- generate:pairs(M), prng:chance(2, 3)]);
opened(T) -> T.

opened_tail([H | T]) -> [open(H) | opened_tail(T)];
opened_tail(T) -> open(T).

variable() -> prng:pick({'$1', '$2', '$3', '$1', '$0', '$17', '$1234567'}).

pattern(Make) ->
    case prng:below(4) of
        0 -> Make();
        1 -> '_';
        _ -> prng:pick({'$1', '$2', '$3'})
    end.

spec(Head) -> [clause(Head) || _ <- lists:seq(1, prng:pick({1, 1, 1, 2, 3}))].

%% Bodies that are true or false.
test(Head) ->
    [{H, G, [prng:pick({true, true, false, {is_atom, '$_'}, {'not', false}})]}
     || {H, G, _} <- spec(Head)].

clause(Head) ->
    H = Head(),
    Variables = variables(H, []),
    {H, generate:many(2, fun() -> guard(Variables, 2) end),
     [expression(Variables, 3) || _ <- lists:seq(1, prng:pick({1, 1, 2}))]}.

variables(A, Vs) when is_atom(A) ->
    case atom_to_list(A) of
        [$$, D | _] when D >= $0, D =< $9 -> [A | Vs];
        _ -> Vs
    end;
variables([H | T], Vs) -> variables(T, variables(H, Vs));
variables(T, Vs) when is_tuple(T) -> variables(tuple_to_list(T), Vs);
variables(M, Vs) when is_map(M) -> variables([V || {_, V} <- maps:to_list(M)], Vs);
variables(_, Vs) -> Vs.

guard(Vs, Depth) ->
    case prng:below(8) of
        0 -> true;
        1 when Depth > 0 ->
            list_to_tuple([prng:pick({'and', 'or', 'andalso', 'orelse'})
                           | [guard(Vs, Depth - 1) || _ <- lists:seq(1, prng:between(1, 3))]]);
        2 when Depth > 0 -> {'not', guard(Vs, Depth - 1)};
        3 when Depth > 0 -> {'xor', guard(Vs, Depth - 1), guard(Vs, Depth - 1)};
        4 -> {prng:pick({is_atom, is_float, is_integer, is_list, is_number, is_tuple, is_map,
                         is_binary, is_function, is_pid, is_port, is_reference}),
              expression(Vs, Depth)};
        5 -> {is_record, expression(Vs, 0), a, 2};
        6 -> {is_map_key, expression(Vs, 0), expression(Vs, 0)};
        _ -> {prng:pick({'>', '>=', '<', '=<', '==', '=:=', '/=', '=/='}),
              expression(Vs, Depth), expression(Vs, Depth)}
    end.

expression(Vs, 0) ->
    case prng:below(6) of
        0 when Vs =/= [] -> prng:pick(list_to_tuple(Vs));
        1 when Vs =/= [] -> prng:pick(list_to_tuple(Vs));
        2 -> '$_';
        3 -> '$$';
        4 -> {const, generate:term(1)};
        _ -> leaf()
    end;
expression(Vs, Depth) ->
    E = fun() -> expression(Vs, Depth - 1) end,
    case prng:below(16) of
        0 -> {list_to_tuple(generate:many(3, E))};
        1 -> generate:many(3, E);
        2 -> [E() | E()];
        3 -> maps:from_list([{K, E()} || K <- generate:many(3, fun leaf/0)]);
        4 -> {prng:pick({'+', '-', '*', 'div', 'rem', 'band', 'bor', 'bxor'}), E(), E()};
        5 -> {prng:pick({abs, hd, tl, length, size, tuple_size, map_size, byte_size, bit_size,
                         round, trunc, float, '-', '+', 'bnot'}), E()};
        6 -> {element, prng:between(0, 3), E()};
        7 -> {map_get, leaf(), E()};
        8 -> {binary_part, E(), {{0, 1}}};
        9 -> guard(Vs, Depth - 1);
        10 -> {'/', E(), E()};
        _ -> expression(Vs, 0)
    end.

%% OTP 25 tells of what is wrong in the key of a map twice.
leaf() ->
    case generate:leaf() of
        F when is_function(F); F =:= {} -> 0;
        L -> L
    end.

%% Specifications that have something wrong with them.
wrong(Head) ->
    [{H0, G, B} | Rest] = spec(Head),
    %% OTP's messages name large variables by other numbers.
    H = case lists:member('$1234567', variables(H0, [])) of
            true -> '_';
            false -> H0
        end,
    case prng:below(16) of
        0 -> {H, G, B};
        1 -> [{H, G, B} | Rest] ++ tail;
        2 -> [{H, G} | Rest];
        3 -> [{H, guard, B}];
        4 -> [{H, G, []}];
        5 -> [{H, G, ['$99']}];
        6 -> [{H, [{is_foo, 1}, {is_atom}], [{no_such, a, b}]}];
        7 -> [{H, [{'$1', 1}], [{}]}];
        8 -> [{H, [], [{1, 2}]}];
        9 -> [{H, [], [{const, 1, 2}]} | Rest];
        10 -> [{H, [{'and'}, {'or'}], [{'andalso'}]}];
        11 -> [{H, [], [{self, 1}, {'orelse'}]}];
        12 -> [{#{'$1' => 1}, [], [true]}];
        13 -> [{{#{'_' => 1}}, [], [true]}];
        14 -> [{H, [], [prng:pick({{message, x}, {return_trace}, {display, a}, {caller}})]}];
        15 -> [{H, [true | false], [true | a]}]
    end.
