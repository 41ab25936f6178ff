-module(accounts_teller).
-behaviour(gen_server).
-export([start_link/0, deposit/2, withdraw/2, balance/1]).
-export([init/1, handle_call/3, handle_cast/2]).

start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

deposit(Name, Amount) -> gen_server:call(?MODULE, {deposit, Name, Amount}).

withdraw(Name, Amount) -> gen_server:call(?MODULE, {withdraw, Name, Amount}).

balance(Name) ->
    case ets:lookup(accounts, Name) of
        [{Name, Balance}] -> Balance;
        [] -> 0
    end.

init([]) ->
    logger:notice("the teller is at the counter"),
    {ok, #{served => 0}}.

handle_call({deposit, Name, Amount}, _From, State) when Amount > 0 ->
    {reply, ets:update_counter(accounts, Name, Amount, {Name, 0}), served(State)};
handle_call({withdraw, Name, Amount}, _From, State) ->
    %% A withdrawal from nobody's account is something nobody has thought of: let it crash.
    [{Name, Balance}] = ets:lookup(accounts, Name),
    case Balance >= Amount of
        true -> {reply, ets:update_counter(accounts, Name, -Amount), served(State)};
        false -> {reply, {error, {only, Balance}}, served(State)}
    end.

handle_cast(_Message, State) -> {noreply, State}.

served(#{served := Count} = State) -> State#{served := Count + 1}.
