%% What drivers of this folder do, and what erl_ddll says; the same under erl and Joist.
-module(driver_cases).
-export([main/1, run/2]).

-define(OPERATIONS,
        [output, output2, binary, vector, terms, timer, cancel, pipe, async, monitor, demonitor,
         queue, fail_atom, fail_posix, fail_eof, fail_number, exit, busy, free, create, flags,
         binary_reply, own_binary_reply, no_reply, list_reply, refuse, limits, pdl, permanent,
         bad_terms, enqueue, environment, times, thread, callers, info, slice, closed,
         closed_both, slow]).

main(Folder) ->
    process_flag(trap_exit, true),
    Cases = [loading_errors, start, outputs, line_output, terms, bad_terms, time, descriptors, closed, slow,
             jobs,             monitors, queue, flushing, failures, busy, replies, calls, locks, system,
             vectors, users, pending, kills, reload, crashes, many_ports, permanent],
    [{Case, run(Case, Folder)} || Case <- Cases].

run(Case, Folder) ->
    {Pid, Ref} = spawn_monitor(fun() ->
                                       process_flag(trap_exit, true),
                                       exit({done, test(Case, Folder)})
                               end),
    receive
        {'DOWN', Ref, process, Pid, {done, Result}} -> Result;
        {'DOWN', Ref, process, Pid, Reason} -> {crashed, Reason}
    after 30000 ->
            {stuck, process_info(Pid, [current_stacktrace, messages])}
    end.

%% --- helpers ---

number(Name) -> number(Name, ?OPERATIONS, 1).
number(Name, [Name | _], N) -> N;
number(Name, [_ | Rest], N) -> number(Name, Rest, N + 1).

control(Port, Name) -> control(Port, Name, "").
control(Port, Name, Data) -> erlang:port_control(Port, number(Name), Data).

open(Folder) -> open(Folder, []).
open(Folder, Options) ->
    {ok, _} = erl_ddll:try_load(Folder, test_drv, []),
    open_port({spawn_driver, "test_drv"}, Options).

close(Port) ->
    true = port_close(Port),
    ok = erl_ddll:unload_driver(test_drv).

%% Until nothing more comes; the order is that of threads.
reported(Port) ->
    receive
        {log, Level, Format, [Text], Metadata} ->
            Shown = string:replace(Text, erlang:port_to_list(Port), "PORT", all),
            lists:sort([{Level, Format, lists:flatten(Shown), maps:remove(time, Metadata)}
                        | reported(Port)])
    after 300 -> []
    end.

got() -> got(200).
got(Time) ->
    receive Message -> [hide(Message) | got(Time)]
    after Time -> []
    end.

%% Identities differ from run to run.
hide(Term) when is_pid(Term), Term =:= self() -> me;
hide(Term) when is_pid(Term) -> pid;
hide(Term) when is_port(Term) -> port;
hide(Term) when is_reference(Term) -> reference;
hide([Head | Tail]) -> [hide(Head) | hide(Tail)];
hide(Term) when is_tuple(Term) -> list_to_tuple(hide(tuple_to_list(Term)));
hide(Term) -> Term.

attempt(Fun) ->
    try hide(Fun())
    catch Class:Reason -> {Class, Reason}
    end.

with_port(Folder, Fun) -> with_port(Folder, [], Fun).
with_port(Folder, Options, Fun) ->
    Port = open(Folder, Options),
    Result = Fun(Port),
    Messages = got(),
    close(Port),
    {hide(Result), Messages, got(50)}.

%% --- cases ---

