%% Timers with every combination of their options, to whom they may go and what they refuse.
-module(timer_options).
-export([main/0]).

main() ->
    [{starts, starts()}, {sends, sends()}, {absolute, absolute()}, {past, past()},
     {cancels, cancels()}, {reads, reads()}, {twice, twice()}, {expired, expired()},
     {others, others()}, {unknown, unknown()}, {destinations, destinations()},
     {bad_starts, bad_starts()}, {bad_options, bad_options()}, {bad_cancels, bad_cancels()},
     {order, order()}, {owners, owners()}, {large, large()},
     {ended, ended()}].

outcome(Fun) -> prog:anonymous(prog:outcome(Fun)).

%% What comes within a time that no timer under test needs.
next() -> receive Message -> Message after 3000 -> nothing end.

now_ms() -> erlang:monotonic_time(millisecond).

starts() ->
    [begin
         Timer = apply(erlang, start_timer, [Time, self(), {what, Time} | Options]),
         {timeout, Timer, {what, Time}} = next(),
         {Time, Options, is_reference(Timer)}
     end || Time <- [0, 1, 5], Options <- [[], [[]], [[{abs, false}]]]].

sends() ->
    [begin
         Timer = apply(erlang, send_after, [Time, self(), {what, Time} | Options]),
         {what, Time} = next(),
         {Time, Options, is_reference(Timer)}
     end || Time <- [0, 1, 5], Options <- [[], [[]], [[{abs, false}]]]].

%% A time that is reached is never reached early.
absolute() ->
    [begin
         At = now_ms() + 15,
         erlang:Function(At, self(), there, [{abs, true}]),
         Got = next(),
         {Function, prog:anonymous(Got), now_ms() >= At}
     end || Function <- [start_timer, send_after]].

past() ->
    [begin
         Timer = erlang:Function(Time, self(), Time, [{abs, true}]),
         case next() of
             {timeout, Timer, Time} -> {Function, timeout};
             Time -> {Function, sent};
             Other -> {Function, Other}
         end
     end || Function <- [start_timer, send_after],
            Time <- [now_ms() - 1, started(), now_ms()]]
    ++ [outcome(fun() -> erlang:Function(started() - 100000, self(), x, [{abs, true}]) end)
        || Function <- [start_timer, send_after]].

started() ->
    erlang:convert_time_unit(erlang:system_info(start_time), native, millisecond).

cancel_options() ->
    [[]] ++ [[{async, A}] || A <- bools()] ++ [[{info, I}] || I <- bools()]
        ++ [[{async, A}, {info, I}] || A <- bools(), I <- bools()]
        ++ [[{info, I}, {async, A}] || A <- bools(), I <- bools()]
        ++ [[{info, false}, {info, true}], [{async, true}, {async, false}]].

bools() -> [true, false].

%% What a cancellation gives and what it sends, the time that was left by its kind.
cancels() ->
    [begin
         Timer = erlang:Function(100000, self(), never),
         Result = erlang:cancel_timer(Timer, Options),
         {Function, Options, left(Result), told(cancel_timer, Timer),
          erlang:cancel_timer(Timer, Options), told(cancel_timer, Timer)}
     end || Function <- [start_timer, send_after], Options <- cancel_options()].

told(Tag, Timer) ->
    receive {Tag, Timer, Result} -> {Tag, left(Result)} after 20 -> nothing end.

left(N) when is_integer(N), N > 90000, N =< 100000 -> much;
left(Other) -> Other.

reads() ->
    [begin
         Timer = erlang:Function(100000, self(), never),
         Result = [left(erlang:read_timer(Timer)) |
                   [{Options, left(erlang:read_timer(Timer, Options)), told(read_timer, Timer)}
                    || Options <- [[], [{async, true}], [{async, false}],
                                   [{async, true}, {async, false}]]]],
         much = left(erlang:cancel_timer(Timer)),
         {Function, Result, erlang:read_timer(Timer), erlang:read_timer(Timer, [{async, true}]),
          told(read_timer, Timer)}
     end || Function <- [start_timer, send_after]].

