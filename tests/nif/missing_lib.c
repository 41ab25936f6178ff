/* Wants a function that nobody has. */
#include <erl_nif.h>

extern int enif_no_such_function(ErlNifEnv*);
static ERL_NIF_TERM call(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  (void)argc;
  (void)argv;
  return enif_make_int(env, enif_no_such_function(env));
}
static ErlNifFunc functions[] = {{"identity", 1, call}};
ERL_NIF_INIT(nif_lib, functions, NULL, NULL, NULL, NULL)