test(loading_errors, Folder) ->
    Names = ["absent_drv", "unresolved_drv", "no_init_drv", "failing_drv", "null_drv", "newer_drv",
             "named_drv", "tcp_inet"],
    Loads = [{Name, erl_ddll:try_load(Folder, Name, [])} || Name <- Names],
    Texts = [lists:flatten(erl_ddll:format_error(Why)) || {_, {error, Why}} <- Loads],
    Atoms = [inconsistent, permanent, not_loaded, not_loaded_by_this_process, not_pending,
             already_loaded, pending_reload, pending_process, no_error, bad_driver_name,
             driver_name_to_long, no_ddll_available, unspecified_error, symbol_not_found,
             load_cancelled, {open_error, 5}, {open_error, -12345}, nonsense, {open_error, x}],
    Bad = [attempt(fun() -> erl_ddll:try_load(Path, Name, Options) end)
           || {Path, Name, Options} <- [{Folder, 7, []}, {7, test_drv, []},
                                        {Folder, test_drv, [x]}, {Folder, test_drv, [{monitor, x}]},
                                        {Folder, test_drv, [{reload, x}]},
                                        {Folder, test_drv, [{driver_options, [x]}]},
                                        {Folder, test_drv, [{driver_options, x}]},
                                        {Folder, test_drv, x}, {Folder, test_drv, [kill_ports]}]],
    {Loads, Texts, [attempt(fun() -> erl_ddll:format_error(A) end) || A <- Atoms], Bad,
     attempt(fun() -> erl_ddll:try_unload(test_drv, [x]) end),
     attempt(fun() -> erl_ddll:try_unload(test_drv, []) end),
     attempt(fun() -> erl_ddll:try_unload(tcp_inet, []) end),
     attempt(fun() -> erl_ddll:info(test_drv, processes) end),
     attempt(fun() -> erl_ddll:info(tcp_inet, nonsense) end),
     erl_ddll:info(tcp_inet),
     attempt(fun() -> open_port({spawn_driver, "test_drv"}, []) end)};
test(start, Folder) ->
    ok = erl_ddll:load_driver(Folder ++ "//", "test_drv"),
    Opened = [attempt(fun() -> open_port({Kind, Command}, []) end)
              || {Kind, Command} <- [{spawn_driver, "test_drv fail_general"},
                                     {spawn, "test_drv fail_badarg"},
                                     {spawn_driver, "test_drv fail_errno"},
                                     {spawn_driver, "test_drv show it"},
                                     {spawn_driver, <<"test_drv show">>},
                                     {spawn, 'test_drv show atom'},
                                     {spawn_driver, "test_dr"}]],
    Options = [attempt(fun() -> open_port({spawn_driver, "test_drv"}, Option) end)
               || Option <- [[exit_status], [{args, []}], [{busy_limits_port, {1, 2}}]]],
    Messages = got(),
    Infos = [{Item, erl_ddll:info(test_drv, Item)}
             || Item <- [driver_options, port_count, linked_in_driver, permanent, awaiting_load,
                         awaiting_unload]],
    {ok, Loaded} = erl_ddll:loaded_drivers(),
    Closed = [port_close(Port) || Port <- erlang:ports(),
                                  erlang:port_info(Port, connected) =:= {connected, self()}],
    {Opened, Options, Messages, Infos, lists:member("test_drv", Loaded), Closed,
     erl_ddll:unload_driver(test_drv), got()};
test(outputs, Folder) ->
    [with_port(Folder, Options,
               fun(Port) ->
                       control(Port, flags),
                       control(Port, output, "direct"),
                       control(Port, output2, "tail"),
                       control(Port, binary, lists:seq(1, 200)),
                       port_command(Port, ["echo", <<"ed">>]),
                       Port ! {self(), {command, "by message"}},
                       port_command(Port, []),
                       port_command(Port, lists:duplicate(1000, <<"0123456789">>)),
                       control(Port, callers)
               end)
     || Options <- [[], [binary]]];
test(line_output, Folder) ->
    [with_port(Folder, [{line, 6} | Options],
               fun(Port) ->
                       control(Port, flags),
                       port_command(Port, "a\nlonger line\nend"),
                       control(Port, output, "\n")
               end)
     || Options <- [[], [binary]]];
