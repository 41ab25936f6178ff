%% OTP's own libraries: crypto.so, and asn1rt_nif.so through public_key and ssl.
-module(crypto_cases).
-export([main/1]).

main(_) ->
    {ok, _} = application:ensure_all_started(ssl),
    Data = binary:copy(<<"some data ">>, 5000),
    Key = <<1:256>>,
    [{hashes, [{H, crypto:hash(H, Data)} || H <- [md5, sha, sha256, sha512, sha3_256, blake2b]]},
     {stream, hash_in_parts(Data)},
     {macs, [crypto:mac(hmac, sha256, Key, Part) || Part <- [<<>>, Data, ["a", [<<"b">>]]]]},
     {ciphers, [erlang:phash2(crypto:crypto_one_time(C, K, <<3:128>>, Data, true))
                || {C, K} <- [{aes_128_cbc, <<1:128>>}, {aes_256_ctr, Key}, {chacha20, Key}]]},
     {sealed, crypto:crypto_one_time_aead(aes_256_gcm, Key, <<5:96>>, <<"text">>, <<"aad">>, true)},
     {random, byte_size(crypto:strong_rand_bytes(1000))},
     {agreed, agreed()},
     {signed, signed(Data)},
     {errors, [catch_it(fun() -> crypto:hash(no_such_hash, <<>>) end),
               catch_it(fun() -> crypto:crypto_one_time(aes_128_cbc, <<1>>, <<>>, <<>>, true) end)]},
     {supported, length(crypto:supports(ciphers)), length(crypto:supports(curves))},
     {info, [N || {N, _, _} <- crypto:info_lib()]},
     {parallel, parallel(Data)}].

hash_in_parts(Data) ->
    Parts = [binary:part(Data, At, 1000) || At <- lists:seq(0, byte_size(Data) - 1000, 1000)],
    Last = lists:foldl(fun(Part, State) -> crypto:hash_update(State, Part) end,
                       crypto:hash_init(sha256), Parts),
    crypto:hash_final(Last).

agreed() ->
    {PublicA, PrivateA} = crypto:generate_key(ecdh, x25519),
    {PublicB, PrivateB} = crypto:generate_key(ecdh, x25519),
    crypto:compute_key(ecdh, PublicA, PrivateB, x25519) =:=
        crypto:compute_key(ecdh, PublicB, PrivateA, x25519).

signed(Data) ->
    Key = public_key:generate_key({rsa, 2048, 65537}),
    Signature = public_key:sign(Data, sha256, Key),
    {'RSAPrivateKey', _, N, E, _, _, _, _, _, _, _} = Key,
    Public = {'RSAPublicKey', N, E},
    Encoded = public_key:der_encode('RSAPublicKey', Public),
    {public_key:verify(Data, sha256, Signature, Public),
     public_key:verify(<<"other">>, sha256, Signature, Public),
     public_key:der_decode('RSAPublicKey', Encoded) =:= Public}.

catch_it(Fun) ->
    try Fun()
    catch Class:{Tag, {File, _}, Text} -> {Class, Tag, File, Text};
          Class:Reason -> {Class, Reason}
    end.

parallel(Data) ->
    Self = self(),
    [spawn(fun() -> Self ! {N, crypto:hash(sha256, [<<N>>, Data])} end) || N <- lists:seq(1, 50)],
    erlang:phash2([receive {N, Hash} -> Hash end || N <- lists:seq(1, 50)]).
