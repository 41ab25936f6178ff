%% Random operations on a file, of which several descriptors with their own buffers are open.
-module(file_operations).
-export([main/0]).
-include_lib("kernel/include/file.hrl").

main() ->
    File = "/tmp/joist_file_operations_" ++ os:getpid(),
    R = [begin
             rand:seed(exsss, {Seed, 7, 9}),
             prim_file:delete(File),
             Fds = [begin {ok, Fd} = prim_file:open(File, M), Fd end || M <- modes(Seed rem 4)],
             Steps = [step(lists:nth(rand:uniform(length(Fds)), Fds), File)
                      || _ <- lists:seq(1, 150)],
             [ok = prim_file:close(Fd) || Fd <- Fds],
             {ok, Bin} = prim_file:read_file(File),
             {erlang:phash2(Steps), summary(Steps), byte_size(Bin), erlang:md5(Bin)}
         end || Seed <- lists:seq(1, 60)],
    prim_file:delete(File),
    R.

modes(0) -> [[read, write]];
modes(1) -> [[read, write], [read, {read_ahead, 100}], [append]];
modes(2) -> [[write], [read, append], [read, read_ahead]];
modes(3) -> [[read, write, {read_ahead, 7}], [read, write, sync]].

%% To see where two runs part.
summary(Steps) -> [element(1, S) || S <- Steps].

place() ->
    case rand:uniform(10) of
        1 -> -rand:uniform(5);
        2 -> 100000 + rand:uniform(1000);
        _ -> rand:uniform(3000)
    end.

data() ->
    case rand:uniform(4) of
        1 -> rand:bytes(rand:uniform(50));
        2 -> [rand:bytes(rand:uniform(300)), "line\n", rand:uniform(255)];
        3 -> [];
        4 -> [rand:bytes(rand:uniform(100)) || _ <- lists:seq(1, rand:uniform(100))]
    end.

step(Fd, File) ->
    case rand:uniform(17) of
        1 -> {read, prim_file:read(Fd, rand:uniform(500))};
        2 -> {read_line, prim_file:read_line(Fd)};
        3 -> {write, prim_file:write(Fd, data())};
        4 -> {pread, prim_file:pread(Fd, place(), rand:uniform(500))};
        5 -> {pwrite, prim_file:pwrite(Fd, place(), data())};
        6 -> {position, prim_file:position(Fd, place())};
        7 -> {position, prim_file:position(Fd, {cur, rand:uniform(200) - 100})};
        8 -> {position, prim_file:position(Fd, {eof, rand:uniform(200) - 150})};
        9 -> {truncate, prim_file:truncate(Fd)};
        10 -> {pread, prim_file:pread(Fd, [{place(), rand:uniform(50)} || _ <- [1, 2, 3]])};
        11 -> {pwrite, prim_file:pwrite(Fd, [{place(), data()} || _ <- [1, 2]])};
        12 -> {size, file_size(prim_file:read_handle_info(Fd))};
        13 -> {size, file_size(prim_file:read_file_info(File))};
        14 -> {ipread, prim_file:ipread_s32bu_p32bu(Fd, rand:uniform(3000), infinity)};
        15 -> {sync, prim_file:datasync(Fd)};
        16 -> {allocate, prim_file:allocate(Fd, rand:uniform(100), rand:uniform(5000))};
        17 -> {position, prim_file:position(Fd, cur)}
    end.

file_size({ok, #file_info{size = S}}) -> S;
file_size(Error) -> Error.
