// Tuple functions of module erlang, and size/1.
#include <optional>

#include "bif/in_slices.h"
#include "bif/list_length.h"
#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/sched/dirty_call.h"

namespace joist {
namespace {

constexpr size_t kMaxTupleSize = (size_t{1} << 24) - 1;

// The place that a position from 1 to `last` stands for; nullopt: not such a position.
std::optional<size_t> index_of(Term position, size_t last) {
  if (!position.is_small() || position.small_value() < 1) return std::nullopt;
  size_t index = static_cast<size_t>(position.small_value());
  if (index > last) return std::nullopt;
  return index - 1;
}

// Larger ones than this are left to a dirty thread to copy.
constexpr size_t kLargeTuple = size_t{256} << 10;

bool is_for_dirty(const Process& p, size_t size) { return on_scheduler(p) && size > kLargeTuple; }

Term copy_of(Process& p, Term tuple) {
  p.charge(static_cast<int64_t>(tuple_size(tuple)) / kCellsPerReduction);
  return joist::make_tuple(p.heap, tuple_elements(tuple));
}

Term element_2(Process& p, Term position, Term tuple) {
  if (!is_tuple(tuple)) return p.badarg();
  std::optional<size_t> index = index_of(position, tuple_size(tuple));
  return index ? tuple_elements(tuple)[*index] : p.badarg();
}

Term setelement_3(Process& p, Term position, Term tuple, Term value) {
  if (!is_tuple(tuple)) return p.badarg();
  std::optional<size_t> index = index_of(position, tuple_size(tuple));
  if (!index) return p.badarg();
  if (is_for_dirty(p, tuple_size(tuple))) return hand_over(p, {position, tuple, value});
  Term result = copy_of(p, tuple);
  tuple_elements(result)[*index] = value;
  return result;
}

Term tuple_size_1(Process& p, Term tuple) {
  if (!is_tuple(tuple)) return p.badarg();
  return Term::small(static_cast<int64_t>(tuple_size(tuple)));
}

// Of a tuple, or of the whole bytes of a bitstring.
Term size_1(Process& p, Term term) {
  if (is_tuple(term)) return Term::small(static_cast<int64_t>(tuple_size(term)));
  if (is_bits(term)) return Term::small(static_cast<int64_t>(bits_size(term) / 8));
  return p.badarg();
}

// none(): not a size that a tuple can have.
Term filled_tuple(Process& p, Term size, Term value) {
  if (!size.is_small() || size.small_value() < 0) return Term::none();
  size_t count = static_cast<size_t>(size.small_value());
  if (count > kMaxTupleSize) return Term::none();
  p.charge(static_cast<int64_t>(count) / kCellsPerReduction);
  Term tuple = make_tuple_uninitialised(p.heap, count);
  for (Term& element : tuple_elements(tuple)) element = value;
  return tuple;
}

bool is_large_size(const Process& p, Term size) {
  return size.is_small() && size.small_value() > 0 &&
         is_for_dirty(p, static_cast<size_t>(size.small_value()));
}

Term make_tuple_2(Process& p, Term size, Term value) {
  if (is_large_size(p, size)) return hand_over(p, {size, value});
  Term tuple = filled_tuple(p, size, value);
  return tuple.is_none() ? p.badarg() : tuple;
}

Term make_tuple_3(Process& p, Term size, Term value, Term settings) {
  if (is_large_size(p, size)) return hand_over(p, {size, value, settings});
  Term tuple = filled_tuple(p, size, value);
  if (tuple.is_none()) return p.badarg();
  for (; settings.is_list(); settings = settings.tail()) {
    Term setting = settings.head();
    if (!is_tuple(setting) || tuple_size(setting) != 2) return p.badarg();
    std::optional<size_t> index = index_of(tuple_elements(setting)[0], tuple_size(tuple));
    if (!index) return p.badarg();
    tuple_elements(tuple)[*index] = tuple_elements(setting)[1];
  }
  return settings.is_nil() ? tuple : p.badarg();
}

// A tuple of one element more, which comes to `index`.
Term inserted(Process& p, Term tuple, size_t index, Term value) {
  std::span<Term> from = tuple_elements(tuple);
  if (from.size() >= kMaxTupleSize) return p.badarg();
  p.charge(static_cast<int64_t>(from.size()) / kCellsPerReduction);
  Term result = make_tuple_uninitialised(p.heap, from.size() + 1);
  std::span<Term> to = tuple_elements(result);
  for (size_t i = 0; i < index; ++i) to[i] = from[i];
  to[index] = value;
  for (size_t i = index; i < from.size(); ++i) to[i + 1] = from[i];
  return result;
}

Term append_element_2(Process& p, Term tuple, Term value) {
  if (!is_tuple(tuple)) return p.badarg();
  if (is_for_dirty(p, tuple_size(tuple))) return hand_over(p, {tuple, value});
  return inserted(p, tuple, tuple_size(tuple), value);
}

Term insert_element_3(Process& p, Term position, Term tuple, Term value) {
  if (!is_tuple(tuple)) return p.badarg();
  if (is_for_dirty(p, tuple_size(tuple))) return hand_over(p, {position, tuple, value});
  std::optional<size_t> index = index_of(position, tuple_size(tuple) + 1);
  return index ? inserted(p, tuple, *index, value) : p.badarg();
}

Term delete_element_2(Process& p, Term position, Term tuple) {
  if (!is_tuple(tuple)) return p.badarg();
  std::span<Term> from = tuple_elements(tuple);
  std::optional<size_t> index = index_of(position, from.size());
  if (!index) return p.badarg();
  if (is_for_dirty(p, from.size())) return hand_over(p, {position, tuple});
  p.charge(static_cast<int64_t>(from.size()) / kCellsPerReduction);
  Term result = make_tuple_uninitialised(p.heap, from.size() - 1);
  std::span<Term> to = tuple_elements(result);
  for (size_t i = 0; i < *index; ++i) to[i] = from[i];
  for (size_t i = *index + 1; i < from.size(); ++i) to[i - 1] = from[i];
  return result;
}

class TupleToList {
 public:
  TupleToList(Allocator& heap, Term tuple)
      : elements_(tuple_elements(tuple)),
        cell_(elements_.empty() ? nullptr : heap.alloc(2 * elements_.size())),
        list_(elements_.empty() ? Term::nil() : Term::list(cell_)) {}

