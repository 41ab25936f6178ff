%% Conversions of dates, at the borders of months, leap years and ranges, and at random.
-module(calendar_cases).
-export([cases/0]).

cases() ->
    Dates = [{date(Y, M, D), time(H)}
             || Y <- [-1, 0, 1599, 1600, 1700, 1900, 1901, 1902, 1969, 1970, 2000, 2024, 2037, 2038,
                      2100, 9999],
                {M, D} <- [{1, 1}, {2, 28}, {2, 29}, {2, 30}, {3, 1}, {4, 31}, {12, 31}, {12, 32},
                           {0, 1}, {13, 1}, {1, 0}],
                H <- [0, 23]]
        ++ [{{rand:uniform(3000), rand:uniform(12), rand:uniform(31)}, time(rand:uniform(23))}
            || _ <- lists:seq(1, 500)],
    Odd = [{{2020, 1, 1}, {24, 0, 0}}, {{2020, 1, 1}, {0, 60, 0}}, {{2020, 1, 1}, {0, 0, 60}},
           {{2020, 1, 1}, {0, 0, -1}}, {{2020, 1, 1.0}, {0, 0, 0}}, {{2020, 1}, {0, 0, 0}},
           {{2020, 1, 1}, {0, 0}}, {{2020, 1, 1}}, a, [], {a, b}, {{a, b, c}, {0, 0, 0}},
           {{1 bsl 31, 1, 1}, {0, 0, 0}}, {{1 bsl 70, 1, 1}, {0, 0, 0}}],
    [{erlang, F, [Date]}
     || F <- [universaltime_to_posixtime, universaltime_to_localtime], Date <- Dates ++ Odd]
        ++ [{erlang, localtime_to_universaltime, [Date, Dst]}
            || Date <- Dates ++ Odd, Dst <- [false, undefined]]
        ++ [{erlang, localtime_to_universaltime, [hd(Dates), Dst]} || Dst <- [foo, 0, []]]
        ++ [{erlang, posixtime_to_universaltime, [S]} || S <- seconds()].

seconds() ->
    [0, -1, 1, 86399, 86400, -86400, -86401, 951782400, 951868800, 1 bsl 40, -(1 bsl 40),
     -62167219200, -62167219201, a, 1.0, 1 bsl 59, 1 bsl 70]
        ++ [rand:uniform(1 bsl 40) - (1 bsl 39) || _ <- lists:seq(1, 1000)].

date(Y, M, D) -> {Y, M, D}.
time(H) -> {H, rand:uniform(60) - 1, rand:uniform(60) - 1}.
