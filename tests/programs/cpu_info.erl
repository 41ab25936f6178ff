%% Whether the processors that the VM may run on are others than they were.
-module(cpu_info).
-export([main/0]).

%% Several times, since a processor may only seem to go or to come back for a moment.
main() -> lists:usort([changed_by_others() || _ <- lists:seq(1, 20)]).

changed_by_others() ->
    Before = info(),
    Mask = mask(),
    os:cmd("taskset -p 1 " ++ os:getpid()),
    NotAsked = erlang:system_info(logical_processors_available),
    Fewer = info(),
    os:cmd("taskset -p " ++ Mask ++ " " ++ os:getpid()),
    {Before, NotAsked, Fewer, info(), info()}.

info() ->
    Answer = erlang:system_info(update_cpu_info),
    {Answer, erlang:system_info(logical_processors_available)}.

mask() -> string:trim(lists:last(string:split(os:cmd("taskset -p " ++ os:getpid()), ":"))).
