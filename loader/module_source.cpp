#include "loader/module_source.h"

#include <algorithm>
#include <span>

#include "loader/function_reader.h"
#include "loader/transform.h"
#include "vm/term/atom.h"

namespace joist {

Result<void> ModuleSource::check(const BeamFile& file, Checked& checked) {
  JOIST_TRY(checked.verifier.check_release());
  // Copied first: who gave the bytes may change them meanwhile.
  code_.assign(file.code_bytes.begin(), file.code_bytes.end());
  begins_.reserve(std::min(size_t{file.function_count}, code_.size()) + 1);
  checked.big_integers = file.code.big_integers;  // those of records come first
  GenericCode code;
  FunctionReader reader(file, code_, code);
  while (true) {
    code.clear();
    code.first_big_integer = static_cast<uint32_t>(checked.big_integers.size());
    if (!JOIST_TRY(reader.next())) break;
    begins_.push_back(reader.begin());
    JOIST_TRY(check_function(code, checked, static_cast<uint32_t>(begins_.size() - 1)));
  }
  begins_.push_back(reader.end());
  checked.on_load = code.on_load;
  JOIST_TRY(checked.verifier.finish());
  std::sort(entry_labels_.begin(), entry_labels_.end(),
            [](const EntryLabel& a, const EntryLabel& b) { return a.label < b.label; });
  return {};
}

Result<void> ModuleSource::check_function(GenericCode& code, Checked& checked, uint32_t number) {
  GenericFunction& function = code.functions[0];
  JOIST_TRY(checked.verifier.check(code, function));
  entry_labels_.push_back({function.entry_label, number});
  if (function.clear_frames || !code.clear_x.empty() || !code.dead_labels.empty() ||
      !code.big_integers.empty()) {
    remarks_.emplace(number, Remarks{function.clear_frames, code.first_big_integer, code.clear_x,
                                     code.dead_labels});
  }
  checked.big_integers.insert(checked.big_integers.end(), code.big_integers.begin(),
                              code.big_integers.end());
  checked.wide_integers.insert(checked.wide_integers.end(), code.wide_integers.begin(),
                               code.wide_integers.end());
  return {};
}

void ModuleSource::keep(BeamFile file, ModuleTerms terms) {
  file_ = std::move(file);
  terms_ = std::move(terms);
  // Of the tables that lie in the file's bytes only atoms are looked at again.
  for (size_t i = 1; i < terms_.atoms.size(); ++i) file_.atoms[i] = atom_text(terms_.atoms[i]);
  const auto drop = [](auto& table) { std::remove_reference_t<decltype(table)>().swap(table); };
  drop(file_.chunks);
  drop(file_.exports);
  drop(file_.locals);
  drop(file_.literals);
  drop(file_.files);
  drop(file_.types);
  drop(file_.record_fields);
  drop(file_.records);
  drop(file_.file_bytes);
  drop(file_.literal_bytes);
  drop(file_.atom_bytes);
  file_.strings = file_.attributes = file_.compile_info = file_.code_bytes = {};
  file_.atoms.shrink_to_fit();
  file_.imports.shrink_to_fit();
  file_.lambdas.shrink_to_fit();
  file_.lines.shrink_to_fit();
  begins_.shrink_to_fit();
  entry_labels_.shrink_to_fit();
  code_.resize(begins_.back());
  code_.shrink_to_fit();
  terms_.atoms.shrink_to_fit();
  terms_.imports.shrink_to_fit();
  terms_.lambdas.shrink_to_fit();
}

GenericCode ModuleSource::read(uint32_t number) const {
  GenericCode code;
  const auto found = remarks_.find(number);
  if (found != remarks_.end()) {
    code.first_big_integer = found->second.first_big_integer;
    code.clear_x = found->second.clear_x;
    code.dead_labels = found->second.dead_labels;
  }
  const ByteSpan bytes =
      ByteSpan(code_).subspan(begins_[number], begins_[number + 1] - begins_[number]);
  code.instructions.reserve(bytes.size() / 5);
  code.operands.reserve(bytes.size() / 2);
  InstructionReader reader(file_, bytes, code);
  bool sound = true;
  while (sound && !reader.at_end()) sound = reader.next() && reader.read_body();
  Result<GenericFunction> function = find_function(code, 0);
  if (!sound || !function.ok()) fatal("checked code cannot be read");
  code.functions.push_back(function.take());
  code.functions[0].clear_frames = found != remarks_.end() && found->second.clear_frames;
  return code;
}

uint32_t ModuleSource::function_of(uint32_t label) const {
  const auto found =
      std::lower_bound(entry_labels_.begin(), entry_labels_.end(), label,
                       [](const EntryLabel& each, uint32_t wanted) { return each.label < wanted; });
  if (found == entry_labels_.end() || found->label != label) fatal("a label is not defined");
  return found->function;
}

PreparedFunction ModuleSource::prepare(uint32_t number) const {
  const GenericCode code = transform(file_, read(number));
  PreparedFunction function;
  Emitter emitter(handlers_, OwnLabels(code.instructions, code.operands), counting_);
  Specialiser(file_, code, terms_, emitter).run(function);
  if (!emitter.resolve()) fatal("a label is used but not defined");
  function.cells.assign(emitter.cells().begin(), emitter.cells().end());
  for (const Emitter::Outside& field : emitter.outside()) {
    function.calls.push_back({field.instruction, field.offset, function_of(field.label)});
  }
  return function;
}

size_t ModuleSource::bytes() const {
  const auto size = [](const auto& table) { return std::span(table).size_bytes(); };
  return sizeof(*this) + size(code_) + size(begins_) + size(entry_labels_) + size(file_.atoms) +
         size(file_.imports) + size(file_.lambdas) + size(file_.lines) + size(terms_.atoms) +
         size(terms_.literals) + size(terms_.imports) + size(terms_.lambdas);
}

}  // namespace joist
