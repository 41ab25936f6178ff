-module(accounts_sup).
-behaviour(supervisor).
-export([start_link/0, init/1]).

start_link() -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).

init([]) ->
    Flags = #{strategy => one_for_one, intensity => 3, period => 5},
    Children = [#{id => Module, start => {Module, start_link, []}}
                || Module <- [accounts_store, accounts_teller]],
    {ok, {Flags, Children}}.
