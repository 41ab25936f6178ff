#include "bif/re_capture.h"

#include <cstring>

#include "vm/codec/iolist.h"
#include "vm/heap/builder.h"
#include "vm/term/atom.h"

namespace joist {

namespace {

// PCRE2's table of names: entries of equal size, sorted by name,
//   | group number, 2 bytes | name, ended by a zero |
struct NameTable {
  explicit NameTable(const Regex& regex) {
    pcre2_pattern_info(regex.code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(regex.code, PCRE2_INFO_NAMEENTRYSIZE, &entry_size);
    if (count != 0) pcre2_pattern_info(regex.code, PCRE2_INFO_NAMETABLE, &entries);
  }
  std::string_view name(uint32_t i) const {
    return reinterpret_cast<const char*>(entries) + i * entry_size + 2;
  }
  uint32_t group(uint32_t i) const {
    const uint8_t* entry = entries + i * entry_size;
    return uint32_t{entry[0]} << 8 | entry[1];
  }

  uint32_t count = 0;
  uint32_t entry_size = 0;
  const uint8_t* entries = nullptr;
};

void add_group(CaptureSpec* spec, uint32_t group) {
  spec->items.push_back({static_cast<uint32_t>(spec->groups.size()), 1});
  spec->groups.push_back(group);
}

// The groups of a name: all where the option dupnames says that names may repeat, else the one
// that a binary search meets. Names end at a zero byte, as PCRE takes them.
void add_name(CaptureSpec* spec, const Regex& regex, const NameTable& names,
              std::string_view name) {
  name = name.substr(0, name.find('\0'));
  CaptureSpec::Item item = {static_cast<uint32_t>(spec->groups.size()), 0};
  bool may_repeat = (regex.options & PCRE2_DUPNAMES) != 0;
  uint32_t low = 0;
  uint32_t high = names.count;
  while (low < high && item.count == 0) {
    uint32_t middle = (low + high) / 2;
    int order = name.compare(names.name(middle));
    if (order == 0) {
      uint32_t from = middle;
      uint32_t to = middle + 1;
      while (may_repeat && from > 0 && names.name(from - 1) == name) --from;
      while (may_repeat && to < names.count && names.name(to) == name) ++to;
      for (; from < to; ++from, ++item.count) spec->groups.push_back(names.group(from));
    } else if (order > 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  spec->items.push_back(item);
}

bool parse_values(Term list, const Regex& regex, CaptureSpec* spec) {
  NameTable names(regex);
  for (; list.is_list(); list = list.tail()) {
    Term value = list.head();
    if (value.is_small()) {
      if (value.small_value() < 0 || value.small_value() > INT32_MAX) return false;
      add_group(spec, static_cast<uint32_t>(value.small_value()));
    } else if (value.is_atom()) {
      add_name(spec, regex, names, atom_text(value));
    } else if (is_bits(value) || value.is_list()) {
      IolistBytes name;
      if (!name.load(value)) return false;
      ByteSpan bytes = name.bytes();
      add_name(spec, regex, names, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    } else {
      return false;
    }
  }
  return list.is_nil();
}

// Entries of one name stand together; each counts once where names may repeat.
bool repeats_name(const NameTable& names, uint32_t i) {
  return i != 0 && names.name(i) == names.name(i - 1);
}

struct Found {
  bool set;
  size_t from;
  size_t to;
};

class CaptureTerms {
 public:
  CaptureTerms(Allocator& heap, CaptureSpec::Type type, ByteSpan text, Term subject)
      : heap_(heap), type_(type), text_(text), subject_(subject) {}

  Term value(Found found) const {
    if (type_ == CaptureSpec::kIndex) return index(found);
    size_t size = found.set && found.to > found.from ? found.to - found.from : 0;
    if (!found.set) found.from = 0;
    ByteSpan part = text_.subspan(size == 0 ? 0 : found.from, size);
    if (type_ == CaptureSpec::kList) {
      return make_string(heap_, {reinterpret_cast<const char*>(part.data()), part.size()});
    }
    if (subject_.is_none()) return make_binary(heap_, part);
    return make_part(heap_, subject_, found.from * 8, size * 8);
  }

 private:
  // \K in a lookahead can put the beginning behind the end.
  Term index(Found found) const {
    if (!found.set) return make_tuple(heap_, {Term::small(-1), Term::small(0)});
    auto from = static_cast<int64_t>(found.from);
    auto to = static_cast<int64_t>(found.to);
    return make_tuple(heap_, {Term::small(from), Term::small(to - from)});
  }

  Allocator& heap_;
  CaptureSpec::Type type_;
  ByteSpan text_;
  Term subject_;
};

}  // namespace

bool parse_capture(const RegexOptions& options, const Regex& regex, CaptureSpec* spec) {
  if (options.capture_type == atoms::index) {
    spec->type = CaptureSpec::kIndex;
  } else if (options.capture_type == atoms::list) {
    spec->type = CaptureSpec::kList;
  } else if (options.capture_type == atoms::binary) {
    spec->type = CaptureSpec::kBinary;
  } else {
    return false;
  }
  Term values = options.capture_values;
  spec->what = CaptureSpec::kListed;
  if (values == atoms::all) {
    spec->what = CaptureSpec::kAll;
  } else if (values == atoms::all_but_first) {
    spec->what = CaptureSpec::kAllButFirst;
  } else if (values == atoms::none || values.is_nil()) {
    spec->what = CaptureSpec::kNone;
  } else if (values == atoms::first) {
    add_group(spec, 0);
  } else if (values == atoms::all_names) {
    NameTable names(regex);
    if (names.count == 0) spec->what = CaptureSpec::kNone;
    bool may_repeat = (regex.options & PCRE2_DUPNAMES) != 0;
    for (uint32_t i = 0; i < names.count; ++i) {
      if (!may_repeat) {
        add_group(spec, names.group(i));
      } else if (!repeats_name(names, i)) {
        add_name(spec, regex, names, names.name(i));
      }
    }
  } else {
    return parse_values(values, regex, spec);
  }
  return true;
}

Term regex_names(Allocator& heap, const Regex& regex) {
  NameTable names(regex);
  bool may_repeat = (regex.options & PCRE2_DUPNAMES) != 0;
  ListBuilder list(heap);
  for (uint32_t i = 0; i < names.count; ++i) {
    if (!may_repeat || !repeats_name(names, i)) list.add(make_binary(heap, names.name(i)));
  }
  return make_tuple(heap, {atoms::namelist, list.finish()});
}

Term capture_result(Allocator& heap, const CaptureSpec& spec, ByteSpan text, Term subject,
                    const size_t* offsets, uint32_t count) {
  if (spec.what == CaptureSpec::kNone) return atoms::match;
  CaptureTerms terms(heap, spec.type, text, subject);
  auto group = [&](uint32_t i) -> Found {
    if (i >= count || offsets[2 * i] == PCRE2_UNSET) return {false, 0, 0};
    return {true, offsets[2 * i], offsets[2 * i + 1]};
  };
  ListBuilder list(heap);
  if (spec.what == CaptureSpec::kListed) {
    for (CaptureSpec::Item item : spec.items) {
      Found found = {false, 0, 0};
      for (uint32_t i = 0; i < item.count && !found.set; ++i) {
        found = group(spec.groups[item.first + i]);
      }
      list.add(terms.value(found));
    }
  } else {
    for (uint32_t i = spec.what == CaptureSpec::kAll ? 0 : 1; i < count; ++i) {
      list.add(terms.value(group(i)));
    }
  }
  return make_tuple(heap, {atoms::match, list.finish()});
}

}  // namespace joist
