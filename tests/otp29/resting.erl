%% erlang:hibernate/0: waits with a small heap and goes on where it was.
-module(resting).
-export([main/0, rests/2, counts/1, init/1]).

main() ->
    p(woken, woken()),
    p(at_once, at_once()),
    p(kept, kept()),
    p(killed, killed()),
    p(again, again()),
    p(supervisor, supervisor()),
    p(traced, traced()).

p(What, Value) -> io:format("~p: ~p~n", [What, Value]).

rests(From, Size) ->
    Kept = lists:seq(1, Size),
    Garbage = lists:duplicate(100_000, Size),
    Length = length(Garbage),
    From ! {self(), about_to},
    ok = erlang:hibernate(),
    receive Message -> From ! {self(), Message, lists:sum(Kept), Length} end,
    rests(From, Size).

asleep(Pid) ->
    case process_info(Pid, [current_function, status, message_queue_len]) of
        [{_, {erlang, hibernate, 0}}, {_, waiting}, {_, 0}] -> ok;
        _ -> receive after 1 -> asleep(Pid) end
    end.

start(Size) ->
    Pid = spawn(?MODULE, rests, [self(), Size]),
    receive {Pid, about_to} -> asleep(Pid) end,
    Pid.

next() -> receive M -> M end.

woken() ->
    Pid = start(100),
    {total_heap_size, Words} = process_info(Pid, total_heap_size),
    {_, [{erlang, hibernate, 0, _} | Frames]} = process_info(Pid, current_stacktrace),
    Pid ! hello,
    {Pid, hello, Sum, Length} = next(),
    {Pid, about_to} = next(),
    asleep(Pid),
    exit(Pid, kill),
    {Words < 400, [{M, F, A} || {M, F, A, _} <- Frames], Sum, Length}.

%% Who has a message does not wait.
at_once() ->
    self() ! one,
    {erlang:hibernate(), next()}.

%% Nothing but messages wakes it; it does nothing meanwhile.
kept() ->
    Pid = start(10),
    {reductions, Before} = process_info(Pid, reductions),
    Ref = monitor(process, Pid),
    true = erlang:suspend_process(Pid),
    true = erlang:resume_process(Pid),
    true = erlang:is_process_alive(Pid),
    true = erlang:garbage_collect(Pid),
    receive after 100 -> asleep(Pid) end,
    {reductions, After} = process_info(Pid, reductions),
    Pid ! there,
    Got = [next(), next()],
    asleep(Pid),
    demonitor(Ref, [flush]),
    exit(Pid, kill),
    {After - Before < 5000, Got =:= [{Pid, there, 55, 100_000}, {Pid, about_to}]}.

killed() ->
    Pid = start(10),
    Ref = monitor(process, Pid),
    exit(Pid, bang),
    receive {'DOWN', Ref, process, Pid, Why} -> Why end.

counts(From) ->
    ok = erlang:hibernate(),
    receive N -> From ! {N, process_info(self(), message_queue_len)} end,
    counts(From).

%% Many times, by senders that do not wait for it.
again() ->
    Self = self(),
    Pid = spawn(?MODULE, counts, [Self]),
    [spawn(fun() -> [Pid ! N || N <- lists:seq(1, 1000)] end) || _ <- lists:seq(1, 4)],
    Sum = lists:sum([receive {N, _} -> N end || _ <- lists:seq(1, 4000)]),
    asleep(Pid),
    exit(Pid, kill),
    Sum.

init([]) -> {ok, {#{}, []}}.

%% OTP's supervisors hibernate after a second.
supervisor() ->
    {ok, Pid} = supervisor:start_link(?MODULE, []),
    asleep(Pid),
    {reductions, Before} = process_info(Pid, reductions),
    receive after 100 -> ok end,
    {reductions, After} = process_info(Pid, reductions),
    Children = supervisor:which_children(Pid),
    unlink(Pid),
    exit(Pid, shutdown),
    {After - Before < 5000, Children}.

traced() ->
    Pid = start(10),
    1 = erlang:trace(Pid, true, [call, running]),
    1 = erlang:trace_pattern({erlang, hibernate, 0}, [{'_', [], [{return_trace}]}], [global]),
    Pid ! go,
    {Pid, go, 55, 100_000} = traced_next(),
    {Pid, about_to} = traced_next(),
    asleep(Pid),
    Calls = calls(Pid),
    erlang:trace(Pid, false, [all]),
    exit(Pid, kill),
    Calls.

traced_next() ->
    receive M when element(1, M) =/= trace -> M end.

calls(Pid) ->
    receive
        {trace, Pid, call, Mfa} -> [{call, Mfa} | calls(Pid)];
        {trace, Pid, return_from, Mfa, Value} -> [{return, Mfa, Value} | calls(Pid)];
        {trace, Pid, _, _} -> calls(Pid)
    after 100 -> []
    end.
