%% What Common Test does with a suite: configuration, groups, skips, failures, time traps. Run by
%% common_test.py under both systems.
-module(common_test_SUITE).
-include_lib("common_test/include/ct.hrl").
-export([all/0, groups/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2,
         end_per_testcase/2]).
-export([passes/1, fails/1, skipped/1, skips/1, writes/1, too_long/1, crashes/1, logs/1]).

all() -> [passes, fails, skipped, skips, {group, together}, too_long, crashes, logs].

groups() -> [{together, [parallel, {repeat, 2}], [writes, passes]}].

init_per_suite(Config) -> [{suite, configured} | Config].
end_per_suite(_) -> ok.
init_per_testcase(skipped, _) -> {skip, "not today"};
init_per_testcase(_, Config) -> Config.
end_per_testcase(_, _) -> ok.

passes(Config) -> configured = ?config(suite, Config), ok.
fails(_) -> expected = list_to_atom("found").
skipped(_) -> ok.
skips(_) -> {skip, {for_a, reason}}.
writes(Config) ->
    File = filename:join(?config(priv_dir, Config), erlang:ref_to_list(make_ref())),
    ok = file:write_file(File, <<"written">>),
    {ok, <<"written">>} = file:read_file(File).
too_long(_) -> ct:timetrap(300), timer:sleep(60000).
crashes(_) -> spawn_link(fun() -> exit(crashed) end), timer:sleep(60000).
logs(_) -> ct:pal("~ts is ~p", ["λ", 42]), ct:log("<b>~w</b>", [logged]), {comment, "logged"}.
