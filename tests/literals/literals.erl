%% What refers to literals of purged code and to persistent terms that are replaced or erased keeps
%% its value, and their memory is given back: checked under OTP's erl and under Joist's.
-module(literals).
-export([main/0]).

-define(SIZE, 20000).

main() ->
    Results = [{Name, try Test() catch C:R:S -> {C, R, S} end} || {Name, Test} <- tests()],
    [io:format("~p: ~p~n", [Name, Result]) || {Name, Result} <- Results],
    halt(0).

tests() ->
    [{purged_held, fun purged_held/0}, {purged_memory, fun purged_memory/0},
     {persistent_held, fun persistent_held/0}, {persistent_memory, fun persistent_memory/0},
     {places, fun places/0}, {races, fun races/0}, {exits, fun exits/0},
     {binaries, fun binaries/0}, {receiving, fun receiving/0},
     {long_queue, fun long_queue/0}, {long_literal, fun long_literal/0}, {dirty, fun dirty/0}].

%% --- a module with large literals, made and purged ---

load(Name, Salt) ->
    L = 0,
    Forms = [{attribute, L, module, Name}, {attribute, L, export, [{lit, 0}]},
             {function, L, lit, 0, [{clause, L, [], [], [erl_parse:abstract(value(Salt))]}]}],
    {ok, Name, Beam} = compile:forms(Forms, [no_auto_import]),
    {module, Name} = code:load_binary(Name, "none", Beam),
    ok.

value(Salt) ->
    {Salt, lists:seq(Salt, Salt + 2000), #{a => Salt, {b, Salt} => "text"}, 1.0e300 * Salt,
     1 bsl (70 + Salt), <<Salt:800>>, <<Salt:24>>, {nested, [{I, [I, Salt]} || I <- lists:seq(1, 50)]}}.

drop(Name) ->
    true = code:delete(Name),
    code:purge(Name).

collected(Done) -> collected(Done, 200).
collected(_, 0) -> {still, erlang:memory(code)};
collected(Done, N) ->
    case Done() of
        true -> ok;
        false -> timer:sleep(20), collected(Done, N - 1)
    end.

wait() -> timer:sleep(300).

check(Salt, Value) -> Value =:= value(Salt).

purged_held() ->
    load(lit_a, 1),
    V = lit_a:lit(),
    Parts = [element(2, V), element(3, V), element(8, V)],
    Holder = holder(fun() -> lit_a:lit() end),
    drop(lit_a),
    wait(),
    erlang:garbage_collect(),
    [load(list_to_atom("lit_f" ++ integer_to_list(I)), 60 + I) || I <- lists:seq(1, 5)],
    Held = ask(Holder),
    {check(1, V), Parts =:= [element(N, value(1)) || N <- [2, 3, 8]], check(1, Held),
     erts_debug:size(V) > 0}.

%% Loading and purging does not use up memory.
purged_memory() ->
    load(lit_b, 3), drop(lit_b), wait(),
    Before = literal_bytes(),
    [begin load(lit_b, I), V = lit_b:lit(), drop(lit_b), true = check(I, V) end
     || I <- lists:seq(1, 40)],
    collected(fun() -> literal_bytes() < Before + 400000 end).

literal_bytes() -> erlang:memory(code).

%% --- persistent terms ---

persistent_held() ->
    Key = {?MODULE, key},
    persistent_term:put(Key, value(5)),
    V = persistent_term:get(Key),
    Holder = holder(fun() -> persistent_term:get(Key) end),
    persistent_term:put(Key, value(6)),
    wait(),
    W = persistent_term:get(Key),
    true = persistent_term:erase(Key),
    wait(),
    [persistent_term:put({?MODULE, I}, value(I)) || I <- lists:seq(1, 20)],
    Held = ask(Holder),
    R = {check(5, V), check(6, W), check(5, Held)},
    [persistent_term:erase({?MODULE, I}) || I <- lists:seq(1, 20)],
    R.

persistent_memory() ->
    Key = {?MODULE, big},
    Big = lists:seq(1, ?SIZE),
    persistent_term:put(Key, Big), persistent_term:erase(Key), wait(),
    Before = persistent_bytes(),
    [persistent_term:put(Key, [I | Big]) || I <- lists:seq(1, 100)],
    persistent_term:erase(Key),
    collected(fun() -> persistent_bytes() < Before + 1000000 end).

