/* What nif_cases.erl calls: each function is about one part of the interface. */
#include <erl_nif.h>
#include <string.h>
#include <unistd.h>

static ErlNifResourceType* cell_type;
static ErlNifPid watcher;
static int unloads_seen;

typedef struct {
  ErlNifPid owner;
  int number;
  ErlNifMonitor monitor;
  int fds[2];
} Cell;

static void tell(const ErlNifPid* to, const char* tag, int number) {
  ErlNifEnv* env = enif_alloc_env();
  enif_send(NULL, to, env, enif_make_tuple2(env, enif_make_atom(env, tag),
                                            enif_make_int(env, number)));
  enif_free_env(env);
}

static void cell_dtor(ErlNifEnv* env, void* object) {
  Cell* cell = object;
  (void)env;
  tell(&cell->owner, "destroyed", cell->number);
}
static void cell_down(ErlNifEnv* env, void* object, ErlNifPid* pid, ErlNifMonitor* monitor) {
  Cell* cell = object;
  (void)env;
  (void)pid;
  tell(&cell->owner, enif_compare_monitors(monitor, &cell->monitor) == 0 ? "down" : "other_down",
       cell->number);
}
static void cell_stop(ErlNifEnv* env, void* object, ErlNifEvent event, int direct) {
  Cell* cell = object;
  (void)env;
  (void)event;
  (void)direct;
  close(cell->fds[0]);
  close(cell->fds[1]);
  tell(&cell->owner, "stopped", cell->number);
}

static int load(ErlNifEnv* env, void** priv, ERL_NIF_TERM info) {
  ErlNifResourceTypeInit init = {cell_dtor, cell_stop, cell_down};
  int wanted = 0;
  if (!enif_get_int(env, info, &wanted)) return 7;
  if (wanted < 0) return -wanted;
  *priv = (void*)(size_t)wanted;
  cell_type = enif_open_resource_type_x(env, "cell", &init,
                                        ERL_NIF_RT_CREATE | ERL_NIF_RT_TAKEOVER, NULL);
  return cell_type == NULL;
}
static int upgrade(ErlNifEnv* env, void** priv, void** old_priv, ERL_NIF_TERM info) {
  int wanted = 0;
  ErlNifResourceTypeInit init = {cell_dtor, cell_stop, cell_down};
  if (!enif_get_int(env, info, &wanted)) return 7;
  if (wanted < 0) return -wanted;
  *priv = (void*)((size_t)*old_priv + wanted);
  cell_type = enif_open_resource_type_x(env, "cell", &init,
                                        ERL_NIF_RT_CREATE | ERL_NIF_RT_TAKEOVER, NULL);
  return cell_type == NULL;
}
static void unload(ErlNifEnv* env, void* priv) {
  (void)env;
  ++unloads_seen;
  if (!enif_is_pid_undefined(&watcher)) tell(&watcher, "unloaded", (int)(size_t)priv);
}

#define NIF(name) \
  static ERL_NIF_TERM name(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[])