test(terms, Folder) -> with_port(Folder, fun(Port) -> control(Port, terms) end);
test(bad_terms, Folder) -> with_port(Folder, fun(Port) -> control(Port, bad_terms) end);
test(time, Folder) ->
    with_port(Folder, fun(Port) ->
                              control(Port, timer),
                              receive {tick, 3} -> ok after 5000 -> late end,
                              Ticks = got(),
                              control(Port, cancel),
                              control(Port, times),
                              control(Port, slice),
                              Ticks
                      end);
test(descriptors, Folder) ->
    [with_port(Folder, Options, fun(Port) -> control(Port, pipe) end) || Options <- [[], [binary]]];
test(closed, Folder) ->
    Former = erlang:system_flag(system_logger, self()),
    Results = [with_port(Folder, fun(Port) -> control(Port, Operation), reported(Port) end)
               || Operation <- [closed, closed_both]],
    erlang:system_flag(system_logger, Former),
    Results;
test(slow, Folder) ->
    with_port(Folder,
              fun(Port) ->
                      Before = erlang:system_monitor(self(), [{long_schedule, 50}]),
                      control(Port, slow),
                      Told = receive
                                 {monitor, Port, long_schedule, [{timeout, Time}, Operation]} ->
                                     {Time >= 50, Operation}
                             after 5000 -> nothing
                             end,
                      erlang:system_monitor(Before),
                      %% Of processes that other load of the machine has held up.
                      (fun Flush() -> receive {monitor, _, _, _} -> Flush() after 0 -> ok end end)(),
                      Told
              end);
test(jobs, Folder) -> with_port(Folder, fun(Port) -> control(Port, async) end);
test(monitors, Folder) ->
    with_port(Folder,
              fun(Port) ->
                      First = spawn(fun() -> control(Port, monitor), receive stop -> ok end end),
                      timer:sleep(100),
                      Monitors = erlang:port_info(Port, monitors) =:= {monitors, [{process, First}]},
                      First ! stop,
                      Seen = got(),
                      Second = spawn(fun() -> control(Port, monitor), receive stop -> ok end end),
                      timer:sleep(100),
                      control(Port, demonitor),
                      control(Port, demonitor),
                      Second ! stop,
                      {Monitors, Seen}
              end);
test(queue, Folder) ->
    [with_port(Folder, Options, fun(Port) -> control(Port, queue) end) || Options <- [[], [binary]]];
test(flushing, Folder) ->
    Port = open(Folder),
    control(Port, enqueue, "something"),
    Size = erlang:port_info(Port, queue_size),
    close(Port),
    Killed = open(Folder),
    control(Killed, enqueue, "something"),
    exit(Killed, kill),
    Messages = got(),
    {Size, Messages, erl_ddll:unload_driver(test_drv)};
test(failures, Folder) ->
    ok = erl_ddll:load_driver(Folder, test_drv),
    [begin
         Port = open_port({spawn_driver, test_drv}, Options),
         {Failure, Options, attempt(fun() -> control(Port, Failure) end), got(50),
          attempt(fun() -> control(Port, output) end)}
     end || Failure <- [fail_atom, fail_posix, fail_number, fail_eof, exit, refuse],
            Options <- [[], [eof]]];
test(busy, Folder) ->
    with_port(Folder,
              fun(Port) ->
                      control(Port, busy),
                      Self = self(),
                      Senders = [spawn_link(fun() ->
                                                    port_command(Port, Text),
                                                    Self ! done
                                            end) || Text <- ["one", "two"]],
                      timer:sleep(100),
                      Suspended = [process_info(Pid, status) || Pid <- Senders],
                      Refused = {port_command(Port, "x", [nosuspend]),
                                 erlang:send(Port, {self(), {command, "x"}}, [nosuspend])},
                      Forced = port_command(Port, "forced", [force]),
                      control(Port, free),
                      Done = lists:sort(got()),
                      control(Port, limits),
                      {Suspended, Refused, Forced, Done}
              end);
