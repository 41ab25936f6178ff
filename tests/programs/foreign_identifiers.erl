%% Ports and references of other nodes, and of a former life of this one, in monitors.
-module(foreign_identifiers).
-export([main/0]).

main() ->
    [{Node, Name, outcome(Attempt)} || Node <- [<<"a@b">>, <<"nonode@nohost">>],
                                       {Name, Attempt} <- attempts(Node)].

attempts(Node) ->
    Port = port(Node),
    Reference = reference(Node),
    [{monitor, fun() -> down(Port, erlang:monitor(port, Port)) end},
     {monitor_tag, fun() -> down(Port, erlang:monitor(port, Port, [{tag, gone}])) end},
     {monitor_process, fun() -> erlang:monitor(process, Port) end},
     {monitor_name, fun() -> down(name, erlang:monitor(port, {name, binary_to_atom(Node)})) end},
     {demonitor, fun() -> erlang:demonitor(Reference) end},
     {demonitor_info, fun() -> erlang:demonitor(Reference, [info]) end},
     {demonitor_flush, fun() -> erlang:demonitor(Reference, [flush, info]) end},
     {demonitor_option, fun() -> erlang:demonitor(Reference, [other]) end},
     {unalias, fun() -> erlang:unalias(Reference) end}].

outcome(Attempt) ->
    try Attempt()
    catch Class:Reason:Stack ->
        [{Module, Function, _, More} | _] = Stack,
        {Class, Reason, Module, Function, More}
    end.

down(Item, Monitor) ->
    receive
        {Tag, Monitor, port, Item, Reason} -> {Tag, Reason};
        {Tag, Monitor, port, {Item, _}, Reason} -> {Tag, named, Reason}
    after 5000 -> nothing
    end.

port(Node) -> binary_to_term(<<131, 102, 100, (byte_size(Node)):16, Node/binary, 77:32, 0>>).

reference(Node) ->
    binary_to_term(<<131, 90, 3:16, 100, (byte_size(Node)):16, Node/binary, 99:32, 1:32, 2:32, 3:32>>).
