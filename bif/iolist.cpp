// Natives that make binaries of iodata.
#include "vm/codec/iolist.h"

#include "vm/proc/native.h"

namespace joist {

namespace {

constexpr size_t kBytesPerReduction = 64;

Term joined(Process& p, Term iodata, IolistKind kind) {
  Term bits = iolist_to_bits(p.heap, iodata, kind);
  if (bits.is_none()) return p.badarg();
  p.charge(static_cast<int64_t>(bits_size(bits) / 8 / kBytesPerReduction));
  return bits;
}

Term iolist_to_binary_1(Process& p, Term iodata) { return joined(p, iodata, IolistKind::kBytes); }

Term list_to_binary_1(Process& p, Term list) {
  if (!list.is_list() && !list.is_nil()) return p.badarg();
  return joined(p, list, IolistKind::kBytes);
}

Term list_to_bitstring_1(Process& p, Term list) {
  if (!list.is_list() && !list.is_nil()) return p.badarg();
  return joined(p, list, IolistKind::kBits);
}

Term iolist_size_1(Process& p, Term iodata) {
  std::optional<size_t> size = iolist_size(iodata);
  if (!size) return p.badarg();
  p.charge(static_cast<int64_t>(*size / kBytesPerReduction));
  return make_unsigned(p.heap, *size);
}

Term iolist_to_iovec_1(Process& p, Term iodata) {
  Term parts = iolist_to_iovec(p.heap, iodata);
  return parts.is_none() ? p.badarg() : parts;
}

const NativeEntry kNatives[] = {
    {"erlang", "iolist_to_binary", native<iolist_to_binary_1>},
    {"erlang", "iolist_size", native<iolist_size_1>},
    {"erlang", "iolist_to_iovec", native<iolist_to_iovec_1>},
    {"erlang", "list_to_binary", native<list_to_binary_1>},
    {"erlang", "list_to_bitstring", native<list_to_bitstring_1>},
    {"binary", "list_to_bin", native<list_to_binary_1>},
};

}  // namespace

std::span<const NativeEntry> iolist_natives() { return kNatives; }

}  // namespace joist