  Progress run(int64_t* budget) {
    for (; !elements_.empty(); elements_ = elements_.subspan(1), cell_ += 2) {
      if (--*budget < 0) return Progress::kPaused;
      cell_[0] = elements_[0].bits();
      cell_[1] = Term::list(cell_ + 2).bits();
    }
    if (cell_ != nullptr) cell_[-1] = Term::nil().bits();
    return Progress::kDone;
  }
  Term result() const { return list_; }

 private:
  std::span<const Term> elements_;
  Word* cell_;
  Term list_;
};

Term tuple_to_list_1(Process& p, Term tuple) {
  if (!is_tuple(tuple)) return p.badarg();
  return in_slices<TupleToList>(
      p, {tuple}, [&] { return TupleToList(p.heap, tuple); },
      [](const TupleToList& work) { return work.result(); });
}

class ListToTuple {
 public:
  ListToTuple(Allocator& heap, Term list) : heap_(heap), rest_(list), length_(list) {}

  Progress run(int64_t* budget) {
    if (tuple_.is_none()) {
      const Progress counted = length_.run(budget);
      if (counted != Progress::kDone) return counted;
      if (length_.length > kMaxTupleSize) return Progress::kRefused;
      tuple_ = make_tuple_uninitialised(heap_, length_.length);
      next_ = tuple_elements(tuple_).data();
    }
    for (; rest_.is_list(); rest_ = rest_.tail()) {
      if (--*budget < 0) return Progress::kPaused;
      *next_++ = rest_.head();
    }
    return Progress::kDone;
  }
  Term result() const { return tuple_; }

 private:
  Allocator& heap_;
  Term rest_;
  ListLength length_;
  Term tuple_ = Term::none();
  Term* next_ = nullptr;
};

Term list_to_tuple_1(Process& p, Term list) {
  return in_slices<ListToTuple>(
      p, {list}, [&] { return ListToTuple(p.heap, list); },
      [](const ListToTuple& work) { return work.result(); });
}

constexpr NativeEntry kErlangTupleNatives[] = {
    {"erlang", "append_element", native<append_element_2>},
    {"erlang", "delete_element", native<delete_element_2>},
    {"erlang", "element", native<element_2>, kGuard},
    {"erlang", "insert_element", native<insert_element_3>},
    {"erlang", "list_to_tuple", native<list_to_tuple_1>},
    {"erlang", "make_tuple", native<make_tuple_2>},
    {"erlang", "make_tuple", native<make_tuple_3>},
    {"erlang", "setelement", native<setelement_3>},
    {"erlang", "size", native<size_1>, kGuard},
    {"erlang", "tuple_size", native<tuple_size_1>, kGuard},
    {"erlang", "tuple_to_list", native<tuple_to_list_1>},
};

}  // namespace

std::span<const NativeEntry> erlang_tuple_natives() { return kErlangTupleNatives; }

}  // namespace joist