twice() ->
    Timer = erlang:start_timer(100000, self(), never),
    [left(erlang:cancel_timer(Timer)), erlang:cancel_timer(Timer), erlang:cancel_timer(Timer, []),
     erlang:cancel_timer(Timer, [{info, false}]), erlang:read_timer(Timer)].

expired() ->
    Timer = erlang:start_timer(1, self(), message),
    {timeout, Timer, message} = next(),
    [erlang:read_timer(Timer), erlang:cancel_timer(Timer),
     erlang:cancel_timer(Timer, [{async, true}]), told(cancel_timer, Timer),
     erlang:cancel_timer(Timer, [{async, true}, {info, false}]), told(cancel_timer, Timer)].

%% The timer of another process, started by oneself and by the other.
others() ->
    Main = self(),
    {Pid, Ref} = spawn_monitor(fun() ->
        Main ! {mine, erlang:start_timer(100000, self(), never)},
        receive stop -> ok end
    end),
    Theirs = receive {mine, Timer} -> Timer end,
    Mine = erlang:start_timer(100000, Pid, never),
    Result = [left(erlang:read_timer(Theirs)), left(erlang:read_timer(Theirs, [{async, true}])),
              told(read_timer, Theirs),
              left(erlang:cancel_timer(Theirs)), erlang:cancel_timer(Theirs),
              left(erlang:read_timer(Mine)), left(erlang:cancel_timer(Mine, [{async, true}])),
              told(cancel_timer, Mine), erlang:read_timer(Mine)],
    Pid ! stop,
    receive {'DOWN', Ref, _, _, normal} -> ok end,
    Result.

%% References that are no timers.
unknown() ->
    Alias = alias(),
    Result = [[erlang:cancel_timer(Ref), erlang:read_timer(Ref),
               erlang:cancel_timer(Ref, [{async, true}]), told(cancel_timer, Ref),
               erlang:read_timer(Ref, [{async, true}]), told(read_timer, Ref)]
              || Ref <- [make_ref(), Alias]],
    unalias(Alias),
    Result.

%% A name is looked up when the timer goes off; a process that ends takes the timers to it along.
destinations() ->
    Named = erlang:start_timer(30, timer_options_name, to_name),
    register(timer_options_name, self()),
    {timeout, Named, to_name} = next(),
    erlang:send_after(1, timer_options_name, sent),
    sent = next(),
    unregister(timer_options_name),
    ToNobody = erlang:send_after(1, timer_options_nobody, lost),
    Kept = erlang:send_after(100000, timer_options_nobody, lost),
    {Pid, Ref} = spawn_monitor(fun() -> receive stop -> ok end end),
    ToPid = erlang:send_after(100000, Pid, lost),
    much = left(erlang:read_timer(ToPid)),
    Pid ! stop,
    receive {'DOWN', Ref, _, _, normal} -> ok end,
    ToDead = erlang:send_after(1000, Pid, lost),
    Result = [gone(ToNobody), left(erlang:read_timer(Kept)), gone(ToPid),
              prog:outcome(fun() -> erlang:read_timer(ToDead) end),
              left(erlang:cancel_timer(Kept)), process_info(self(), messages)],
    erlang:cancel_timer(ToDead),
    Result.

gone(Timer) -> gone(Timer, 200).
gone(Timer, 0) -> {still, erlang:read_timer(Timer)};
gone(Timer, N) ->
    case erlang:read_timer(Timer) of
        false -> gone;
        _ -> receive after 5 -> gone(Timer, N - 1) end
    end.

