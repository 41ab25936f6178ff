-module(behaviours_sup).
-behaviour(supervisor).
-export([init/1]).
init(Spec) -> {ok, Spec}.
