#include "loader/load.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "loader/checked_beam.h"
#include "vm/heap/arith.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/term/atom.h"
#include "vm/term/atom_batch.h"

namespace joist {

const ExportIdentity* CodeResolver::find_export(const Mfa& mfa, bool only_existing) {
  // As in OTP a name that somebody has mentioned exists, whether or not the function does.
  if (only_existing) return code_.find_export(mfa);
  return code_.export_entry(mfa);
}

const FunIdentity* CodeResolver::find_fun(const ExternalFun& fun) {
  // Code that is not loaded has an entry too; calling it is what fails. The counts come from
  // outside and are part of the identity: code never runs with another number of free variables.
  FunIdentity identity = {fun.module, fun.arity, fun.free_count, fun.index, fun.old_unique, {}, {}};
  std::memcpy(identity.unique, fun.unique, sizeof identity.unique);
  identity.function = Term::nil();
  return code_.fun_entry(identity);
}

// Definitions are interned: whether a module defines it makes no difference.
const RecordDefinition* CodeResolver::find_record(Term module, Term name, bool exported,
                                                  std::span<const Term> fields) {
  return intern_record_definition(module, name, exported, fields);
}

namespace {

// {file, Name}, as stack traces show it.
Term make_file_location(Allocator& heap, std::string_view utf8) {
  ListBuilder name(heap);
  for (size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<uint8_t>(utf8[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t code_point = length == 1 ? lead : lead & (0x7fu >> length);
    for (size_t k = 1; k < length && i + k < utf8.size(); ++k) {
      code_point = code_point << 6 | (static_cast<uint8_t>(utf8[i + k]) & 0x3f);
    }
    name.add(Term::small(code_point));
    i += length;
  }
  return make_tuple(heap, {atoms::file, name.finish()});
}

class Preparation {
 public:
  Preparation(BeamFile& file, const ModuleSource::Checked& checked, CodeTable& table,
              LiteralSpace& literals)
      : file_(file), checked_(checked), table_(table), literals_(literals) {}

  Result<std::unique_ptr<Module>> run(std::unique_ptr<ModuleSource> source) {
    module_ = std::make_unique<Module>();
    JOIST_TRY(resolve_atoms());
    module().name = terms_.atoms[1];
    JOIST_TRY(decode_literals());
    define_records();
    resolve_imports();
    make_fun_entries();
    copy_strings();
    std::memcpy(module().md5, file_.md5.data(), sizeof module().md5);
    list_functions();
    if (!table_.make_stubs(module(), natives(), source->code_size())) {
      return make_error("the space for code is full");
    }
    source->keep(std::move(file_), std::move(terms_));
    module().source = std::move(source);
    return std::move(module_);
  }

 private:
  Module& module() { return *module_; }

  Result<void> resolve_atoms() {
    terms_.atoms.resize(file_.atoms.size());
    if (!make_atoms(file_.atoms, terms_.atoms.data())) return make_error("the atom table is full");
    return {};
  }

  Result<Term> decode(ByteSpan bytes, const char* what) {
    CodeResolver resolver(table_);
    DecodeOptions options;
    options.resolver = &resolver;
    options.this_node = local_node();
    const std::optional<Decoded> decoded = decode_external(bytes, scratch_, options);
    if (!decoded) return make_error("bad external term representation of %s", what);
    return decoded->term;
  }

  // All of the module's constants go to the literal space as the elements of one tuple.
  Result<void> decode_literals() {
    std::vector<Term> all;
    for (ByteSpan bytes : file_.literals) all.push_back(JOIST_TRY(decode(bytes, "a literal")));
    for (ByteSpan bytes : checked_.big_integers) {
      std::vector<uint8_t> little(bytes.rbegin(), bytes.rend());
      all.push_back(make_integer_from_bytes(scratch_, little.data(), little.size(), true, true));
    }
    std::vector<int64_t> wide;
    const auto add = [&](int64_t value) {
      wide.push_back(value);
      all.push_back(make_integer(scratch_, value));
    };
    for (int64_t value : checked_.wide_integers) add(value);
    for (const RecordField& field : file_.record_fields) {
      if (is_wide_integer(field.value)) add(field.value.value);
    }
    if (!file_.attributes.empty()) {
      all.push_back(JOIST_TRY(decode(file_.attributes, "module attributes")));
    } else {
      all.push_back(Term::nil());
    }
    if (!file_.compile_info.empty()) {
      all.push_back(JOIST_TRY(decode(file_.compile_info, "compilation information")));
    } else {
      all.push_back(Term::nil());
    }
    const std::string own_file = std::string(file_.module_name()) + ".erl";
    all.push_back(make_file_location(scratch_, own_file));
    for (size_t i = 1; i < file_.files.size(); ++i) {
      all.push_back(make_file_location(scratch_, file_.files[i]));
    }
    LiteralSpace::Area area;
    const Term tuple =
        copy_to_literals(literals_, make_tuple(scratch_, std::span<const Term>(all)), &area);
    if (tuple.is_none()) return make_error("the space for literals is full");
    module().literal_space = &literals_;
    module().literal_areas.push_back(area);
    const Term* next = tuple_elements(tuple).data();
    const auto take = [&next](size_t count) {
      const std::vector<Term> taken(next, next + count);
      next += count;
      return taken;
    };
    terms_.literals = take(file_.literals.size());
    terms_.big_integers = take(checked_.big_integers.size());
    for (int64_t value : wide) terms_.wide_integers[value] = *next++;
    module().attributes = *next++;
    module().compile_info = *next++;
    module().files = take(std::max(file_.files.size(), size_t{1}));
    return {};
  }

  void define_records() {
    for (const RecordEntry& record : file_.records) {
      std::vector<Term> fields;
      RecordType type = {};
      for (uint32_t i = 0; i < record.field_count; ++i) {
        const RecordField& field = file_.record_fields[record.first_field + i];
        fields.push_back(terms_.atoms[field.name]);
        type.defaults.push_back(field.has_default ? terms_.constant(field.value) : Term::none());
      }
      type.definition = intern_record_definition(module().name, terms_.atoms[record.name],
                                                 record.exported, fields);
      module().records.push_back(std::move(type));
    }
    terms_.records = module().records;
  }

  void resolve_imports() {
    for (const ImportEntry& import : file_.imports) {
      terms_.imports.push_back(table_.export_entry(
          {terms_.atoms[import.module], terms_.atoms[import.function], import.arity}));
    }
  }

  // By function: the native that it is a stub for, or null.
  std::vector<const ExportEntry*> natives() const {
    std::vector<const ExportEntry*> found;
    for (const FunctionRange& function : module_->functions) {
      const ExportEntry* entry = table_.find_export({module_->name, function.name, function.arity});
      found.push_back(entry != nullptr && entry->native != nullptr ? entry : nullptr);
    }
    return found;
  }

  void make_fun_entries() {
    for (const LambdaEntry& lambda : file_.lambdas) {
      FunIdentity identity = {module().name,
                              lambda.arity - lambda.num_free,
                              lambda.num_free,
                              lambda.index,
                              lambda.old_uniq,
                              {},
                              terms_.atoms[lambda.function]};
      std::memcpy(identity.unique, file_.md5.data(), sizeof identity.unique);
      FunEntry* entry = table_.fun_entry(identity);
      terms_.lambdas.push_back(entry);
      module().funs.push_back(entry);
    }
  }

  void copy_strings() {
    module().strings = std::make_unique<uint8_t[]>(file_.strings.size() + 1);
    std::copy(file_.strings.begin(), file_.strings.end(), module().strings.get());
    terms_.strings = module().strings.get();
  }

  void list_functions() {
    const Verifier& verifier = checked_.verifier;
    module().functions.reserve(verifier.functions().size());
    for (const GenericFunction& function : verifier.functions()) {
      module().functions.push_back({0, 0, terms_.atoms[function.name], function.arity});
    }
    module().fun_functions.reserve(file_.lambdas.size());
    for (const LambdaEntry& lambda : file_.lambdas) {
      module().fun_functions.push_back(verifier.function_of(lambda.label));
    }
    module().exports.reserve(file_.exports.size());
    module().export_functions.reserve(file_.exports.size());
    for (const FunctionEntry& entry : file_.exports) {
      module().exports.push_back({terms_.atoms[entry.function], entry.arity});
      module().export_functions.push_back(verifier.function_of(entry.label));
    }
    module().locals.reserve(file_.locals.size());
    for (const FunctionEntry& entry : file_.locals) {
      module().locals.push_back({terms_.atoms[entry.function], entry.arity});
    }
    module().funs.shrink_to_fit();
    module().on_load = checked_.on_load;
  }

  BeamFile& file_;
  const ModuleSource::Checked& checked_;
  CodeTable& table_;
  LiteralSpace& literals_;
  Allocator scratch_;
  ModuleTerms terms_;
  std::unique_ptr<Module> module_;
};

}  // namespace

Result<std::unique_ptr<CheckedBeam>> check_beam(ByteSpan bytes, const CodeTable& table) {
  auto beam = std::make_unique<CheckedBeam>(JOIST_TRY(parse_tables(bytes)));
  beam->source = std::make_unique<ModuleSource>(table.handlers(), table.counts_ops());
  JOIST_TRY(beam->source->check(beam->file, beam->checked));
  return beam;
}

Result<std::unique_ptr<Module>> prepare_checked(CheckedBeam& beam, CodeTable& table,
                                                LiteralSpace& literals, LineInfo lines) {
  if (lines == LineInfo::kDrop) {
    for (LineEntry& entry : beam.file.lines) entry.line = 0;
  }
  Preparation preparation(beam.file, beam.checked, table, literals);
  std::unique_ptr<Module> module = JOIST_TRY(preparation.run(std::move(beam.source)));
  module->preloaded = lines == LineInfo::kDrop;
  return module;
}

Result<std::unique_ptr<Module>> prepare_beam(ByteSpan bytes, CodeTable& table,
                                             LiteralSpace& literals, LineInfo lines) {
  const std::unique_ptr<CheckedBeam> beam = JOIST_TRY(check_beam(bytes, table));
  return prepare_checked(*beam, table, literals, lines);
}

Result<Term> load_module(ByteSpan bytes, CodeTable& table, LiteralSpace& literals, LineInfo lines) {
  std::unique_ptr<Module> module = JOIST_TRY(prepare_beam(bytes, table, literals, lines));
  const Term name = module->name;
  table.publish(std::move(module));
  return name;
}

}  // namespace joist
