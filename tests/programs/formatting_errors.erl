%% needs: processes
%% Wrong formats: io_lib asks the code server before it complains.
-module(formatting_errors).
-export([main/0]).

main() -> [prog:outcome(fun() -> lists:flatten(io_lib:format(F, A)) end) || {F, A} <- wrong()].

wrong() ->
    [{"~s", [foo1, 2]}, {"~q", [1]}, {"~w", []}, {"~d", [1]}, {"~c", [a]}, {"~s", [1]}, {"~f",
    [a]}, {"~b", [1.0]},
     {"~s", [[16#20ac]]}, {"~p", foo}, {foo, []}, {"~", []}, {"~a", ["x"]}, {"~.1b", [1]}].