NIF(priv) {
  return enif_make_int(env, (int)(size_t)enif_priv_data(env));
}
NIF(watch) {
  enif_self(env, &watcher);
  return enif_make_atom(env, "ok");
}
NIF(identity) { return argv[0]; }
NIF(type_of) {
  return enif_make_list(
      env, 8, enif_make_int(env, enif_term_type(env, argv[0])),
      enif_make_int(env, enif_is_atom(env, argv[0])), enif_make_int(env, enif_is_list(env, argv[0])),
      enif_make_int(env, enif_is_binary(env, argv[0])),
      enif_make_int(env, enif_is_number(env, argv[0])),
      enif_make_int(env, enif_is_fun(env, argv[0])), enif_make_int(env, enif_is_map(env, argv[0])),
      enif_make_int(env, enif_is_ref(env, argv[0])));
}
NIF(numbers) {
  int i = -1;
  unsigned u = 1;
  long l = -1;
  unsigned long ul = 1;
  double d = 0.5;
  int got = enif_get_int(env, argv[0], &i) | enif_get_uint(env, argv[0], &u) << 1 |
            enif_get_long(env, argv[0], &l) << 2 | enif_get_ulong(env, argv[0], &ul) << 3 |
            enif_get_double(env, argv[0], &d) << 4;
  return enif_make_tuple(env, 6, enif_make_int(env, got),
                         enif_make_int(env, got & 1 ? i : 0), enif_make_uint(env, got & 2 ? u : 0),
                         enif_make_long(env, got & 4 ? l : 0),
                         enif_make_ulong(env, got & 8 ? ul : 0),
                         enif_make_double(env, d));
}
NIF(strings) {
  char buffer[6];
  unsigned length = 99;
  ERL_NIF_TERM existing;
  int got = enif_get_string(env, argv[0], buffer, sizeof buffer, ERL_NIF_LATIN1);
  int atom = enif_get_atom(env, argv[0], buffer, sizeof buffer, ERL_NIF_LATIN1);
  enif_get_atom_length(env, argv[0], &length, ERL_NIF_LATIN1);
  int found = enif_make_existing_atom(env, "not an atom of anybody", &existing, ERL_NIF_LATIN1);
  return enif_make_tuple(env, 6, enif_make_int(env, got), enif_make_int(env, atom),
                         enif_make_string(env, got || atom ? buffer : "", ERL_NIF_LATIN1),
                         enif_make_uint(env, length), enif_make_int(env, found),
                         found ? existing : enif_make_atom(env, "none"));
}
NIF(lists) {
  unsigned length = 99;
  ERL_NIF_TERM reversed, head, tail;
  int proper = enif_get_list_length(env, argv[0], &length);
  if (!enif_make_reverse_list(env, argv[0], &reversed)) reversed = enif_make_atom(env, "none");
  if (!enif_get_list_cell(env, argv[0], &head, &tail)) head = tail = argv[0];
  return enif_make_tuple5(env, enif_make_int(env, proper), enif_make_uint(env, length), reversed,
                          enif_make_list_cell(env, tail, head),
                          enif_make_int(env, enif_compare(head, tail) < 0));
}
NIF(binaries) {
  ErlNifBinary in, copy;
  ERL_NIF_TERM fresh, whole;
  if (!enif_inspect_iolist_as_binary(env, argv[0], &in)) return enif_make_badarg(env);
  enif_alloc_binary(in.size, &copy);
  memcpy(copy.data, in.data, in.size);
  enif_realloc_binary(&copy, in.size + 2);
  memset(copy.data + in.size, '!', 2);
  memcpy(enif_make_new_binary(env, in.size, &fresh), in.data, in.size);
  whole = enif_make_binary(env, &copy);
  return enif_make_tuple4(env, whole, fresh, enif_make_binary(env, &in),
                          enif_make_sub_binary(env, whole, in.size / 2, 2));
}
NIF(external) {
  ErlNifBinary bytes;
  ERL_NIF_TERM back;
  if (!enif_term_to_binary(env, argv[0], &bytes)) return enif_make_badarg(env);
  size_t used = enif_binary_to_term(env, bytes.data, bytes.size, &back, 0);
  int sound = used == bytes.size && enif_is_identical(back, argv[0]);
  return enif_make_tuple2(env, enif_make_int(env, sound), enif_make_binary(env, &bytes));
}
NIF(maps) {
  ERL_NIF_TERM map = argv[0], value, sum = enif_make_list(env, 0), key;
  ErlNifMapIterator walk;
  size_t size = 0;
  if (!enif_get_map_size(env, map, &size)) return enif_make_badarg(env);
  enif_map_iterator_create(env, map, &walk, ERL_NIF_MAP_ITERATOR_FIRST);
  while (enif_map_iterator_get_pair(env, &walk, &key, &value)) {
    sum = enif_make_list_cell(env, enif_make_tuple2(env, key, value), sum);
    enif_map_iterator_next(env, &walk);
  }
  enif_map_iterator_destroy(env, &walk);
  int has = enif_get_map_value(env, map, enif_make_atom(env, "a"), &value);
  enif_make_map_put(env, map, enif_make_atom(env, "new"), enif_make_int(env, 1), &map);
  enif_make_map_remove(env, map, enif_make_atom(env, "a"), &map);
  int updated = enif_make_map_update(env, map, enif_make_atom(env, "zz"), argv[0], &value);
  if (updated) map = value;
  return enif_make_tuple5(env, enif_make_ulong(env, size), sum, enif_make_int(env, has), map,
                          enif_make_int(env, updated));
}
NIF(raise) { return enif_raise_exception(env, argv[0]); }
NIF(bad) { return enif_make_badarg(env); }

