-module(accounts_demo).
-export([main/0]).

main() ->
    ok = application:start(accounts),
    io:format("OTP ~s on ~p scheduler(s)~n",
              [erlang:system_info(otp_release), erlang:system_info(schedulers_online)]),
    Deposits = [accounts_teller:deposit(ada, Amount) || Amount <- lists:seq(10, 50, 10)],
    io:format("ada's balance grows: ~p~n", [Deposits]),
    io:format("ada withdraws 200: ~p~n", [accounts_teller:withdraw(ada, 200)]),
    Before = whereis(accounts_teller),
    io:format("somebody unknown withdraws, and the teller crashes: ~p~n",
              [element(1, catch accounts_teller:withdraw(nobody, 1))]),
    After = wait_for_another(Before),
    io:format("the supervisor has a new teller: ~p~n", [is_pid(After)]),
    io:format("ada's balance is still ~p~n", [accounts_teller:balance(ada)]),
    ok = application:stop(accounts),
    init:stop().

wait_for_another(Before) ->
    case whereis(accounts_teller) of
        Now when is_pid(Now), Now =/= Before -> Now;
        _ -> timer:sleep(5), wait_for_another(Before)
    end.