persistent_bytes() -> erlang:memory(total) - erlang:memory(processes) - erlang:memory(binary).

%% --- where a literal may be ---

places() ->
    Key = {?MODULE, places},
    persistent_term:put(Key, value(7)),
    V = persistent_term:get(Key),
    put(dict, V),
    T = ets:new(t, []), ets:insert(T, {row, V}),
    self() ! {mail, V},
    Ref = erlang:send_after(1500, self(), {timer, V}),
    Fun = fun() -> V end,
    Tag = erlang:monitor(process, Dying = spawn(fun() -> receive go -> exit({reason, V}) end end),
                         [{tag, {tagged, V}}]),
    Port = open_port({spawn, "cat"}, []), erlang:port_set_data(Port, V),
    Sleeper = spawn_link(fun() -> process_flag(trap_exit, true), put(own, V),
                                  receive {ask, From} -> From ! {slept, get(own), V} end end),
    Hib = spawn_link(fun() -> hibernating(V) end),
    Caught = try erlang:error({bad, V}) catch error:E:Stack -> {E, length(Stack) > 0} end,
    persistent_term:erase(Key),
    wait(),
    [persistent_term:put({?MODULE, I}, value(100 + I)) || I <- lists:seq(1, 20)],
    [persistent_term:erase({?MODULE, I}) || I <- lists:seq(1, 20)],
    wait(),
    Dying ! go, Sleeper ! {ask, self()}, Hib ! {ask, self()},
    X = value(7),
    [check(7, V), get(dict) =:= X, ets:lookup(T, row) =:= [{row, X}],
     receive {mail, M} -> M =:= X end, receive {timer, M2} -> M2 =:= X end, Fun() =:= X,
     receive {{tagged, M3}, Tag, process, Dying, {reason, M4}} -> {M3, M4} =:= {X, X} end,
     erlang:port_get_data(Port) =:= X, receive {slept, A, B} -> {A, B} =:= {X, X} end,
     receive {hib, C} -> C =:= X end, element(1, Caught) =:= {bad, X}, is_reference(Ref)].

hibernating(V) -> put(v, V), proc_lib:hibernate(erlang, apply, [fun() -> answer(V) end, []]).
answer(V) -> receive {ask, From} -> From ! {hib, V} end.

%% --- processes pass literals on while they are taken away ---

races() ->
    Key = {?MODULE, race},
    persistent_term:put(Key, value(0)),
    Ring = [spawn_link(fun() -> passer([]) end) || _ <- lists:seq(1, 20)],
    [P ! {ring, Ring} || P <- Ring],
    Getters = [spawn_link(fun() -> getter(Key, Ring) end) || _ <- lists:seq(1, 4)],
    [begin persistent_term:put(Key, value(I rem 30)), timer:sleep(3) end || I <- lists:seq(1, 150)],
    [begin unlink(G), exit(G, kill) end || G <- Getters],
    wait(),
    Good = [begin P ! {stop, self()}, receive {P, Ok} -> Ok after 20000 -> late end end || P <- Ring],
    persistent_term:erase(Key),
    lists:usort(Good).

getter(Key, Ring) ->
    V = persistent_term:get(Key),
    lists:nth(rand:uniform(20), Ring) ! {value, V, 3},
    timer:sleep(rand:uniform(2)),
    getter(Key, Ring).

passer(Ring) ->
    receive
        {ring, R} -> passer(R);
        {value, {Salt, List, _, _, _, Bits, _, _} = V, N} ->
            true = hd(List) =:= Salt,
            <<Salt:800>> = Bits,
            case N > 0 of
                true -> lists:nth(rand:uniform(20), Ring) ! {value, setelement(3, V, {moved, element(3, V)}), N - 1};
                false -> ok
            end,
            put(N, V),
            passer(Ring);
        {stop, From} ->
            Ok = lists:all(fun({_, V}) -> W = value(element(1, V)), element(2, V) =:= element(2, W)
                                              andalso element(8, V) =:= element(8, W) end,
                           [KV || {K, _} = KV <- get(), is_integer(K)]),
            From ! {self(), Ok}
    end.

%% --- exit reasons that are literals, while there are many to be told ---

exits() ->
    Key = {?MODULE, exit},
    process_flag(trap_exit, true),
    R = [begin
             persistent_term:put(Key, value(I)),
             Self = self(),
             P = spawn_link(fun() -> V = persistent_term:get(Key), Self ! ready,
                                     receive go -> exit(V) end end),
             receive ready -> ok end,
             P ! go,
             persistent_term:erase(Key),
             receive {'EXIT', P, Reason} -> check(I, Reason) end
         end || I <- lists:seq(1, 50)],
    process_flag(trap_exit, false),
    lists:usort(R).