test(replies, Folder) ->
    with_port(Folder,
              fun(Port) ->
                      [attempt(fun() -> control(Port, Kind, Data) end)
                       || Kind <- [binary_reply, own_binary_reply, no_reply, list_reply, refuse],
                          Data <- ["", "data", lists:duplicate(500, $x)]]
              end);
test(calls, Folder) ->
    with_port(Folder,
              fun(Port) ->
                      [attempt(fun() -> erlang:port_call(Port, Operation, Data) end)
                       || Operation <- [0, 1, 2, 3, x],
                          Data <- [atom, {1, "two", <<3>>}, lists:seq(1, 1000), self()]]
              end);
test(locks, Folder) -> with_port(Folder, fun(Port) -> control(Port, pdl) end);
test(system, Folder) ->
    with_port(Folder, fun(Port) ->
                              control(Port, environment),
                              control(Port, info),
                              os:getenv("TEST_DRV_VALUE")
                      end);
test(vectors, Folder) ->
    ok = erl_ddll:load_driver(Folder, vector_drv),
    Results = [begin
                   Port = open_port({spawn_driver, "vector_drv"}, Options),
                   Large = binary:copy(<<"0123456789">>, 100),
                   Part = binary:part(Large, 3, 800),
                   Sent = [port_command(Port, Data)
                           || Data <- ["", "list", <<"binary">>, [Large, "and", Part, <<1>>],
                                       [[[Large]] | Large]]],
                   Seen = [case Message of
                               {P, {data, Data}} when P =:= Port -> {data, iolist_to_binary(Data)};
                               Other -> Other
                           end || Message <- received()],
                   Queue = erlang:port_info(Port, queue_size),
                   Taken = port_control(Port, 1, ""),
                   Infos = [erlang:port_info(Port, Item) || Item <- [locking, os_pid, queue_size]],
                   exit(Port, kill),
                   {Sent, Seen, Queue, Taken, Infos, got(50)}
               end || Options <- [[], [binary]]],
    {Results, erl_ddll:unload_driver(vector_drv)};
test(users, Folder) ->
    First = erl_ddll:try_load(Folder, test_drv, []),
    Second = erl_ddll:try_load(Folder, test_drv, []),
    Other = erl_ddll:try_load(Folder ++ "/..", test_drv, []),
    Options = erl_ddll:try_load(Folder, test_drv, [{driver_options, [kill_ports]}]),
    Self = self(),
    Users = erl_ddll:info(test_drv, processes) =:= [{self(), 2}],
    Pid = spawn(fun() ->
                        Not = erl_ddll:try_unload(test_drv, []),
                        Loads = erl_ddll:try_load(Folder, test_drv, []),
                        Self ! {other, Not, Loads},
                        receive stop -> ok end
                end),
    Theirs = got(),
    Unloads = [hide(erl_ddll:try_unload(test_drv, [{monitor, Kind}]))
               || Kind <- [pending, pending_driver, pending]],
    Before = got(50),
    Pid ! stop,
    {First, Second, Other, Options, Users, Theirs, Unloads, Before, got(),
     attempt(fun() -> erl_ddll:info(test_drv, processes) end)};
test(pending, Folder) ->
    Port = open(Folder),
    Unload = hide(erl_ddll:try_unload(test_drv, [{monitor, pending_driver}])),
    Awaits = erl_ddll:info(test_drv, awaiting_unload) =:= [{self(), 1}],
    Load = erl_ddll:try_load(Folder, test_drv, []),
    Cancelled = got(50),
    Monitors = [hide(erl_ddll:monitor(driver, {Name, What}))
                || Name <- [test_drv, "absent_drv", tcp_inet],
                   What <- [loaded, unloaded, unloaded_only]],
    Told = got(50),
    Only = erl_ddll:monitor(driver, {test_drv, unloaded}),
    Demonitored = erl_ddll:demonitor(Only),
    Again = erl_ddll:try_unload(test_drv, []),
    port_close(Port),
    {Unload, Awaits, Load, Cancelled, Monitors, Told, Demonitored, Again, got(),
     attempt(fun() -> erl_ddll:monitor(process, {test_drv, loaded}) end),
     attempt(fun() -> erl_ddll:monitor(driver, {test_drv, x}) end),
     attempt(fun() -> erl_ddll:demonitor(x) end)};
