#include "loader/load.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "loader/specialise.h"
#include "loader/transform.h"
#include "loader/verify.h"
#include "vm/heap/arith.h"
#include "vm/heap/builder.h"
#include "vm/heap/copy.h"
#include "vm/os/memory_count.h"
#include "vm/term/atom.h"

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
  Preparation(const BeamFile& file, const GenericCode& code, CodeTable& table,
              LiteralSpace& literals)
      : file_(file), code_(code), table_(table), literals_(literals) {}

  Result<std::unique_ptr<Module>> run() {
    module_ = std::make_unique<Module>();
    JOIST_TRY(resolve_atoms());
    module().name = terms_.atoms[1];
    JOIST_TRY(decode_literals());
    define_records();
    resolve_imports();
    find_natives();
    make_fun_entries();
    copy_strings();
    std::memcpy(module().md5, file_.md5.data(), sizeof module().md5);
    JOIST_TRY(emit());
    return std::move(module_);
  }

 private:
  Module& module() { return *module_; }

  Result<void> resolve_atoms() {
    for (std::string_view text : file_.atoms) {
      const std::optional<Term> atom = make_atom(text);
      if (!atom) return make_error("the atom table is full");
      terms_.atoms.push_back(*atom);
    }
    return {};
  }

  Result<Term> decode(ByteSpan bytes, const char* what) {
    CodeResolver resolver(table_);
    DecodeOptions options;
    options.resolver = &resolver;
    const std::optional<Decoded> decoded = decode_external(bytes, scratch_, options);
    if (!decoded) return make_error("bad external term representation of %s", what);
    return decoded->term;
  }

  // All of the module's constants go to the literal space as the elements of one tuple.
  Result<void> decode_literals() {
    std::vector<Term> all;
    for (ByteSpan bytes : file_.literals) all.push_back(JOIST_TRY(decode(bytes, "a literal")));
    for (ByteSpan bytes : code_.big_integers) {
      std::vector<uint8_t> little(bytes.rbegin(), bytes.rend());
      all.push_back(make_integer_from_bytes(scratch_, little.data(), little.size(), true, true));
    }
    std::vector<int64_t> wide;
    const auto is_wide = [](const Operand& operand) {
      return operand.kind == OperandKind::kInteger && !Term::fits_small(operand.value);
    };
    const auto add = [&](const Operand& operand) {
      wide.push_back(operand.value);
      all.push_back(make_integer(scratch_, operand.value));
    };
    for (const Operand& operand : code_.operands) {
      if (is_wide(operand)) add(operand);
    }
    for (const RecordField& field : file_.record_fields) {
      if (is_wide(field.value)) add(field.value);
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
    terms_.big_integers = take(code_.big_integers.size());
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

  void find_natives() {
    for (const GenericFunction& function : code_.functions) {
      const ExportEntry* entry =
          table_.find_export({module().name, terms_.atoms[function.name], function.arity});
      const bool has_native = entry != nullptr && entry->native != nullptr;
      terms_.natives.push_back(has_native ? entry : nullptr);
    }
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

  Result<void> emit() {
    Emitter emitter(table_.handlers(), file_.label_count, table_.counts_ops());
    Specialiser(file_, code_, terms_, emitter).run(module());
    if (!emitter.resolve()) return make_error("a label is used but not defined");
    const std::span<const Cell> cells = emitter.cells();
    module().cell_count = cells.size();
    module().cells = std::make_unique_for_overwrite<Cell[]>(cells.size());
    std::copy(cells.begin(), cells.end(), module().cells.get());
    for (const LambdaEntry& lambda : file_.lambdas) {
      module().fun_cells.push_back(emitter.position_of(lambda.label));
    }
    for (const FunctionEntry& entry : file_.exports) {
      module().exports.push_back({terms_.atoms[entry.function], entry.arity});
      module().export_cells.push_back(emitter.position_of(entry.label));
    }
    for (const FunctionEntry& entry : file_.locals) {
      module().locals.push_back({terms_.atoms[entry.function], entry.arity});
    }
    if (code_.on_load != kNoFunction) {
      module().on_load = module().functions[code_.on_load].entry;
    }
    // They were of unknown length until now and stay as long as the module.
    module().lines.shrink_to_fit();
    module().functions.shrink_to_fit();
    module().exports.shrink_to_fit();
    module().export_cells.shrink_to_fit();
    module().locals.shrink_to_fit();
    module().funs.shrink_to_fit();
    module().fun_cells.shrink_to_fit();
    return {};
  }

  const BeamFile& file_;
  const GenericCode& code_;
  CodeTable& table_;
  LiteralSpace& literals_;
  Allocator scratch_;
  ModuleTerms terms_;
  std::unique_ptr<Module> module_;
};

}  // namespace

Result<std::unique_ptr<Module>> prepare_module(const BeamFile& file, const GenericCode& code,
                                               CodeTable& table, LiteralSpace& literals) {
  return Preparation(file, code, table, literals).run();
}

Result<std::unique_ptr<Module>> prepare_beam(ByteSpan bytes, CodeTable& table,
                                             LiteralSpace& literals, LineInfo lines) {
  // What is made here is many times as large as the module, and most of it gone at the end.
  const PromptReturn prompt_return;
  BeamFile file = JOIST_TRY(parse_beam(bytes));
  JOIST_TRY(verify(file));
  if (lines == LineInfo::kDrop) {
    for (LineEntry& entry : file.lines) entry.line = 0;
  }
  const GenericCode code = transform(file, std::move(file.code));
  std::unique_ptr<Module> module = JOIST_TRY(prepare_module(file, code, table, literals));
  module->preloaded = lines == LineInfo::kDrop;
  return module;
}

Result<Term> load_module(ByteSpan bytes, CodeTable& table, LiteralSpace& literals, LineInfo lines) {
  std::unique_ptr<Module> module = JOIST_TRY(prepare_beam(bytes, table, literals, lines));
  const Term name = module->name;
  table.publish(std::move(module));
  return name;
}

}  // namespace joist
