/* Is for another module. */
#include <erl_nif.h>

static ERL_NIF_TERM call(ErlNifEnv* env, int argc, const ERL_NIF_TERM argv[]) {
  (void)env;
  (void)argc;
  return argv[0];
}
static ErlNifFunc functions[] = {{"identity", 1, call}};
ERL_NIF_INIT(other_module, functions, NULL, NULL, NULL, NULL)
