%% Files without a file server: prim_file as kernel and the boot call it.
-module(prim_files).
-export([main/0]).
-include_lib("kernel/include/file.hrl").

main() ->
    Dir = "/tmp/joist_prim_files_" ++ os:getpid(),
    {ok, Back} = prim_file:get_cwd(),
    ok = prim_file:make_dir(Dir),
    Result = [{F, try tidy(case_of(F, Dir), Dir) catch C:R:S -> {C, R, S} end}
              || F <- cases()],
    ok = prim_file:set_cwd(Back),
    remove(Dir),
    Result.

cases() ->
    [opening, reading, positions, writing, appending, exclusive, lines, vectors, names, raw_names,
     bad_names, directories, links, information, changes, errors, closed, foreign, owners, numbers,
     advice, sparse, indirect, devices, large, modes, cwd, renames, handles].

remove(Dir) ->
    {ok, Names} = prim_file:list_dir_all(Dir),
    lists:foreach(fun(N) ->
                          P = join(Dir, N),
                          case prim_file:read_link_info(P) of
                              {ok, #file_info{type = directory}} -> remove(P);
                              _ -> prim_file:delete(P)
                          end
                  end, Names),
    prim_file:del_dir(Dir).

join(Dir, N) when is_list(N) -> Dir ++ "/" ++ N;
join(Dir, N) when is_binary(N) -> <<(unicode:characters_to_binary(Dir))/binary, "/", N/binary>>.

%% Names of this run's directory are not the same twice.
tidy(T, Dir) when is_tuple(T) -> list_to_tuple(tidy(tuple_to_list(T), Dir));
tidy([_ | _] = L, Dir) ->
    case is_list(L) andalso lists:prefix(Dir, L) of
        true -> [dir | lists:nthtail(length(Dir), L)];
        false -> [tidy(hd(L), Dir) | tidy(tl(L), Dir)]
    end;
tidy(X, _) -> X.

case_of(opening, D) ->
    [begin
         R = prim_file:open(D ++ Name, Modes),
         case R of
             {ok, Fd} -> {ok, prim_file:close(Fd), prim_file:close(Fd)};
             _ -> R
         end
     end || Name <- ["/a", "/none/a", "", "/a/b"],
            Modes <- [[read], [], [write], [read, write], [raw, binary], [append], [exclusive],
                      [read, exclusive], [sync, write], [directory], [directory, read],
                      [skip_type_check], [what, ever, {read_ahead, 5}, x]]]
        ++ [prim_file:open(D ++ "/a", M) || M <- [x, {read}, <<>>]];
case_of(reading, D) ->
    F = D ++ "/r",
    Data = list_to_binary(lists:seq(0, 255)),
    ok = prim_file:write_file(F, [Data, [Data, 1, 2, 3], "abc"]),
    {ok, Fd} = prim_file:open(F, [read]),
    Reads = [prim_file:read(Fd, N) || N <- [0, 1, 5, 64, 65, 100, 0, 1000, 1, 0]],
    Bad = [prim_file:read(Fd, N) || N <- [-1, 1.5, a, 1 bsl 70, "1"]],
    Preads = [prim_file:pread(Fd, O, N)
              || {O, N} <- [{0, 3}, {255, 3}, {517, 100}, {518, 1}, {10000, 1}, {0, 0}, {-1, 1},
                            {1, -1}, {a, 1}, {1, a}, {1.0, 2}, {1 bsl 63, 1}, {1 bsl 62, 1}]],
    Many = [prim_file:pread(Fd, L) || L <- [[], [{0, 3}, {1000, 3}, {5, 2}], [{0, 1}, {-1, 2}]]],
    ok = prim_file:close(Fd),
    {Reads, Bad, Preads, Many, prim_file:read_file(F), prim_file:read_file(D),
     prim_file:read_file(D ++ "/none"), prim_file:read_file([]), prim_file:read_file(atom)};
case_of(positions, D) ->
    F = D ++ "/p",
    ok = prim_file:write_file(F, "0123456789"),
    {ok, Fd} = prim_file:open(F, [read, {read_ahead, 4}]),
    R = [{P, prim_file:position(Fd, P), prim_file:read(Fd, 2)}
         || P <- [0, bof, eof, cur, {bof, 3}, {eof, -2}, {cur, -1}, {cur, -100}, {bof, -1}, 100,
                  {cur, -93}, {foo, 1}, foo, {bof, 1 bsl 64}, {cur, 1.0}, 1.5, -1]],
    ok = prim_file:close(Fd),
    R;
case_of(writing, D) ->
    F = D ++ "/w",
    {ok, Fd} = prim_file:open(F, [read, write]),
    W = [prim_file:write(Fd, X) || X <- ["abc", <<>>, [], <<"def">>, [<<1:3>>], foo,
                                         [[$x | <<"y">>]]]],
    P = [prim_file:pwrite(Fd, O, X)
         || {O, X} <- [{0, "A"}, {20, <<"far">>}, {-1, "x"}, {a, "x"}, {1.5, "x"}, {3, []},
                       {1 bsl 63, "x"}, {2, [bad]}]],
    M = [prim_file:pwrite(Fd, L) || L <- [[], [{1, "BB"}, {4, "CC"}], [{1, "D"}, {-1, "E"}]]],
    T = [prim_file:position(Fd, 7), prim_file:truncate(Fd), prim_file:position(Fd, 12),
         prim_file:truncate(Fd), prim_file:sync(Fd), prim_file:datasync(Fd)],
    ok = prim_file:close(Fd),
    {W, P, M, T, prim_file:read_file(F)};
case_of(appending, D) ->
    F = D ++ "/ap",
    ok = prim_file:write_file(F, "start"),
    {ok, A} = prim_file:open(F, [append]),
    {ok, B} = prim_file:open(F, [append, read]),
    R = [prim_file:write(A, "1"), prim_file:write(B, "2"), prim_file:position(A, 0),
         prim_file:write(A, "3"), prim_file:pwrite(B, 0, "4"), prim_file:read(B, 10),
         prim_file:read(A, 10), prim_file:position(B, 0), prim_file:read(B, 100)],
    ok = prim_file:close(A),
    ok = prim_file:close(B),
    {R, prim_file:read_file(F)};
case_of(exclusive, D) ->
    F = D ++ "/x",
    {ok, Fd} = prim_file:open(F, [exclusive, write]),
    R = prim_file:open(F, [exclusive, write]),
    {R, prim_file:close(Fd),
     prim_file:write_file(D ++ "/none/x", "x")};
case_of(lines, D) ->
    F = D ++ "/l",
    ok = prim_file:write_file(F, ["one\ntwo\r\n\n", lists:duplicate(1000, $x), "\n\r\nlast"]),
    [begin
         {ok, Fd} = prim_file:open(F, Modes),
         L = [prim_file:read_line(Fd) || _ <- lists:seq(1, 8)],
         ok = prim_file:close(Fd),
         L
     end || Modes <- [[read], [read, {read_ahead, 5}], [read, read_ahead], [write]]];
case_of(vectors, D) ->
    F = D ++ "/v",
    {ok, Fd} = prim_file:open(F, [write]),
    Big = binary:copy(<<"0123456789abcdef">>, 10),
    <<_:3, Odd:100/binary, _/bitstring>> = Big,
    Parts = [case I rem 4 of
                 0 -> Big;
                 1 -> Odd;
                 2 -> <<>>;
                 3 -> [I rem 256, binary:part(Big, I rem 50, 100)]
             end || I <- lists:seq(1, 700)],
    ok = prim_file:write(Fd, Parts),
    ok = prim_file:pwrite(Fd, 1000, Parts),
    ok = prim_file:close(Fd),
    {ok, Bin} = prim_file:read_file(F),
    {byte_size(Bin), erlang:md5(Bin)};
case_of(names, D) ->
    Names = ["plain", "with space", [229, 228, 246], [1087, 1088, 1080], [128512], "a\nb",
             lists:duplicate(255, $n), lists:duplicate(256, $n), [$a, [$b, [$c | []]], []]],
    R = [prim_file:write_file(D ++ "/" ++ N, "x") || N <- Names],
    {ok, L} = prim_file:list_dir(D),
    {R, [N || N <- lists:sort(L), length(N) > 2]};
case_of(raw_names, D) ->
    Raw = <<(list_to_binary(D))/binary, "/raw", 255, 254>>,
    R1 = prim_file:write_file(Raw, "raw"),
    R2 = prim_file:read_file(Raw),
    {ok, L} = prim_file:list_dir_all(D),
    {ok, M} = prim_file:list_dir(D),
    R3 = [N || N <- L, is_binary(N)],
    R4 = prim_file:make_symlink(Raw, D ++ "/rawlink"),
    {R1, R2, R3, length(L) - length(M), R4,
     element(1, prim_file:read_link(D ++ "/rawlink")),
     element(1, prim_file:read_link_all(D ++ "/rawlink")),
     prim_file:delete(D ++ "/rawlink"), prim_file:delete(Raw)};
case_of(bad_names, D) ->
    Bad = [[0], "a" ++ [0], <<"a", 0, "b">>, <<"a", 0>>, [$a | b], [-1], [55296], [1114112],
           [1 bsl 70], atom, 5, {}, [$a, <<"b">>]],
    {[try {ok, prim_file:internal_name2native(N)} catch error:E -> E end || N <- Bad],
     [prim_file:open(N, [read]) || N <- Bad],
     [prim_file:F(N) || N <- Bad, F <- [read_file, list_dir, delete, make_dir, del_dir, read_link,
                                        read_file_info, set_cwd]],
     [try prim_file:internal_native2name(N) catch error:E -> E end
      || N <- [<<>>, <<"abc">>, <<195, 165>>, <<255>>, <<"a", 240, 159, 152, 128>>, "x", <<1:3>>,
               <<237, 160, 128>>, <<0, 1>>]],
     [try prim_file:is_translatable(N) catch error:E -> E end
      || N <- [<<>>, <<"abc">>, <<255>>, "abc", a, <<1:7>>]],
     [prim_file:rename(D ++ "/a", N) || N <- Bad], [prim_file:make_link(N, D) || N <- Bad]};
case_of(directories, D) ->
    S = D ++ "/sub",
    [prim_file:make_dir(S), prim_file:make_dir(S), prim_file:make_dir(S ++ "/x/y"),
     prim_file:make_dir(S ++ "/x"), prim_file:list_dir(S), prim_file:del_dir(S),
     prim_file:delete(S), prim_file:del_dir(S ++ "/x"), prim_file:list_dir(S),
     prim_file:list_dir_all(S), prim_file:del_dir(S), prim_file:del_dir(S),
     prim_file:list_dir(S), prim_file:write_file(S, "f"), prim_file:list_dir(S),
     prim_file:del_dir(S), prim_file:delete(S), prim_file:delete(S)];
case_of(links, D) ->
    F = D ++ "/target",
    ok = prim_file:write_file(F, "t"),
    Long = lists:duplicate(200, $q) ++ "/" ++ lists:duplicate(200, $r),
    [prim_file:make_symlink(F, D ++ "/s"), prim_file:make_symlink(F, D ++ "/s"),
     prim_file:make_symlink("nowhere", D ++ "/dead"), prim_file:read_link(D ++ "/s"),
     prim_file:read_link(D ++ "/dead"), prim_file:read_link(F), prim_file:read_link(D ++ "/none"),
     prim_file:make_symlink(Long, D ++ "/long"), prim_file:read_link(D ++ "/long"),
     prim_file:make_link(F, D ++ "/h"), prim_file:make_link(F, D ++ "/h"),
     prim_file:make_link(D ++ "/none", D ++ "/h2"), prim_file:read_file(D ++ "/s"),
     prim_file:read_file(D ++ "/dead"), type(prim_file:read_file_info(D ++ "/s")),
     type(prim_file:read_link_info(D ++ "/s")), prim_file:read_file_info(D ++ "/dead"),
     type(prim_file:read_link_info(D ++ "/dead")), type(prim_file:read_file_info(D ++ "/h"))];
case_of(information, D) ->
    F = D ++ "/info",
    ok = prim_file:write_file(F, lists:duplicate(1234, $i)),
    {ok, I} = prim_file:read_file_info(F, [{time, posix}]),
    {ok, Fd} = prim_file:open(F, [read]),
    {ok, H} = prim_file:read_handle_info(Fd, [{time, posix}]),
    {ok, U} = prim_file:read_handle_info(Fd, [{time, universal}]),
    ok = prim_file:close(Fd),
    Closed = prim_file:read_handle_info(Fd),
    {ok, L} = prim_file:read_file_info(F),
    {ok, Dev} = prim_file:read_file_info("/dev/null"),
    {I =:= H, I#file_info.mtime =:= erlang:universaltime_to_posixtime(U#file_info.mtime),
     L#file_info.mtime =:= erlang:universaltime_to_localtime(U#file_info.mtime), Closed,
     setelement(5, setelement(6, setelement(7, setelement(10, setelement(12, I, 0), 0), 0), 0), 0),
     {Dev#file_info.type, Dev#file_info.access, Dev#file_info.minor_device, Dev#file_info.mode},
     type(prim_file:read_file_info(D)), prim_file:read_file_info(D ++ "/none"),
     prim_file:read_file_info(F ++ "/x"), prim_file:read_file_info(F, [{time, bad}])};
case_of(changes, D) ->
    F = D ++ "/change",
    ok = prim_file:write_file(F, ""),
    T = {{2001, 2, 3}, {4, 5, 6}},
    R = [prim_file:write_file_info(F, I, Opts)
         || {I, Opts} <- [{#file_info{mode = 8#640}, [{time, posix}]},
                          {#file_info{atime = 1000, mtime = 2000}, [{time, posix}]},
                          {#file_info{atime = T, mtime = T}, [{time, universal}]},
                          {#file_info{mode = 8#7777}, []},
                          {#file_info{mode = a}, []}, {#file_info{uid = x}, []},
                          {#file_info{mode = -1}, []},
                          {#file_info{uid = 1 bsl 40}, []}, {#file_info{atime = x}, []}]],
    {ok, I} = prim_file:read_file_info(F, [{time, universal}]),
    {R, I#file_info.mode, prim_file:write_file_info(D ++ "/none", #file_info{mode = 8#600}),
     prim_file:write_file_info(F, #file_info{mode = 0, atime = -5, mtime = 1 bsl 40},
                               [{time, posix}]),
     begin {ok, J} = prim_file:read_file_info(F, [{time, posix}]),
           {J#file_info.mode, J#file_info.atime, J#file_info.mtime} end,
     prim_file:write_file_info(F, #file_info{atime = -3000000000, mtime = 0}, [{time, posix}]),
     begin {ok, K} = prim_file:read_file_info(F, [{time, posix}]), K#file_info.atime end};
case_of(errors, D) ->
    F = D ++ "/errors",
    ok = prim_file:write_file(F, "x"),
    {ok, R} = prim_file:open(F, [read]),
    {ok, W} = prim_file:open(F, [write]),
    {ok, Dir} = prim_file:open(D, [directory, read]),
    Results =
        [prim_file:write(R, "x"), prim_file:write(R, ""), prim_file:pwrite(R, 0, "x"),
         prim_file:truncate(R), prim_file:read(W, 1), prim_file:pread(W, 0, 1),
         prim_file:pread(W, 0, 0), prim_file:read_line(W), prim_file:read(Dir, 10),
         prim_file:write(Dir, "x"), prim_file:truncate(Dir), type(prim_file:read_handle_info(Dir)),
         prim_file:allocate(R, 0, 10), prim_file:get_cwd("c:"), prim_file:get_cwd("x"),
         prim_file:get_cwd([]), prim_file:altname(F), prim_file:altname(a)],
    [prim_file:close(Fd) || Fd <- [R, W, Dir]] ++ Results;
case_of(closed, D) ->
    {ok, Fd} = prim_file:open(D ++ "/c", [read, write]),
    ok = prim_file:close(Fd),
    operations(Fd);
case_of(foreign, D) ->
    {ok, Fd} = prim_file:open(D ++ "/f", [read, write]),
    Me = self(),
    spawn(fun() -> Me ! {self(), [try F() catch C:E -> {C, E} end || F <- thunks(Fd)]} end),
    R = receive {P, X} when is_pid(P) -> X end,
    %% The natives themselves do not ask who calls.
    Ref = prim_file:internal_get_nif_resource(Fd),
    spawn(fun() -> Me ! {self(), [try F() catch C:E -> {C, E} end
                                  || F <- [fun() -> is_reference(Ref) end]]} end),
    S = receive {P2, Y} when is_pid(P2) -> Y end,
    {R, S, prim_file:close(Fd)};
case_of(owners, D) ->
    %% Files of processes that end are closed: how many are open shows in /proc.
    F = D ++ "/owned",
    ok = prim_file:write_file(F, "x"),
    Before = open_files(),
    Me = self(),
    Pids = [spawn(fun() ->
                          Fds = [begin {ok, Fd} = prim_file:open(F, [read]), Fd end
                                 || _ <- lists:seq(1, 20)],
                          [prim_file:close(Fd) || Fd <- lists:sublist(Fds, 5, 3)],
                          Me ! {self(), length(Fds)},
                          receive How -> exit(How) end
                  end) || _ <- lists:seq(1, 10)],
    [receive {P, 20} -> ok end || P <- Pids],
    During = open_files() - Before,
    Refs = [begin M = monitor(process, P), P ! How, M end
            || {P, How} <- lists:zip(Pids, [normal, kill, x, normal, y, z, a, b, c, d])],
    [receive {'DOWN', M, _, _, _} -> ok end || M <- Refs],
    {During, wait_for(Before, 200)};
case_of(numbers, D) ->
    ok = prim_file:write_file(D ++ "/n", "numbers"),
    {ok, Fd} = prim_file:open(D ++ "/n", [read]),
    Handle = prim_file:get_handle(Fd),
    <<N:32/native>> = Handle,
    {ok, Twin} = prim_file:file_desc_to_ref(N, [read]),
    R = [prim_file:read(Twin, 3), prim_file:read(Fd, 3), prim_file:close(Twin),
         prim_file:read(Fd, 1), prim_file:close(Fd), prim_file:get_handle(Fd)],
    {R, [prim_file:file_desc_to_ref(X, []) || X <- [-1, 100000, a, 1.0, 1 bsl 40]]};
case_of(advice, D) ->
    {ok, Fd} = prim_file:open(D ++ "/adv", [read, write]),
    [prim_file:advise(Fd, O, L, A)
     || {O, L, A} <- [{0, 0, normal}, {0, 10, random}, {5, 5, sequential}, {0, 0, will_need},
                      {0, 0, dont_need}, {0, 0, no_reuse}, {0, 0, unknown}, {-1, 0, normal},
                      {a, 0, normal}, {0, 1.0, normal}]]
        ++ [prim_file:allocate(Fd, O, L)
            || {O, L} <- [{0, 100}, {100, 50}, {-1, 5}, {0, 0}, {a, 1}, {1, 1 bsl 63}]]
        ++ [file_size(prim_file:read_handle_info(Fd)), prim_file:close(Fd)];
case_of(sparse, D) ->
    {ok, Fd} = prim_file:open(D ++ "/sparse", [read, write]),
    [prim_file:pwrite(Fd, 1 bsl 33, "end"), prim_file:position(Fd, eof),
     prim_file:pread(Fd, (1 bsl 33) - 2, 10), file_size(prim_file:read_handle_info(Fd)),
     prim_file:position(Fd, 5), prim_file:truncate(Fd), file_size(prim_file:read_handle_info(Fd)),
     prim_file:close(Fd)];
case_of(indirect, D) ->
    F = D ++ "/ind",
    ok = prim_file:write_file(F, <<3:32, 16:32, 100:32, 17:32, "abcdef", -1:32, 0:32, 4:32,
                                  9999:32>>),
    {ok, Fd} = prim_file:open(F, [read]),
    R = [prim_file:ipread_s32bu_p32bu(Fd, O, M)
         || {O, M} <- [{0, infinity}, {0, 3}, {0, 2}, {8, infinity}, {8, 50}, {22, infinity},
                       {30, infinity}, {34, 10}, {1000, 10}, {-1, 10}, {0, 1 bsl 31}, {0, -5},
                       {a, 1}, {0, 1.0}]],
    [prim_file:close(Fd) | R];
case_of(devices, _) ->
    {ok, Zero} = prim_file:open("/dev/zero", [read]),
    {ok, Null} = prim_file:open("/dev/null", [read, write]),
    R = [prim_file:read(Zero, 10), prim_file:read(Null, 10), prim_file:write(Null, "gone"),
         prim_file:pread(Zero, 5, 3), type(prim_file:read_handle_info(Zero)),
         prim_file:truncate(Null)],
    ok = prim_file:close(Zero),
    ok = prim_file:close(Null),
    {ok, Stat} = prim_file:read_file("/proc/self/status"),
    {R, byte_size(Stat) > 100, element(1, prim_file:open("/dev/stdin", [read]))};
case_of(large, D) ->
    F = D ++ "/large",
    Data = << <<(I * I):32>> || I <- lists:seq(1, 300000) >>,
    ok = prim_file:write_file(F, Data),
    {ok, Data} = prim_file:read_file(F),
    {ok, Fd} = prim_file:open(F, [read, {read_ahead, 65536}]),
    {ok, Part} = prim_file:read(Fd, 1000000),
    {ok, Small} = prim_file:read(Fd, 100),
    {ok, Rest} = prim_file:read(Fd, 10000000),
    [byte_size(X) || X <- [Part, Small, Rest]] ++
        [<<Part/binary, Small/binary, Rest/binary>> =:= Data, prim_file:read(Fd, 1),
         prim_file:close(Fd)];
case_of(modes, D) ->
    F = D ++ "/modes",
    [begin
         ok = prim_file:write_file(F, "0123456789"),
         {ok, Fd} = prim_file:open(F, M),
         R = [prim_file:write(Fd, "ab"), prim_file:read(Fd, 3), prim_file:position(Fd, 1),
              prim_file:write(Fd, "xy"), prim_file:read(Fd, 3)],
         ok = prim_file:close(Fd),
         {M, R, prim_file:read_file(F)}
     end || M <- [[read], [write], [read, write], [append], [read, append], [sync, append],
                  [write, {delayed_write, 10, 10}], [read, write, {read_ahead, 3}]]];
case_of(cwd, D) ->
    ok = prim_file:make_dir(D ++ "/cwd"),
    [prim_file:set_cwd(D ++ "/cwd"), prim_file:get_cwd(), prim_file:write_file("here", "h"),
     prim_file:list_dir("."), prim_file:del_dir(D ++ "/cwd"), prim_file:set_cwd("none"),
     prim_file:set_cwd("here"), prim_file:delete("here"), prim_file:set_cwd(<<255>>),
     prim_file:set_cwd(D), prim_file:del_dir(D ++ "/cwd")];
case_of(renames, D) ->
    ok = prim_file:write_file(D ++ "/r1", "1"),
    ok = prim_file:write_file(D ++ "/r2", "2"),
    ok = prim_file:make_dir(D ++ "/rd"),
    ok = prim_file:make_dir(D ++ "/re"),
    ok = prim_file:write_file(D ++ "/re/x", "x"),
    [prim_file:rename(D ++ A, D ++ B)
     || {A, B} <- [{"/r1", "/r2"}, {"/r1", "/r3"}, {"/r2", "/rd"}, {"/rd", "/r2"}, {"/rd", "/re"},
                   {"/re", "/rd"}, {"/rd", "/rd/x"}, {"/r2", "/none/r"}]]
        ++ [prim_file:rename("/", D ++ "/root"), prim_file:read_file(D ++ "/r2")];
case_of(handles, D) ->
    {ok, Fd} = prim_file:open(D ++ "/h2", [write]),
    Ref = prim_file:internal_get_nif_resource(Fd),
    R = {is_reference(Ref), Ref =:= prim_file:internal_get_nif_resource(Fd)},
    {R, prim_file:close(Fd)}.

file_size({ok, I}) -> I#file_info.size.
type({ok, I}) -> {I#file_info.type, I#file_info.links};
type(Other) -> Other.

thunks(Fd) ->
    [fun() -> prim_file:read(Fd, 1) end, fun() -> prim_file:write(Fd, "x") end,
     fun() -> prim_file:pread(Fd, 0, 1) end, fun() -> prim_file:pwrite(Fd, 0, "x") end,
     fun() -> prim_file:position(Fd, 0) end, fun() -> prim_file:truncate(Fd) end,
     fun() -> prim_file:sync(Fd) end, fun() -> prim_file:datasync(Fd) end,
     fun() -> prim_file:advise(Fd, 0, 0, normal) end, fun() -> prim_file:allocate(Fd, 0, 1) end,
     fun() -> prim_file:read_line(Fd) end, fun() -> prim_file:get_handle(Fd) end,
     fun() -> prim_file:ipread_s32bu_p32bu(Fd, 0, 10) end,
     fun() -> prim_file:read_handle_info(Fd) end, fun() -> prim_file:close(Fd) end].

operations(Fd) -> [try F() catch C:E -> {C, E} end || F <- thunks(Fd)].

open_files() ->
    {ok, L} = prim_file:list_dir_all("/proc/self/fd"),
    length(L).

%% ERTS closes them a little later, by another process.
wait_for(N, Tries) ->
    case open_files() of
        N -> closed;
        M when Tries =:= 0 -> {still_open, M - N};
        _ -> receive after 10 -> wait_for(N, Tries - 1) end
    end.
