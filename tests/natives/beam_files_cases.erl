%% Chunks and md5 sums of .beam files: those of this erl's libraries, whole and cut short.
-module(beam_files_cases).
-export([cases/0]).

cases() ->
    Files = [beam(M) || M <- [lists, maps, ets, beam_lib, file, inet_db]],
    Cut = [binary:part(F, 0, N) || F <- Files, N <- [0, 4, 11, 12, 13, 20, 100, byte_size(F) - 1]],
    Inputs = Files ++ Cut ++ [<<>>, <<"FOR1">>, <<1:3>>, a, [], "FOR1"],
    Names = ["Code", "AtU8", "Attr", "Dbgi", "StrT", "LitT", "Nope", "", "Cod", "Codes",
             [1000, 1, 1, 1], [$C, $o, $d | $e], foo, <<"Code">>],
    [{erts_internal, beamfile_chunk, [File, Name]} || File <- Inputs, Name <- Names]
        ++ [{erts_internal, beamfile_module_md5, [File]} || File <- Inputs].

beam(Module) ->
    {Module, Binary, _} = code:get_object_code(Module),
    case Binary of
        <<"FOR1", _/binary>> -> Binary;
        _ -> zlib:gunzip(Binary)
    end.
