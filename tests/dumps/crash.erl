%% A system with something of each kind in it, that halts with a slogan.
-module(crash).
-author("nobody").
-export([start/0, victim/1, waiting/1]).

start() ->
    Parent = self(),
    spawn(fun() -> victim(Parent) end),
    receive ready -> ok end,
    ets:new(crash_table, [named_table, public, bag]),
    ets:insert(crash_table, [{1, a}, {1, b}, {2, c}]),
    ets:new(crash_ordered, [named_table, ordered_set, private]),
    ets:insert(crash_ordered, [{I, I} || I <- lists:seq(1, 100)]),
    persistent_term:put({crash, 1}, #{text => "persistent", big => binary:copy(<<"p">>, 200)}),
    persistent_term:put({crash, 2}, [1.5, {a, <<"tuple">>}]),
    erlang:send_after(1000000, crash_victim, {timer, message}),
    _ = list_to_atom("an atom with a space"),
    _ = list_to_atom([229, 228, 246]),
    timer:sleep(100),
    halt("a slogan of " ++ integer_to_list(17)).

victim(Parent) ->
    register(crash_victim, self()),
    Big = list_to_binary(lists:seq(0, 255)),
    <<_:40/binary, Part:100/binary, _/binary>> = Big,
    put(list, "list"),
    put(improper, [a, b | c]),
    put(integer, [0, -1, 42, 1 bsl 58, -(1 bsl 58), 1 bsl 59, 1 bsl 61, 1 bsl 62]),
    put(float, [54.654, 0.0, 1.0, -1.5, 1.0e300, 1.0e-300, 3.0e100]),
    put(tuple, {1, 2, {}, {nested, {deeper}}}),
    put(atom, [x, 'Quoted atom', [], '']),
    put(bignum, [83974938738373873737373, -38748762783736367763667, 1 bsl 500]),
    put(reference, make_ref()),
    put('fun', [fun(X) -> {X, Parent} end, fun lists:map/2]),
    put(binary, Big),
    put(part, Part),
    put(small, <<"small">>),
    put(empty, <<>>),
    put(map, #{a => 1, "b" => 2.5, {c} => #{}}),
    put(big_map, maps:from_list([{I, {I, integer_to_list(I)}} || I <- lists:seq(1, 500)])),
    put(keys, maps:from_list([{{key, I}, 0.5 * I} || I <- lists:seq(1, 40)])),
    put(literal, {literal, [of_this, "module"], #{1 => 2.0}, <<"bytes">>}),
    put(pid, [self(), Parent]),
    put(shared, lists:duplicate(3, list_to_tuple(lists:seq(1, 3)))),
    self() ! {short, message, 1, 2.5, "hello world", {}},
    self() ! {long, Big, lists:seq(1, 300)},
    self() ! atom,
    self() ! 7,
    Other = spawn_link(fun() -> receive never -> ok end end),
    monitor(process, Other),
    monitor(process, init),
    Parent ! ready,
    waiting({frame, [1, 2, 3], 4.25, Big}).

waiting(Kept) ->
    receive never -> ok end,
    waiting(Kept).
