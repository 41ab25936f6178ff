// Natives of erlang that take bitstrings apart and turn them to lists.
#include <algorithm>
#include <optional>

#include "bif/binary_arguments.h"
#include "bif/in_slices.h"
#include "vm/heap/builder.h"
#include "vm/proc/native.h"

namespace joist {

namespace {

// Of a match context, what is still to be matched: since OTP 26 the compiler asks for its size,
// where the source asks for that of the rest.
std::optional<size_t> size_of_bits(Term bits) {
  if (is_bits(bits)) return bits_size(bits);
  if (!is_kind(bits, Boxed::kMatchContext)) return std::nullopt;
  const auto* context = reinterpret_cast<const MatchContext*>(bits.object());
  return context->end - context->position;
}

Term byte_size_1(Process& p, Term bits) {
  const std::optional<size_t> size = size_of_bits(bits);
  return size ? Term::small(static_cast<int64_t>((*size + 7) / 8)) : p.badarg();
}

Term bit_size_1(Process& p, Term bits) {
  const std::optional<size_t> size = size_of_bits(bits);
  return size ? make_unsigned(p.heap, *size) : p.badarg();
}

// Of whole bytes; up to OTP 26 of what has some bits more, too.
Term binary_part_3(Process& p, Term binary, Term start, Term length) {
  Part part;
  if (p.runtime->otp_release >= 27 && !is_binary(binary)) return p.badarg();
  if (!is_bits(binary) || !part_arguments(start, length, bits_size(binary) / 8, &part)) {
    return p.badarg();
  }
  return make_part(p.heap, binary, part.start * 8, part.length * 8);
}

Term binary_part_2(Process& p, Term binary, Term pair) {
  if (!is_tuple(pair) || tuple_size(pair) != 2) return p.badarg();
  return binary_part_3(p, binary, tuple_elements(pair)[0], tuple_elements(pair)[1]);
}

Term split_binary_2(Process& p, Term binary, Term position) {
  size_t at;
  if (!is_bits(binary) || !size_argument(position, &at) || at > bits_size(binary) / 8) {
    return p.badarg();
  }
  Term first = make_part(p.heap, binary, 0, at * 8);
  Term second = make_part(p.heap, binary, at * 8, bits_size(binary) - at * 8);
  return make_tuple(p.heap, {first, second});
}

// A list of the bytes in [from, to) of a bitstring, with a tail of the caller's.
class ByteList {
 public:
  ByteList(Allocator& heap, Term bits, size_t from, size_t to, Term tail)
      : bits_(bits), next_(from), end_(to), tail_(tail) {
    if (from == to) return;
    cell_ = heap.alloc(2 * (to - from));
    list_ = Term::list(cell_);
  }

  Progress run(int64_t* budget) {
    if (next_ == end_) return Progress::kDone;
    const size_t count = std::min(end_ - next_, static_cast<size_t>(std::max(*budget, kFewest)));
    *budget -= static_cast<int64_t>(count);
    ByteScratch scratch;
    const ByteSpan bytes = contiguous_bytes(bits_view(bits_).part(next_ * 8, count * 8), scratch);
    for (const uint8_t byte : bytes) {
      cell_[0] = Term::small(byte).bits();
      cell_[1] = Term::list(cell_ + 2).bits();
      cell_ += 2;
    }
    next_ += count;
    if (next_ != end_) return Progress::kPaused;
    cell_[-1] = tail_.bits();
    return Progress::kDone;
  }
  Term result() const { return list_.is_none() ? tail_ : list_; }

 private:
  static constexpr int64_t kFewest = 64;

  Term bits_;
  size_t next_;
  size_t end_;
  Term tail_;
  Word* cell_ = nullptr;
  Term list_ = Term::none();
};

Term byte_list(Process& p, std::initializer_list<Term> arguments, Term bits, size_t from, size_t to,
               Term tail) {
  return in_slices<ByteList>(
      p, arguments, [&] { return ByteList(p.heap, bits, from, to, tail); },
      [](const ByteList& list) { return list.result(); });
}

Term binary_to_list_1(Process& p, Term binary) {
  if (!is_binary(binary)) return p.badarg();
  return byte_list(p, {binary}, binary, 0, bits_size(binary) / 8, Term::nil());
}

// Positions count from 1, the last one included.
Term binary_to_list_3(Process& p, Term binary, Term first, Term last) {
  size_t from, to;
  if (!is_bits(binary) || !size_argument(first, &from) || !size_argument(last, &to)) {
    return p.badarg();
  }
  if (from < 1 || to < from || to > bits_size(binary) / 8) return p.badarg();
  return byte_list(p, {binary, first, last}, binary, from - 1, to, Term::nil());
}

Term bitstring_to_list_1(Process& p, Term bits) {
  if (!is_bits(bits)) return p.badarg();
  size_t whole = bits_size(bits) / 8;
  size_t rest = bits_size(bits) % 8;
  Term tail = Term::nil();
  if (rest != 0 && p.suspended == nullptr) {
    tail = make_cons(p.heap, make_part(p.heap, bits, whole * 8, rest), tail);
  }
  return byte_list(p, {bits}, bits, 0, whole, tail);
}

// --- tags for DTrace and SystemTap, as in an OTP built without them ---

Term dt_put_tag_1(Process&, Term) { return atoms::undefined; }
Term dt_get_tag_0(Process&) { return atoms::undefined; }
Term dt_get_tag_data_0(Process&) { return atoms::undefined; }
Term dt_prepend_vm_tag_data_1(Process&, Term data) { return data; }
Term dt_append_vm_tag_data_1(Process&, Term data) { return data; }
Term dt_spread_tag_1(Process& p, Term flag) {
  return flag == atoms::true_ || flag == atoms::false_ ? atoms::true_ : p.badarg();
}
Term dt_restore_tag_1(Process& p, Term tag) {
  return tag == atoms::true_ ? atoms::true_ : p.badarg();
}

const NativeEntry kNatives[] = {
    {"erlang", "byte_size", native<byte_size_1>, kGuard},
    {"erlang", "bit_size", native<bit_size_1>, kGuard},
    {"erlang", "binary_part", native<binary_part_2>, kGuard},
    {"erlang", "binary_part", native<binary_part_3>, kGuard},
    {"binary", "part", native<binary_part_2>},
    {"binary", "part", native<binary_part_3>},
    {"erlang", "split_binary", native<split_binary_2>},
    {"erlang", "binary_to_list", native<binary_to_list_1>},
    {"erlang", "binary_to_list", native<binary_to_list_3>},
    {"erlang", "bitstring_to_list", native<bitstring_to_list_1>},
    {"erlang", "dt_put_tag", native<dt_put_tag_1>},
    {"erlang", "dt_get_tag", native<dt_get_tag_0>},
    {"erlang", "dt_get_tag_data", native<dt_get_tag_data_0>},
    {"erlang", "dt_prepend_vm_tag_data", native<dt_prepend_vm_tag_data_1>},
    {"erlang", "dt_append_vm_tag_data", native<dt_append_vm_tag_data_1>},
    {"erlang", "dt_spread_tag", native<dt_spread_tag_1>},
    {"erlang", "dt_restore_tag", native<dt_restore_tag_1>},
};

}  // namespace

std::span<const NativeEntry> erlang_binary_natives() { return kNatives; }

}  // namespace joist
