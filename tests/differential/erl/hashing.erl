-module(hashing).
-compile([nowarn_deprecated_function]).
-export([make/0, run/1]).

make() -> {hash, generate:term(4), prng:between(1, 1 bsl 32)}.

run({hash, Term, Range}) ->
    {erlang:phash2(Term, 1 bsl 32), erlang:phash(Term, 1 bsl 32), erlang:phash2(Term),
     erlang:phash2(Term, Range), erlang:phash(Term, Range)}.
