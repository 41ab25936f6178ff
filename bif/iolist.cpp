// Natives that make binaries of iodata.
#include "vm/codec/iolist.h"

#include "bif/in_slices.h"

namespace joist {

namespace {

Term joined(Process& p, Term iodata, IolistKind kind) {
  return in_slices<IolistJoin>(
      p, {iodata}, [&] { return IolistJoin(p.heap, iodata, kind); },
      [](IolistJoin& join) { return join.result(); });
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
  return in_slices<IolistMeasure>(
      p, {iodata}, [&] { return IolistMeasure(iodata); },
      [&p](IolistMeasure& measure) { return make_unsigned(p.heap, measure.size()); });
}

Term iolist_to_iovec_1(Process& p, Term iodata) {
  if (is_binary(iodata)) {
    return bits_size(iodata) == 0 ? Term::nil() : make_cons(p.heap, iodata, Term::nil());
  }
  return in_slices<IovecMaker>(
      p, {iodata}, [&] { return IovecMaker(p.heap, iodata); },
      [](IovecMaker& maker) { return maker.finish(); });
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
