// Moving, building and taking apart lists and tuples.
#pragma once

#include "vm/exec/dispatch.h"
#include "vm/term/boxed.h"

namespace joist {

struct op_move : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto source, auto destination) {
    destination.set(s, source.get(s));
  }
};

struct op_move_2 : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto source1, auto destination1, auto source2,
                        auto destination2) {
    destination1.set(s, source1.get(s));
    destination2.set(s, source2.get(s));
  }
};

struct op_swap : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto a, auto b) {
    const Term old = a.get(s);
    a.set(s, b.get(s));
    b.set(s, old);
  }
};

struct op_init_y : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto slot) { s.sp[slot.field] = Term::nil().bits(); }
};

struct op_init_ys : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto slots) {
#pragma clang loop vectorize(disable) unroll(disable)
    for (uint32_t i = 0; i < slots.field; ++i) s.sp[slots.cells[i]] = Term::nil().bits();
  }
};

struct op_put_list : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto head, auto tail, auto destination) {
    Word* cell = s.hp;
    s.hp += 2;
    cell[0] = head.get(s).bits();
    cell[1] = tail.get(s).bits();
    destination.set(s, Term::list(cell));
  }
};

struct op_get_list : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto source, auto head, auto tail) {
    const Word* cell = source.get(s).cell();
    const Word first = cell[0];
    const Word rest = cell[1];
    head.set(s, Term::from_bits(first));
    tail.set(s, Term::from_bits(rest));
  }
};

struct op_get_hd : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto source, auto head) {
    head.set(s, source.get(s).head());
  }
};

struct op_get_tl : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto source, auto tail) {
    tail.set(s, source.get(s).tail());
  }
};

struct op_get_tuple_element : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto source, auto offset, auto destination) {
    destination.set(s, Term::from_bits(slot_at(source.get(s).object(), offset.field)));
  }
};

struct op_get_tuple_elements_2 : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto source, auto offset1, auto destination1,
                        auto offset2, auto destination2) {
    Word* tuple = source.get(s).object();
    const Word first = slot_at(tuple, offset1.field);
    const Word second = slot_at(tuple, offset2.field);
    destination1.set(s, Term::from_bits(first));
    destination2.set(s, Term::from_bits(second));
  }
};

struct op_put_tuple : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto destination, auto elements) {
    Word* words = s.hp;
    const size_t size = elements.field;
    s.hp += size + 1;
    words[0] = make_header(Boxed::kTuple, size);
    for (size_t i = 0; i < size; ++i) words[i + 1] = get_source(s, elements.cells[i]).bits();
    destination.set(s, Term::boxed(words));
  }
};

struct op_put_tuple_2 : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto a, auto b, auto destination) {
    Word* words = s.hp;
    s.hp += 3;
    words[0] = make_header(Boxed::kTuple, 2);
    words[1] = a.get(s).bits();
    words[2] = b.get(s).bits();
    destination.set(s, Term::boxed(words));
  }
};

struct op_put_tuple_3 : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto a, auto b, auto c, auto destination) {
    Word* words = s.hp;
    s.hp += 4;
    words[0] = make_header(Boxed::kTuple, 3);
    words[1] = a.get(s).bits();
    words[2] = b.get(s).bits();
    words[3] = c.get(s).bits();
    destination.set(s, Term::boxed(words));
  }
};

struct op_set_tuple_element : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto value, auto tuple, auto offset) {
    slot_at(tuple.get(s).object(), offset.field) = value.get(s).bits();
  }
};

struct op_update_record : FastOp {
  JOIST_INLINE void run(State& s, const Cell*, auto source, auto size, auto destination,
                        auto changes) {
    const Word* from = source.get(s).object();
    Word* to = s.hp;
    s.hp += size.field + 1;
    for (size_t i = 0; i <= size.field; ++i) to[i] = from[i];
    for (uint32_t i = 0; i < changes.field; i += 2) {
      to[changes.cells[i]] = get_source(s, changes.cells[i + 1]).bits();
    }
    destination.set(s, Term::boxed(to));
  }
};

}  // namespace joist
