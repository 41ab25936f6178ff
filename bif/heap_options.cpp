#include "bif/heap_options.h"

#include "vm/heap/map_build.h"
#include "vm/heap/sizes.h"

namespace joist {

namespace {

constexpr size_t kSmallestHeap = 233;            // words, as OTP's H_MIN_SIZE
constexpr size_t kSmallestOffHeapWords = 32768;  // VH_MIN_SIZE

// False: the key is there and has a value that is no boolean.
bool read_boolean(Term map, Term key, bool* value) {
  const Term* found = map_find(map, key);
  if (found == nullptr) return true;
  if (!(*found == atoms::true_) && !(*found == atoms::false_)) return false;
  *value = *found == atoms::true_;
  return true;
}

// A size of at least `smallest`, rounded as heaps are; false: no integer from 0 on.
bool read_size(Term words, size_t smallest, size_t* size) {
  if (!words.is_small() || words.small_value() < 0) return false;
  const auto wanted = static_cast<size_t>(words.small_value());
  *size = next_heap_size(wanted < smallest ? smallest : wanted);
  return true;
}

}  // namespace

bool parse_max_heap_size(Term value, int otp_release, HeapOptions* options) {
  HeapOptions parsed = *options;
  Term size = value;
  if (is_map(value)) {
    const Term* found = map_find(value, atoms::size);
    if (found == nullptr || !read_boolean(value, atoms::kill, &parsed.kill_at_max_heap) ||
        !read_boolean(value, atoms::error_logger, &parsed.log_at_max_heap)) {
      return false;
    }
    if (otp_release >= 27 && !read_boolean(value, atoms::include_shared_binaries,
                                           &parsed.max_includes_shared_binaries)) {
      return false;
    }
    size = *found;
  }
  if (!size.is_small() || size.small_value() < 0) return false;
  parsed.max_heap_words = static_cast<size_t>(size.small_value());
  *options = parsed;
  return true;
}

bool max_holds_min_heap(const HeapOptions& options) {
  return options.max_heap_words == 0 || options.max_heap_words >= options.min_heap_words;
}

Term max_heap_size_map(Allocator& heap, const HeapOptions& options, int otp_release) {
  const Term pairs[] = {atoms::error_logger,
                        boolean(options.log_at_max_heap),
                        atoms::kill,
                        boolean(options.kill_at_max_heap),
                        atoms::size,
                        Term::small(static_cast<int64_t>(options.max_heap_words)),
                        atoms::include_shared_binaries,
                        boolean(options.max_includes_shared_binaries)};
  return make_map(heap, std::span(pairs).first(otp_release >= 27 ? 8 : 6));
}

bool set_min_heap_size(HeapOptions& options, Term words) {
  return read_size(words, kSmallestHeap, &options.min_heap_words);
}

bool set_min_bin_vheap_size(HeapOptions& options, Term words) {
  size_t size;
  if (!read_size(words, kSmallestOffHeapWords, &size)) return false;
  options.min_off_heap_bytes = size * sizeof(Word);
  return true;
}

bool set_fullsweep_after(HeapOptions& options, Term collections) {
  if (!collections.is_small() || collections.small_value() < 0) return false;
  // OTP keeps 16 bits of it.
  options.fullsweep_after = static_cast<uint16_t>(collections.small_value());
  return true;
}

}  // namespace joist