NIF(count_down) {
  int left, percent = 30;
  if (!enif_get_int(env, argv[0], &left)) return enif_make_badarg(env);
  if (left == 0) return argv[1];
  enif_consume_timeslice(env, percent);
  ERL_NIF_TERM arguments[] = {enif_make_int(env, left - 1),
                              enif_make_list_cell(env, argv[0], argv[1])};
  int flags = left % 3 == 0 ? ERL_NIF_DIRTY_JOB_CPU_BOUND
              : left % 3 == 1 ? ERL_NIF_DIRTY_JOB_IO_BOUND : 0;
  ERL_NIF_TERM later = enif_schedule_nif(env, "count_down_more", flags, count_down, 2, arguments);
  return enif_is_exception(env, later) ? enif_make_badarg(env) : later;
}
NIF(fail_later) {
  if (argc == 1) return enif_schedule_nif(env, "failing", 0, bad, 0, argv);
  return enif_make_badarg(env);
}
NIF(thread_type) {
  return enif_make_tuple2(env, enif_make_int(env, enif_thread_type()),
                          enif_make_copy(env, argv[0]));
}

static ErlNifPid thread_to;
static void* thread_body(void* argument) {
  tell(&thread_to, "from_thread", *(int*)argument);
  return argument;
}
NIF(from_thread) {
  int number = 42;
  void* result = NULL;
  ErlNifTid thread;
  enif_self(env, &thread_to);
  if (enif_thread_create("body", &thread, thread_body, &number, NULL) != 0) return argv[0];
  enif_thread_join(thread, &result);
  return enif_make_int(env, result == &number);
}