%% --- binaries that literals hold off-heap ---

binaries() ->
    Key = {?MODULE, bin},
    B = binary:copy(<<"bin">>, 10000),
    persistent_term:put(Key, {B, [B], binary:part(B, 10, 1000)}),
    V = persistent_term:get(Key),
    Holder = holder(fun() -> element(3, persistent_term:get(Key)) end),
    persistent_term:erase(Key),
    wait(),
    erlang:garbage_collect(),
    {V =:= {B, [B], binary:part(B, 10, 1000)}, ask(Holder) =:= binary:part(B, 10, 1000)}.

%% --- in the message queue of a process that looks for another message ---

receiving() ->
    Key = {?MODULE, rec},
    persistent_term:put(Key, value(9)),
    P = spawn_link(fun() -> receive {go, From} -> From ! {self(), all()} end end),
    [P ! {n, I, persistent_term:get(Key)} || I <- lists:seq(1, 100)],
    persistent_term:erase(Key),
    wait(),
    P ! {go, self()},
    receive {P, All} -> {length(All), lists:all(fun({n, _, V}) -> check(9, V) end, All),
                         [I || {n, I, _} <- All] =:= lists:seq(1, 100)} end.

%% A queue, or a literal, that is too long for a turn of the process; others run meanwhile.
long_queue() ->
    Key = {?MODULE, queue},
    persistent_term:put(Key, value(10)),
    Count = 30_000,
    P = spawn_link(fun() -> receive {go, From} -> From ! {self(), sum(Count, value(10), 0)} end end),
    [P ! {n, I, persistent_term:get(Key)} || I <- lists:seq(1, Count)],
    persistent_term:erase(Key),
    [begin P ! {n, I, none}, timer:sleep(1) end || I <- lists:seq(1, 100)],
    wait(),
    [persistent_term:put({?MODULE, I}, value(100 + I)) || I <- lists:seq(1, 20)],
    [persistent_term:erase({?MODULE, I}) || I <- lists:seq(1, 20)],
    P ! {go, self()},
    receive {P, Sum} -> {Sum, process_info(P, message_queue_len)} end.

sum(0, _, Sum) -> Sum;
sum(N, Value, Sum) -> receive {n, I, Value} -> sum(N - 1, Value, Sum + I) end.

long_literal() ->
    Key = {?MODULE, long},
    Long = lists:seq(1, 500_000),
    persistent_term:put(Key, Long),
    Holder = holder(fun() -> {held, persistent_term:get(Key)} end),
    Queue = holder(fun() -> none end),
    Queue ! {mail, persistent_term:get(Key)},
    persistent_term:erase(Key),
    wait(),
    [persistent_term:put({?MODULE, I}, lists:seq(-500_000, 0)) || I <- lists:seq(1, 3)],
    [persistent_term:erase({?MODULE, I}) || I <- lists:seq(1, 3)],
    {messages, [{mail, Mail}]} = process_info(Queue, messages),
    {ask(Holder) =:= {held, Long}, Mail =:= Long, ask(Queue)}.

all() -> receive M -> [M | all()] after 0 -> [] end.

%% --- copied by natives that run long ---

dirty() ->
    Key = {?MODULE, dirty},
    R = [begin
             persistent_term:put(Key, {I, lists:seq(1, 100000)}),
             V = persistent_term:get(Key),
             P = spawn_link(fun() -> receive {From, W} -> From ! {self(), erlang:phash2(W)} end end),
             Killer = spawn_link(fun() -> persistent_term:erase(Key) end),
             P ! {self(), {V, V}},
             B = term_to_binary({V, V}),
             receive {P, H} -> {is_pid(Killer), H =:= erlang:phash2({V, V}), binary_to_term(B) =:= {V, V}} end
         end || I <- lists:seq(1, 10)],
    lists:usort(R).

%% --- helpers ---

holder(Get) ->
    Self = self(),
    P = spawn_link(fun() -> V = Get(), Self ! {self(), ready},
                            receive {ask, From} -> From ! {self(), V} end end),
    receive {P, ready} -> P end.

ask(P) -> P ! {ask, self()}, receive {P, V} -> V end.
