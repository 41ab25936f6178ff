%% term_to_binary and back, and binary_to_term of bytes that are nearly right.
-module(external).
-export([make/0, run/1]).

make() ->
    Term = generate:term(4),
    case prng:below(4) of
        0 ->
            case has_big_map(Term) of
                true -> make();
                false -> {decode, changed(term_to_binary(Term))}
            end;
        1 ->
            {encode_with, Term,
             prng:pick({[{minor_version, 0}], [{minor_version, 1}], [{minor_version, 2}],
                        [deterministic], [compressed], [{compressed, 9}], [bad], [a | b]})};
        _ ->
            {encode, Term}
    end.

run({encode, Term}) ->
    Bytes = term_to_binary(Term),
    {shown(Bytes, Term), binary_to_term(Bytes) =:= Term, binary_to_term(Bytes, [safe, used]),
     erlang:external_size(Term)};
run({encode_with, Term, Options}) ->
    Bytes = term_to_binary(Term, Options),
    {shown(Bytes, Term), binary_to_term(Bytes) =:= Term};
run({decode, Bytes}) ->
    binary_to_term(Bytes).

%% Big maps are written in the order of an internal hash, which also tells on how well they are
%% compressed.
shown(Bytes, Term) ->
    case has_big_map(Term) of
        true -> big_map;
        false -> Bytes
    end.

has_big_map(M) when is_map(M) -> map_size(M) > 32 orelse has_big_map(maps:to_list(M));
has_big_map([H | T]) -> has_big_map(H) orelse has_big_map(T);
has_big_map(T) when is_tuple(T) -> has_big_map(tuple_to_list(T));
has_big_map(_) -> false.

%% Not to ATOM_INTERNAL_REF2 (75) and ATOM_INTERNAL_REF3 (73), by which ERTS takes any atom of its
%% own table.
changed(Bytes) ->
    Changed = any_change(Bytes),
    case binary:match(Changed, [<<75>>, <<73>>]) of
        nomatch -> Changed;
        _ -> Bytes
    end.

any_change(Bytes) ->
    Place = prng:below(byte_size(Bytes)),
    <<Before:Place/binary, Byte, After/binary>> = Bytes,
    case prng:below(4) of
        0 -> Before;
        1 -> <<Before/binary, (prng:below(256)), After/binary>>;
        2 -> <<Before/binary, (Byte bxor (1 bsl prng:below(8))), After/binary>>;
        3 -> <<Before/binary, After/binary>>
    end.