NIF(new_cell) {
  Cell* cell = enif_alloc_resource(cell_type, sizeof(Cell));
  enif_self(env, &cell->owner);
  enif_get_int(env, argv[0], &cell->number);
  ERL_NIF_TERM term = enif_make_resource(env, cell);
  ERL_NIF_TERM again = enif_make_resource(env, cell);
  enif_release_resource(cell);
  return enif_make_tuple2(env, term, enif_make_int(env, enif_is_identical(term, again)));
}
NIF(cell_number) {
  Cell* cell;
  if (!enif_get_resource(env, argv[0], cell_type, (void**)&cell)) return enif_make_badarg(env);
  return enif_make_int(env, cell->number);
}
NIF(cell_watch) {
  Cell* cell;
  ErlNifPid pid;
  if (!enif_get_resource(env, argv[0], cell_type, (void**)&cell) ||
      !enif_get_local_pid(env, argv[1], &pid)) {
    return enif_make_badarg(env);
  }
  return enif_make_int(env, enif_monitor_process(env, cell, &pid, &cell->monitor));
}
NIF(cell_unwatch) {
  Cell* cell;
  if (!enif_get_resource(env, argv[0], cell_type, (void**)&cell)) return enif_make_badarg(env);
  return enif_make_int(env, enif_demonitor_process(env, cell, &cell->monitor));
}
NIF(cell_pipe) {
  Cell* cell;
  if (!enif_get_resource(env, argv[0], cell_type, (void**)&cell) || pipe(cell->fds) != 0) {
    return enif_make_badarg(env);
  }
  int read = enif_select(env, cell->fds[0], ERL_NIF_SELECT_READ, cell, NULL, argv[1]);
  int write = enif_select(env, cell->fds[1], ERL_NIF_SELECT_WRITE, cell, NULL, argv[1]);
  return enif_make_tuple2(env, enif_make_int(env, read), enif_make_int(env, write));
}
NIF(cell_write) {
  Cell* cell;
  if (!enif_get_resource(env, argv[0], cell_type, (void**)&cell)) return enif_make_badarg(env);
  return enif_make_int(env, (int)write(cell->fds[1], "x", 1));
}
NIF(cell_stop_all) {
  Cell* cell;
  if (!enif_get_resource(env, argv[0], cell_type, (void**)&cell)) return enif_make_badarg(env);
  int done = enif_select(env, cell->fds[0], ERL_NIF_SELECT_STOP, cell, NULL, argv[0]);
  return enif_make_int(env, done >= 0 && (done & (ERL_NIF_SELECT_STOP_CALLED |
                                                  ERL_NIF_SELECT_STOP_SCHEDULED)) != 0);
}
NIF(print) {
  char text[200];
  int length = enif_snprintf(text, sizeof text, "%d|%5s|%-4d|%T|%lu|%c|%%|%.2f|%x", 7, "ab", 3,
                             argv[0], 12UL, 'c', 1.5, 255);
  return enif_make_tuple2(env, enif_make_int(env, length),
                          enif_make_string(env, text, ERL_NIF_LATIN1));
}
NIF(queue) {
  ErlNifIOQueue* queue = enif_ioq_create(ERL_NIF_IOQ_NORMAL);
  ErlNifIOVec vector, *parts = &vector;
  ERL_NIF_TERM tail = argv[0], head = argv[0];
  size_t left = 0, size = 0;
  while (!enif_is_empty_list(env, tail)) {
    if (!enif_inspect_iovec(env, 2, tail, &tail, &parts)) {
      enif_ioq_destroy(queue);
      return enif_make_badarg(env);
    }
    enif_ioq_enqv(queue, parts, 0);
  }
  size = enif_ioq_size(queue);
  enif_ioq_deq(queue, size / 2, &left);
  enif_ioq_peek_head(env, queue, NULL, &head);
  enif_ioq_destroy(queue);
  return enif_make_tuple3(env, enif_make_ulong(env, size), enif_make_ulong(env, left), head);
}
NIF(alive) {
  ErlNifPid pid, found;
  enif_get_local_pid(env, argv[0], &pid);
  return enif_make_tuple4(env, enif_make_int(env, enif_is_process_alive(env, &pid)),
                          enif_make_int(env, enif_is_current_process_alive(env)),
                          enif_make_int(env, enif_whereis_pid(env, argv[1], &found)),
                          enif_make_int(env, enif_send(env, &pid, NULL, argv[1])));
}

static ErlNifFunc functions[] = {
    {"priv", 0, priv}, {"watch", 0, watch}, {"identity", 1, identity}, {"type_of", 1, type_of},
    {"numbers", 1, numbers}, {"strings", 1, strings}, {"lists", 1, lists},
    {"binaries", 1, binaries}, {"external", 1, external}, {"maps", 1, maps}, {"raise", 1, raise},
    {"bad", 1, bad}, {"count_down", 2, count_down}, {"fail_later", 1, fail_later},
    {"on_scheduler", 1, thread_type},
    {"on_dirty_cpu", 1, thread_type, ERL_NIF_DIRTY_JOB_CPU_BOUND},
    {"on_dirty_io", 1, thread_type, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"bad_dirty", 1, bad, ERL_NIF_DIRTY_JOB_CPU_BOUND}, {"from_thread", 1, from_thread},
    {"new_cell", 1, new_cell}, {"cell_number", 1, cell_number}, {"cell_watch", 2, cell_watch},
    {"cell_unwatch", 1, cell_unwatch}, {"cell_pipe", 2, cell_pipe}, {"cell_write", 1, cell_write},
    {"cell_stop_all", 1, cell_stop_all}, {"print", 1, print}, {"queue", 1, queue},
    {"alive", 2, alive}};

ERL_NIF_INIT(nif_lib, functions, load, NULL, upgrade, unload)
