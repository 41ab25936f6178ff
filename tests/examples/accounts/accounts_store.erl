%% Owns the table, and does nothing else: so it has nothing to crash by.
-module(accounts_store).
-behaviour(gen_server).
-export([start_link/0, init/1, handle_call/3, handle_cast/2]).

start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

init([]) ->
    accounts = ets:new(accounts, [named_table, public, ordered_set]),
    {ok, no_state}.

handle_call(_Request, _From, State) -> {reply, ok, State}.

handle_cast(_Message, State) -> {noreply, State}.
