%% Help for the programs: what a call comes to, exceptions with the part of their stack trace that
%% lies in the program.
-module(prog).
-export([outcome/1, outcomes/1, id/1, write/2, anonymous/1]).

outcome(Fun) ->
    try Fun() of
        Value -> {value, Value}
    catch
        Class:Reason:Stack -> {Class, Reason, own_part(Stack)}
    end.

outcomes(Funs) -> [outcome(Fun) || Fun <- Funs].

own_part([{?MODULE, _, _, _} | _]) -> [];
own_part([Entry | Rest]) -> [Entry | own_part(Rest)];
own_part([]) -> [].

%% A value that the compiler knows nothing about.
id(X) ->
    case erlang:phash2(prog_id, 1) of
        0 -> X;
        _ -> never
    end.

%% What differs from run to run by nature goes by its kind.
anonymous(Term) when is_pid(Term) -> pid;
anonymous(Term) when is_reference(Term) -> reference;
anonymous(Term) when is_tuple(Term) ->
    list_to_tuple([anonymous(Element) || Element <- tuple_to_list(Term)]);
anonymous([Head | Tail]) -> [anonymous(Head) | anonymous(Tail)];
anonymous(Term) -> Term.

%% Writes down what the programs return, in the form that `joist exec` prints.
write(Folder, Modules) ->
    [begin
         {Pid, Monitor} = spawn_monitor(fun() -> write_one(Folder, Module) end),
         receive
             {'DOWN', Monitor, process, Pid, normal} -> ok;
             {'DOWN', Monitor, process, Pid, Why} -> io:format("~p: ~p~n", [Module, Why])
         end
     end || Module <- Modules],
    ok.

write_one(Folder, Module) ->
    Text = unicode:characters_to_binary(io_lib:format("~tp~n", [Module:main()])),
    ok = file:write_file(filename:join(Folder, atom_to_list(Module) ++ ".expected"), Text).
