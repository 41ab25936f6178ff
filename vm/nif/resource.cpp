#include "vm/nif/resource.h"

#include <cstdlib>
#include <new>

#include "vm/codec/magic_table.h"
#include "vm/heap/builder.h"
#include "vm/nif/interface.h"
#include "vm/proc/process_extras.h"
#include "vm/sched/deliver.h"
#include "vm/sched/schedulers.h"

namespace joist {

namespace {

void no_dtor(NifEnv*, void*) {}

abi::ResourceTypeInit known_callbacks(const abi::ResourceTypeInit& init, int members) {
  abi::ResourceTypeInit known{};
  if (members >= 1) known.dtor = init.dtor;
  if (members >= 2) known.stop = init.stop;
  if (members >= 3) known.down = init.down;
  if (members >= 4) known.dyncall = init.dyncall;
  if (known.dtor == nullptr) known.dtor = no_dtor;
  return known;
}

// A pointer in the place of a signal's value: it looks like a small integer.
Term pointer_value(void* pointer) {
  const Term value = Term::from_bits(reinterpret_cast<Word>(pointer));
  JOIST_CHECK(value.is_small());
  return value;
}

bool retain_if_alive(Binary& binary) {
  int64_t count = __atomic_load_n(&binary.reference_count, __ATOMIC_RELAXED);
  while (count > 0) {
    if (__atomic_compare_exchange_n(&binary.reference_count, &count, count + 1, true,
                                    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
      return true;
    }
  }
  return false;
}

}  // namespace

struct ResourceTypes::ProcessWatch : OwnedResource {
  ProcessWatch(ResourceTypes& of_types, uint64_t monitor, Term watched)
      : OwnedResource(process_let_go, resource_term), types(of_types), id(monitor), pid(watched) {}
  static void process_let_go(OwnedResource* resource) {
    auto* watch = static_cast<ProcessWatch*>(resource);
    watch->types.process_ended(watch->id, watch->pid);
    delete watch;
  }
  static Term resource_term(OwnedResource& resource, Allocator& heap) {
    auto& watch = static_cast<ProcessWatch&>(resource);
    return watch.types.watcher(heap, watch.id);
  }
  ResourceTypes& types;
  const uint64_t id;
  const Term pid;
};

ResourceTypes::~ResourceTypes() {
  for (NifResourceType* type : types_) type->release();
}

// --- types ---

void NifResourceType::set_owner(NifLibrary* library) {
  NifLibrary* former = nullptr;
  {
    MutexLock lock(mutex_);
    if (live_ != 0) {
      library->retain();
      former = owner();
    }
    owner_.store(library, std::memory_order_release);
  }
  if (former != nullptr) former->release();
}

void NifResourceType::count_resource() {
  MutexLock lock(mutex_);
  if (live_++ == 0 && owner() != nullptr) owner()->retain();
}

void NifResourceType::discount_resource() {
  NifLibrary* left = nullptr;
  {
    MutexLock lock(mutex_);
    if (--live_ == 0) left = owner();
  }
  if (left != nullptr) left->release();
}

NifResourceType* ResourceTypes::find_type(Term module, Term name) {
  MutexLock lock(mutex_);
  for (NifResourceType* type : types_) {
    if (type->module == module && type->name == name) return type;
  }
  return nullptr;
}

NifResourceType* ResourceTypes::open(NifLibrary& library, const char* name,
                                     const abi::ResourceTypeInit& init, int members, int flags,
                                     int* tried) {
  const std::optional<Term> name_atom = make_atom(name);
  if (!name_atom) return nullptr;
  NifResourceType* type = find_type(library.name(), *name_atom);
  const bool is_new = type == nullptr;
  if (tried != nullptr) *tried = flags;
  if ((flags & (is_new ? abi::kResourceCreate : abi::kResourceTakeover)) == 0) return nullptr;
  if (tried != nullptr) *tried = is_new ? abi::kResourceCreate : abi::kResourceTakeover;
  if (is_new) {
    type = new NifResourceType;
    type->module = library.name();
    type->name = *name_atom;
  }
  MutexLock lock(mutex_);
  opened_.push_back({type, is_new, known_callbacks(init, members)});
  return type;
}

void ResourceTypes::commit(NifLibrary& library) {
  MutexLock lock(mutex_);
  for (const Opened& opened : opened_) {
    opened.type->callbacks = opened.callbacks;
    opened.type->set_owner(&library);
    opened.type->object = library.object();
    if (opened.is_new) types_.push_back(opened.type);
  }
  opened_.clear();
}

void ResourceTypes::roll_back() {
  MutexLock lock(mutex_);
  for (const Opened& opened : opened_) {
    if (!opened.is_new) continue;
    // A resource that the library has made all the same finds nothing to call.
    opened.type->callbacks.dtor = no_dtor;
    opened.type->release();
  }
  opened_.clear();
}

void ResourceTypes::forget(NifLibrary& library) {
  std::vector<NifResourceType*> dropped;
  {
    MutexLock lock(mutex_);
    std::erase_if(types_, [&](NifResourceType* type) {
      if (type->owner() != &library) return false;
      dropped.push_back(type);
      return true;
    });
  }
  for (NifResourceType* type : dropped) type->release();
}

// --- objects ---

void ResourceTypes::destroy(Binary* binary) {
  MagicTable::forget(binary);
  Resource& resource = resource_of(binary);
  NifResourceType* type = resource.type;
  NativeInterface* interface = NativeInterface::current();
  if (interface != nullptr && resource.monitors != nullptr) {
    interface->types().drop_monitors(*binary);
  }
  if (interface != nullptr && type->callbacks.dtor != no_dtor) {
    OwnEnv env(type->owner());
    type->callbacks.dtor(&env, binary->bytes);
  }
  delete resource.monitors;
  free(binary);
  type->discount_resource();
  type->release();
}

void* ResourceTypes::make(NifResourceType& type, size_t size) {
  void* memory = malloc(kResourcePrefix + size);
  if (memory == nullptr) return nullptr;
  auto* binary = new (memory) Binary{1, &destroy, 0, nullptr, size};
  binary->bytes = static_cast<uint8_t*>(memory) + kResourcePrefix;
  new (binary + 1) Resource{&type, runtime_.uniques.next_ref(), nullptr};
  type.retain();
  type.count_resource();
  return binary->bytes;
}

Term ResourceTypes::make_term(Allocator& heap, void* object) {
  Binary* binary = binary_of_object(object);
  binary->retain();
  return make_magic_ref(heap, resource_of(binary).numbers, binary);
}

namespace {

struct ResourceView : Binary {
  Binary* resource;
};

void destroy_view(Binary* binary) {
  auto* view = static_cast<ResourceView*>(binary);
  view->resource->release();
  delete view;
}

}  // namespace

Term make_resource_binary(Allocator& heap, void* object, const void* data, size_t size) {
  auto* view = new ResourceView;
  view->reference_count = 1;
  view->destroy = destroy_view;
  view->capacity = size;
  view->used_bits = size * 8;
  view->bytes = static_cast<uint8_t*>(const_cast<void*>(data));
  view->resource = binary_of_object(object);
  view->resource->retain();
  return make_bits_of(heap, view, size * 8);
}

Binary* ResourceTypes::find(Term term) {
  Binary* binary = nullptr;
  if (is_kind(term, Boxed::kMagicRef)) {
    binary = reinterpret_cast<OffHeap*>(term.object())->binary;
  } else if (is_kind(term, Boxed::kSubBits)) {
    const Term holder = reinterpret_cast<const SubBits*>(term.object())->holder;
    binary = reinterpret_cast<OffHeap*>(holder.object())->binary;
    if (binary->destroy != destroy_view) return nullptr;
    binary = static_cast<ResourceView*>(binary)->resource;
  }
  return binary != nullptr && binary->destroy == &destroy ? binary : nullptr;
}

// --- monitors ---

void ResourceTypes::begin_watch(Process& process, Signal& signal) {
  auto* watch = reinterpret_cast<ProcessWatch*>(signal.value.bits());
  if (process.is_exiting) return ProcessWatch::process_let_go(watch);
  process.make_extras().resources.add(*watch);
}

// A process that is ending has let go of it already, or will.
void ResourceTypes::end_watch(Process& process, Signal& signal) {
  if (process.is_exiting) return;
  auto* watch = reinterpret_cast<ProcessWatch*>(signal.value.bits());
  OwnedResources::remove(*watch);
  delete watch;
}

namespace {

bool send_watch(Runtime& runtime, Term pid, Signal::Request handler, void* watch) {
  Signal* signal = new_signal(SignalKind::kRequest, Term::none());
  signal->value = pointer_value(watch);
  signal->request = handler;
  ReaderScope reader;
  return deliver(runtime, Schedulers::kNone, pid, signal);
}

}  // namespace

int ResourceTypes::monitor(Binary& binary, Term pid, abi::Monitor* monitor) {
  ProcessWatch* watch;
  {
    MutexLock lock(mutex_);
    watch = new ProcessWatch(*this, next_monitor_++, pid);
    *monitor = {watch->id, {}};
    Resource& resource = resource_of(&binary);
    if (resource.monitors == nullptr) resource.monitors = new std::vector<uint64_t>;
    resource.monitors->push_back(watch->id);
    monitors_.insert({watch->id, {&binary, pid, watch}});
  }
  const uint64_t id = watch->id;
  if (send_watch(runtime_, pid, begin_watch, watch)) return 0;
  delete watch;
  MutexLock lock(mutex_);
  monitors_.erase(id);
  std::erase(*resource_of(&binary).monitors, id);
  return 1;
}

bool ResourceTypes::demonitor(Binary& binary, const abi::Monitor& monitor) {
  Record record;
  {
    MutexLock lock(mutex_);
    const auto found = monitors_.find(monitor.id);
    if (found == monitors_.end() || found->second.resource != &binary) return false;
    record = found->second;
    monitors_.erase(found);
    std::erase(*resource_of(&binary).monitors, monitor.id);
  }
  send_watch(runtime_, record.pid, end_watch, record.watch);
  return true;
}

void ResourceTypes::drop_monitors(Binary& binary) {
  std::vector<Record> records;
  {
    MutexLock lock(mutex_);
    for (uint64_t id : *resource_of(&binary).monitors) {
      const auto found = monitors_.find(id);
      if (found == monitors_.end()) continue;
      records.push_back(found->second);
      monitors_.erase(found);
    }
  }
  for (const Record& record : records) send_watch(runtime_, record.pid, end_watch, record.watch);
}

Term ResourceTypes::watcher(Allocator& heap, uint64_t id) {
  Binary* binary;
  {
    MutexLock lock(mutex_);
    const auto found = monitors_.find(id);
    if (found == monitors_.end() || !retain_if_alive(*found->second.resource)) return Term::none();
    binary = found->second.resource;
  }
  const Term term = make_term(heap, binary->bytes);
  binary->release();
  return term;
}

void ResourceTypes::process_ended(uint64_t id, Term pid) {
  Binary* binary;
  {
    MutexLock lock(mutex_);
    const auto found = monitors_.find(id);
    if (found == monitors_.end()) return;
    binary = found->second.resource;
    monitors_.erase(found);
    if (!retain_if_alive(*binary)) return;
    std::erase(*resource_of(binary).monitors, id);
  }
  NifResourceType* type = resource_of(binary).type;
  if (type->callbacks.down != nullptr) {
    OwnEnv env(type->owner());
    abi::NifPid ended = {pid.bits()};
    abi::Monitor monitor = {id, {}};
    type->callbacks.down(&env, binary->bytes, &ended, &monitor);
  }
  binary->release();
}

}  // namespace joist
