%% The Erlang side of nif_lib.c. Every function is a stub, the shortest one of a single instruction.
-module(nif_lib).
-compile(export_all).
-compile(nowarn_export_all).

start(File, Info) -> erlang:load_nif(File, Info).

priv() -> stub(?LINE).
watch() -> stub(?LINE).
identity(X) -> X.
type_of(_) -> stub(?LINE).
numbers(_) -> stub(?LINE).
strings(_) -> stub(?LINE).
lists(_) -> stub(?LINE).
binaries(_) -> stub(?LINE).
external(_) -> stub(?LINE).
maps(_) -> stub(?LINE).
raise(_) -> stub(?LINE).
bad(_) -> stub(?LINE).
count_down(_, _) -> stub(?LINE).
fail_later(_) -> stub(?LINE).
on_scheduler(_) -> stub(?LINE).
on_dirty_cpu(_) -> stub(?LINE).
on_dirty_io(_) -> stub(?LINE).
bad_dirty(_) -> stub(?LINE).
from_thread(_) -> stub(?LINE).
new_cell(_) -> stub(?LINE).
cell_number(_) -> stub(?LINE).
cell_watch(_, _) -> stub(?LINE).
cell_unwatch(_) -> stub(?LINE).
cell_pipe(_, _) -> stub(?LINE).
cell_write(_) -> stub(?LINE).
cell_stop_all(_) -> stub(?LINE).
print(_) -> stub(?LINE).
queue(_) -> stub(?LINE).
alive(_, _) -> stub(?LINE).

local_call(X) -> {identity(X), bad(X)}.

stub(Line) -> erlang:nif_error({not_loaded, Line}).