test(kills, Folder) ->
    Port = open(Folder),
    Unload = hide(erl_ddll:try_unload(test_drv, [kill_ports, {monitor, pending_driver}])),
    First = got(),
    Info = erlang:port_info(Port),
    Load = erl_ddll:try_load(Folder, test_drv, [{driver_options, [kill_ports]}]),
    Options = erl_ddll:info(test_drv, driver_options),
    _ = open_port({spawn_driver, test_drv}, []),
    Second = hide(erl_ddll:try_unload(test_drv, [{monitor, pending}])),
    {Unload, First, Info, Load, Options, Second, got()};
test(reload, Folder) ->
    Port = open(Folder),
    Not = erl_ddll:try_load(Folder, vector_drv, [{reload, pending}]),
    Reload = hide(erl_ddll:try_load(Folder, test_drv, [{reload, pending_driver},
                                                       {monitor, pending_driver}])),
    Waits = erl_ddll:info(test_drv, awaiting_load) =:= [{self(), 1}],
    Twice = erl_ddll:try_load(Folder, test_drv, [{reload, pending}]),
    More = hide(erl_ddll:try_load(Folder, test_drv, [{monitor, pending_driver}])),
    Before = got(50),
    port_close(Port),
    After = got(),
    Users = erl_ddll:info(test_drv, processes) =:= [{self(), 2}],
    Kill = open_port({spawn_driver, test_drv}, []),
    Killed = hide(erl_ddll:reload(Folder, test_drv)),
    Unload = [erl_ddll:try_unload(test_drv, []) || _ <- [1, 2]],
    port_close(Kill),
    {Not, Reload, Waits, Twice, More, Before, After, Users, Killed, Unload, got()};
test(crashes, Folder) ->
    %% The driver goes with the process that loaded it, its ports with their owner.
    Self = self(),
    Pid = spawn(fun() ->
                        Port = open(Folder),
                        Self ! {port, Port},
                        receive stop -> ok end
                end),
    Port = receive {port, P} -> P end,
    Ref = erl_ddll:monitor(driver, {test_drv, unloaded_only}),
    exit(Pid, kill),
    Messages = got(),
    {is_reference(Ref), Messages, erlang:port_info(Port)};
test(many_ports, Folder) ->
    ok = erl_ddll:load_driver(Folder, test_drv),
    Self = self(),
    Pids = [spawn_link(fun() ->
                               Port = open_port({spawn_driver, test_drv}, [binary]),
                               Ok = lists:all(fun(N) ->
                                                      Data = <<N:32>>,
                                                      port_command(Port, Data),
                                                      receive {Port, {data, Data}} -> true
                                                      after 10000 -> false
                                                      end
                                              end, lists:seq(1, 200)),
                               Self ! {self(), Ok, port_close(Port)}
                       end) || _ <- lists:seq(1, 20)],
    Results = [receive {Pid, Ok, Closed} -> {Ok, Closed} end || Pid <- Pids],
    {lists:usort(Results), erl_ddll:info(test_drv, port_count), erl_ddll:unload_driver(test_drv)};
test(permanent, Folder) ->
    Port = open(Folder),
    Ref = erl_ddll:monitor(driver, {test_drv, unloaded_only}),
    control(Port, permanent),
    Told = got(50),
    {is_reference(Ref), Told, erl_ddll:try_unload(test_drv, []),
     erl_ddll:try_load(Folder, test_drv, []), erl_ddll:info(test_drv), port_close(Port), got(50)}.

received() ->
    receive Message -> [Message | received()]
    after 200 -> []
    end.