bad_starts() ->
    Times = [-1, -(1 bsl 70), 1 bsl 64, 1 bsl 70, 1.0, infinity, atom, "1"],
    To = [1, "name", {name, node()}, make_ref(), {self()}, #{}],
    [[{Function, T, outcome(fun() -> erlang:Function(T, self(), x) end)} || T <- Times]
     ++ [{Function, outcome(fun() -> erlang:Function(1, D, x) end)} || D <- To]
     ++ [{Function, outcome(fun() -> erlang:Function(T, D, x, [{abs, true}]) end)}
         || {T, D} <- [{1 bsl 70, self()}, {1.5, self()}, {1, "x"}]]
     || Function <- [start_timer, send_after]].

bad_options() ->
    Lists = [[abs], [{abs, 1}], [{abs, true, 1}], [{async, true}], [{info, true}],
             [{abs, true} | x], abs, {abs, true}, [{abs, yes}], <<>>, [[]], [{}]],
    [{Function, Options, outcome(fun() -> erlang:Function(1, self(), x, Options) end)}
     || Function <- [start_timer, send_after], Options <- Lists].

bad_cancels() ->
    Ref = make_ref(),
    Lists = [[async], [{async, 1}], [{info, maybe_so}], [{abs, true}], [{async, true} | x], info,
             [{async, true, true}], [[]]],
    [[{T, outcome(fun() -> erlang:cancel_timer(T) end),
       outcome(fun() -> erlang:cancel_timer(T, []) end),
       outcome(fun() -> erlang:read_timer(T) end),
       outcome(fun() -> erlang:read_timer(T, [{async, true}]) end)} || T <- [1, a, {}, [], <<>>]],
     [{outcome(fun() -> erlang:cancel_timer(self()) end)}],
     [{Options, outcome(fun() -> erlang:cancel_timer(Ref, Options) end),
       outcome(fun() -> erlang:read_timer(Ref, Options) end)}
      || Options <- [[{info, true}] | Lists]]].

%% Timers of different times in the order of these, whatever the order of the starts.
order() ->
    Base = now_ms() + 30,
    [erlang:send_after(Base + T, self(), T, [{abs, true}]) || T <- [60, 20, 80, 0, 40]],
    [next() || _ <- lists:seq(1, 5)].

%% The timer of a process that ended goes off all the same at another.
owners() ->
    Main = self(),
    {_, Ref} = spawn_monitor(fun() -> exit({timer, erlang:start_timer(30, Main, from_dead)}) end),
    Timer = receive {'DOWN', Ref, _, _, {timer, T}} -> T end,
    case next() of {timeout, Timer, from_dead} -> came; Other -> Other end.

large() ->
    Message = {lists:seq(1, 500), binary:copy(<<"ab">>, 2000), fun(X) -> X end, #{a => self()}},
    erlang:send_after(2, self(), Message),
    erlang:garbage_collect(),
    Sent = next() =:= Message,
    Timer = erlang:start_timer(2, self(), Message),
    Started = next() =:= {timeout, Timer, Message},
    Far = erlang:start_timer(16#FFFFFFFFFF, self(), Message),
    [Sent, Started, is_integer(erlang:cancel_timer(Far))].

%% What timers would have brought goes with the process that they are for, long before their time.
ended() ->
    Before = memory(),
    Pid = spawn(fun() -> receive stop -> ok end end),
    Message = lists:seq(1, 20000),
    Timers = [erlang:send_after(16#FFFFFFF, Pid, Message) || _ <- lists:seq(1, 200)],
    Held = memory() - Before,
    Ref = monitor(process, Pid),
    Pid ! stop,
    receive {'DOWN', Ref, process, Pid, Reason} -> ok end,
    [Held > 60_000_000, Reason, falls_to(Before + 8_000_000, 100),
     [F(hd(Timers)) || F <- [fun erlang:read_timer/1, fun erlang:cancel_timer/1]]].

memory() ->
    erlang:garbage_collect(),
    erlang:memory(processes).

falls_to(_, 0) -> false;
falls_to(Limit, Tries) ->
    case memory() < Limit of
        true -> true;
        false -> receive after 20 -> falls_to(Limit, Tries - 1) end
    end.
