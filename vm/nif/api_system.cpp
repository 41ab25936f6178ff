// erl_nif.h: memory, time, shared objects, what the system is; printing.
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>

#include "vm/heap/builder.h"
#include "vm/nif/format.h"
#include "vm/nif/interface.h"
#include "vm/os/environment.h"
#include "vm/proc/time.h"

using namespace joist;

namespace {

Runtime& the_runtime() { return NativeInterface::current()->runtime(); }

constexpr int64_t kTimeError = INT64_MIN;
constexpr int64_t kPerSecond[] = {1, 1000, 1'000'000, 1'000'000'000};
bool is_unit(int unit) { return unit >= abi::kSecond && unit <= abi::kNanosecond; }

int64_t converted(int64_t value, int from, int to) {
  if (!is_unit(from) || !is_unit(to)) return kTimeError;
  if (to >= from) return value * (kPerSecond[to] / kPerSecond[from]);
  const int64_t divisor = kPerSecond[from] / kPerSecond[to];
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

Word timestamp(NifEnv* env, int64_t microseconds) {
  constexpr int64_t kMillion = 1'000'000;
  return make_tuple(*env->heap, {Term::small(microseconds / kMillion / kMillion),
                                 Term::small(microseconds / kMillion % kMillion),
                                 Term::small(microseconds % kMillion)})
      .bits();
}

}  // namespace

extern "C" {

void* enif_alloc(size_t size) { return malloc(size); }
void* enif_realloc(void* memory, size_t size) { return realloc(memory, size); }
void enif_free(void* memory) { free(memory); }

int64_t enif_monotonic_time(int unit) {
  return converted(the_runtime().time->monotonic(), abi::kNanosecond, unit);
}
int64_t enif_time_offset(int unit) {
  return converted(the_runtime().time->offset(), abi::kNanosecond, unit);
}
int64_t enif_convert_time_unit(int64_t value, int from, int to) {
  return converted(value, from, to);
}
Word enif_now_time(NifEnv* env) {
  return timestamp(env, the_runtime().time->unique_microseconds());
}
Word enif_cpu_time(NifEnv* env) {
  return timestamp(env, the_runtime().clock->process_cpu_ns() / 1000);
}

void* enif_dlopen(const char* path, void (*on_error)(void*, const char*), void* argument) {
  const std::string file = std::string(path) + ".so";
  void* handle = dlopen(file.c_str(), RTLD_NOW);
  if (handle == nullptr) {
    if (on_error != nullptr) on_error(argument, dlerror());
    return nullptr;
  }
  if (void* init = dlsym(handle, "nif_init")) reinterpret_cast<void* (*)()>(init)();
  return handle;
}

void* enif_dlsym(void* handle, const char* name, void (*on_error)(void*, const char*),
                 void* argument) {
  dlerror();
  void* symbol = dlsym(handle, name);
  const char* error = dlerror();
  if (error == nullptr) return symbol;
  if (on_error != nullptr) on_error(argument, error);
  return nullptr;
}

// 0: done; 1: not set; -1: too small, and *size says how much it takes.
int enif_getenv(const char* name, char* value, size_t* size) {
  const std::optional<std::string> found = the_runtime().environment->get(name);
  if (!found) return 1;
  const size_t room = *size;
  *size = found->size() + (found->size() < room ? 0 : 1);
  if (found->size() >= room) return -1;
  memcpy(value, found->c_str(), found->size() + 1);
  return 0;
}

void enif_system_info(abi::SystemInfo* info, size_t size) {
  const Runtime& runtime = the_runtime();
  static char release[16];
  snprintf(release, sizeof release, "%d", runtime.otp_release);
  abi::SystemInfo all{};
  all.driver_major_version = abi::kDriverMajor;
  all.driver_minor_version = abi::kDriverMinor;
  all.erts_version = const_cast<char*>(runtime.settings.erts_version.c_str());
  all.otp_release = release;
  all.thread_support = all.smp_support = all.dirty_scheduler_support = 1;
  all.async_threads = static_cast<int>(runtime.settings.async_threads);
  all.scheduler_threads = static_cast<int>(runtime.settings.schedulers);
  all.nif_major_version = abi::kNifMajor;
  all.nif_minor_version = abi::nif_minor(runtime.otp_release);
  memcpy(info, &all, std::min(size, sizeof all));
}

int enif_vfprintf(FILE* file, const char* format, va_list arguments) {
  const std::string text = formatted(format, arguments);
  return static_cast<int>(fwrite(text.data(), 1, text.size(), file));
}
int enif_fprintf(FILE* file, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int count = enif_vfprintf(file, format, arguments);
  va_end(arguments);
  return count;
}
int enif_vsnprintf(char* buffer, size_t size, const char* format, va_list arguments) {
  const std::string text = formatted(format, arguments);
  if (size != 0) {
    const size_t count = std::min(text.size(), size - 1);
    memcpy(buffer, text.data(), count);
    buffer[count] = 0;
  }
  return static_cast<int>(text.size());
}
int enif_snprintf(char* buffer, size_t size, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int count = enif_vsnprintf(buffer, size, format, arguments);
  va_end(arguments);
  return count;
}

}  // extern "C"
