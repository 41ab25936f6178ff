// Native objects that Erlang code holds by a magic reference: a Binary whose bytes are the
// object, told from other sorts by its destroy function. Freed when the last reference to it, in
// whatever process, is collected.
#pragma once

#include <cstdlib>
#include <new>
#include <utility>

#include "vm/codec/magic_table.h"
#include "vm/heap/builder.h"
#include "vm/proc/process.h"

namespace joist {

template <typename Object>
class Magic {
 public:
  // A reference to a new Object(arguments...), behind which lie `extra_bytes` bytes that belong
  // to it.
  template <typename... Arguments>
  static Term make(Process& p, size_t extra_bytes, Arguments&&... arguments) {
    static_assert(alignof(Object) <= kAlignment);
    size_t bytes = sizeof(Object) + extra_bytes;
    void* memory = std::aligned_alloc(kAlignment, round_up(kPrefix + bytes));
    JOIST_CHECK(memory != nullptr);
    auto* binary = new (memory) Binary{1, &destroy, 0, nullptr, bytes};
    binary->bytes = static_cast<uint8_t*>(memory) + kPrefix;
    new (binary->bytes) Object(std::forward<Arguments>(arguments)...);
    return make_magic_ref(p.heap, p.runtime->uniques.next_ref(), binary);
  }

  // The object that `term` refers to; null: it is no reference to an Object.
  static Object* get(Term term) {
    if (!is_kind(term, Boxed::kMagicRef)) return nullptr;
    Binary* binary = reinterpret_cast<OffHeap*>(term.object())->binary;
    if (binary->destroy != &destroy) return nullptr;
    return reinterpret_cast<Object*>(binary->bytes);
  }
  // What `reference`, to an Object, refers to: for those who keep the object by themselves.
  static Binary* binary(Term reference) {
    return reinterpret_cast<OffHeap*>(reference.object())->binary;
  }
  // Bytes that the object takes with all that belongs to it.
  static size_t bytes(Term reference) { return binary(reference)->capacity; }

 private:
  static constexpr size_t kAlignment = kCacheLine;
  static constexpr size_t round_up(size_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
  }
  static constexpr size_t kPrefix = round_up(sizeof(Binary));

  static void destroy(Binary* binary) {
    MagicTable::forget(binary);
    reinterpret_cast<Object*>(binary->bytes)->~Object();
    std::free(binary);
  }
};

}  // namespace joist
