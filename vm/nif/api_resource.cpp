// erl_nif.h: resources, their monitors, descriptors.
#include "vm/heap/builder.h"
#include "vm/nif/interface.h"
#include "vm/nif/resource.h"
#include "vm/nif/select.h"

using namespace joist;

namespace {

ResourceTypes& types() { return NativeInterface::current()->types(); }

int select(NifEnv* env, int event, int flags, void* object, const abi::NifPid* pid, Term message,
           Term reference) {
  Term receiver = Term::nil();
  if (pid != nullptr) {
    receiver = term_of(pid->pid);
  } else if (env != nullptr && env->process != nullptr) {
    receiver = env->process->pid;
  }
  return NativeInterface::current()->events().select(event, *binary_of_object(object),
                                                     {flags, receiver, message, reference});
}

}  // namespace

extern "C" {

NifResourceType* enif_open_resource_type(NifEnv* env, const char*, const char* name,
                                         abi::ResourceDtor* dtor, int flags, int* tried) {
  abi::ResourceTypeInit init{};
  init.dtor = dtor;
  return types().open(*env->library, name, init, 1, flags, tried);
}
NifResourceType* enif_open_resource_type_x(NifEnv* env, const char* name,
                                           const abi::ResourceTypeInit* init, int flags,
                                           int* tried) {
  return types().open(*env->library, name, *init, 3, flags, tried);
}
NifResourceType* enif_init_resource_type(NifEnv* env, const char* name,
                                         const abi::ResourceTypeInit* init, int flags, int* tried) {
  return types().open(*env->library, name, *init, init->members, flags, tried);
}

void* enif_alloc_resource(NifResourceType* type, size_t size) { return types().make(*type, size); }
void enif_release_resource(void* object) { binary_of_object(object)->release(); }
int enif_keep_resource(void* object) {
  binary_of_object(object)->retain();
  return 1;
}
Word enif_make_resource(NifEnv* env, void* object) {
  return types().make_term(*env->heap, object).bits();
}
Word enif_make_resource_binary(NifEnv* env, void* object, const void* data, size_t size) {
  return make_resource_binary(*env->heap, object, data, size).bits();
}
int enif_get_resource(NifEnv*, Word term, NifResourceType* type, void** object) {
  Binary* binary = ResourceTypes::find(term_of(term));
  if (binary == nullptr || resource_of(binary).type != type) return 0;
  *object = binary->bytes;
  return 1;
}
size_t enif_sizeof_resource(void* object) { return binary_of_object(object)->capacity; }

int enif_dynamic_resource_call(NifEnv* env, Word module, Word name, Word term, void* data) {
  Binary* binary = ResourceTypes::find(term_of(term));
  if (binary == nullptr) return 1;
  NifResourceType* type = resource_of(binary).type;
  if (type->module != term_of(module) || type->name != term_of(name) ||
      type->callbacks.dyncall == nullptr) {
    return 1;
  }
  // On behalf of the library that the type belongs to.
  NifLibrary* caller = std::exchange(env->library, type->owner());
  type->callbacks.dyncall(env, binary->bytes, data);
  env->library = caller;
  return 0;
}

int enif_monitor_process(NifEnv*, void* object, const abi::NifPid* pid, abi::Monitor* monitor) {
  Binary* binary = binary_of_object(object);
  if (resource_of(binary).type->callbacks.down == nullptr) return -1;
  abi::Monitor made;
  if (!term_of(pid->pid).is_local_pid()) return 1;
  const int result = types().monitor(*binary, term_of(pid->pid), &made);
  if (monitor != nullptr) *monitor = made;
  return result;
}
int enif_demonitor_process(NifEnv*, void* object, const abi::Monitor* monitor) {
  return types().demonitor(*binary_of_object(object), *monitor) ? 0 : 1;
}
int enif_compare_monitors(const abi::Monitor* a, const abi::Monitor* b) {
  return a->id < b->id ? -1 : static_cast<int>(a->id > b->id);
}
Word enif_make_monitor_term(NifEnv* env, const abi::Monitor* monitor) {
  return make_ref(*env->heap, reference_numbers(monitor->id)).bits();
}

int enif_select(NifEnv* env, int event, int flags, void* object, const abi::NifPid* pid,
                Word reference) {
  const bool stops = (flags & (abi::kSelectStop | abi::kSelectCancel)) != 0;
  const bool custom = (flags & abi::kSelectCustomMessage) != 0;
  const Term message = custom && !stops ? term_of(reference) : Term::none();
  return select(env, event, flags, object, pid, message, term_of(reference));
}

int enif_select_x(NifEnv* env, int event, int flags, void* object, const abi::NifPid* pid,
                  Word message, NifEnv* message_env) {
  const int result =
      select(env, event, flags, object, pid, term_of(message), Term(atoms::undefined));
  if (result >= 0 && message_env != nullptr) static_cast<OwnEnv*>(message_env)->clear();
  return result;
}

}  // extern "C"
