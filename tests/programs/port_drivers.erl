%% Files in memory (ram_file_drv), and the drivers that are built in.
-module(port_drivers).
-export([main/0]).
main() -> {ram_files(), drivers()}.
ram_files() ->
    [begin
         {ok, F} = ram_file:open("initial text", [read, write | Mode]),
         A = [ram_file:read(F, 7), ram_file:read(F, 100), ram_file:read(F, 1), ram_file:position(F, {bof, 3}),
              ram_file:write(F, "XYZ"), ram_file:position(F, {cur, -2}), ram_file:read(F, 4),
              ram_file:pread(F, 0, 5), ram_file:pwrite(F, 20, "end"), ram_file:get_size(F), ram_file:get_file(F),
              ram_file:position(F, {eof, -1}), ram_file:truncate(F), ram_file:get_file(F), ram_file:sync(F),
              ram_file:position(F, {bof, -5}), ram_file:pread(F, [{0, 2}, {5, 1}, {1000, 1}])],
         ok = ram_file:close(F),
         A
     end || Mode <- [[], [binary]]] ++
        [begin {ok, G} = ram_file:open("ro", [read]), {ram_file:write(G, "x"), ram_file:truncate(G), ram_file:close(G)} end].

drivers() ->
    {ok, Names} = erl_ddll:loaded_drivers(),
    {[lists:member(N, Names) || N <- ["ram_file_drv", "tty_sl", "none"]],
     [catch erl_ddll:try_load("/tmp", N, []) || N <- ["tty_sl", tty_sl]],
     [catch erl_ddll:try_unload(N, []) || N <- ["tty_sl", none]],
     erl_ddll:info("ram_file_drv")}.
