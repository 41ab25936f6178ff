// erts_internal:garbage_collect/1, which erlang:garbage_collect/0,1,2 end in. A native never
// collects: it asks, and the collection comes before its caller goes on.
#include "bif/registry.h"

namespace joist {

namespace {

Term garbage_collect_1(Process& p, Term kind) {
  if (kind == atoms::major) {
    p.heap.request(Collection::kFull);
  } else if (kind == atoms::minor) {
    p.heap.request(Collection::kMinor);
  } else {
    return p.badarg();
  }
  return atoms::true_;
}

constexpr NativeEntry kGarbageCollectNatives[] = {
    {"erts_internal", "garbage_collect", native<garbage_collect_1>},
};

}  // namespace

std::span<const NativeEntry> garbage_collect_natives() { return kGarbageCollectNatives; }

}  // namespace joist
