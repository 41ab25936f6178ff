%% Functions called with whatever arguments: most raise, and what they raise is compared.
-module(exceptions).
-compile([nowarn_deprecated_function]).
-export([make/0, run/1]).

make() ->
    {Module, Function, Arity} = prng:pick(functions()),
    {call, Module, Function, [argument() || _ <- lists:seq(1, Arity)]}.

argument() ->
    case prng:below(6) of
        0 -> prng:between(-1, 4);
        1 -> generate:list(1);
        2 -> list_to_tuple(generate:list(1));
        3 -> generate:string();
        _ -> generate:term(2)
    end.

run({call, M, F, Args}) -> settled(apply(M, F, Args)).

%% Results that hold big maps are shown by size alone: equal in content, but in no order.
settled(Value) -> Value.

functions() ->
    {{erlang, hd, 1}, {erlang, tl, 1}, {erlang, length, 1}, {erlang, element, 2},
     {erlang, setelement, 3}, {erlang, tuple_size, 1}, {erlang, size, 1}, {erlang, '++', 2},
     {erlang, '--', 2}, {erlang, append_element, 2}, {erlang, delete_element, 2},
     {erlang, insert_element, 3}, {erlang, list_to_tuple, 1}, {erlang, tuple_to_list, 1},
     {erlang, 'and', 2}, {erlang, 'or', 2}, {erlang, 'not', 1}, {erlang, 'xor', 2},
     {erlang, is_function, 2}, {erlang, is_record, 2}, {erlang, is_record, 3},
     {erlang, map_size, 1}, {erlang, map_get, 2}, {erlang, is_map_key, 2},
     {erlang, abs, 1}, {erlang, 'div', 2}, {erlang, 'rem', 2}, {erlang, '/', 2},
     {erlang, '+', 2}, {erlang, 'bsl', 2}, {erlang, 'band', 2}, {erlang, trunc, 1},
     {erlang, byte_size, 1}, {erlang, bit_size, 1}, {erlang, binary_part, 3},
     {erlang, binary_to_list, 1}, {erlang, binary_to_list, 3}, {erlang, list_to_binary, 1},
     {erlang, iolist_to_binary, 1}, {erlang, iolist_size, 1}, {erlang, list_to_bitstring, 1},
     {erlang, bitstring_to_list, 1}, {erlang, split_binary, 2}, {erlang, binary_to_term, 1},
     {erlang, atom_to_list, 1}, {erlang, atom_to_binary, 2}, {erlang, list_to_atom, 1},
     {erlang, binary_to_atom, 2}, {erlang, list_to_existing_atom, 1},
     {erlang, integer_to_list, 2}, {erlang, list_to_integer, 2}, {erlang, list_to_float, 1},
     {erlang, float_to_list, 2}, {erlang, phash2, 2}, {erlang, phash, 2}, {erlang, crc32, 1},
     {erlang, adler32, 1}, {erlang, md5, 1}, {erlang, make_tuple, 2}, {erlang, make_tuple, 3},
     {erlang, fun_info, 2}, {erlang, make_fun, 3}, {erlang, error, 1}, {erlang, exit, 1},
     {erlang, throw, 1}, {erlang, min, 2}, {erlang, max, 2},
     {lists, keyfind, 3}, {lists, keymember, 3}, {lists, keysearch, 3}, {lists, member, 2},
     {lists, reverse, 2}, {lists, nth, 2}, {lists, sublist, 3}, {lists, zip, 2},
     {lists, flatten, 1}, {lists, sort, 1}, {lists, sum, 1}, {lists, seq, 3}, {lists, append, 1},
     {maps, get, 2}, {maps, put, 3}, {maps, update, 3}, {maps, take, 2}, {maps, merge, 2},
     {maps, from_keys, 2}, {maps, find, 2}, {maps, remove, 2},
     {binary, at, 2}, {binary, first, 1}, {binary, part, 3}, {binary, copy, 2},
     {binary, match, 2}, {binary, matches, 2}, {binary, split, 2}, {binary, replace, 3},
     {binary, longest_common_prefix, 1}, {binary, decode_unsigned, 2},
     {binary, encode_unsigned, 2}, {binary, bin_to_list, 3},
     {unicode, characters_to_list, 1}, {unicode, characters_to_binary, 1},
     {unicode, characters_to_binary, 3}, {string, length, 1}, {string, uppercase, 1},
     {string, split, 2}, {string, pad, 3}, {math, sqrt, 1}, {math, log, 1}, {math, pow, 2},
     {math, fmod, 2}}.
