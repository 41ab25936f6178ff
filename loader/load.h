// From verified code to a module that can be called: resolves atoms, literals, imports and funs,
// runs the back end, and publishes.
//
//   bytes -> parse_tables -> Verifier -> Module of stubs -> CodeTable::publish
//            (loader/checked_beam.h)
//
// and when a function is first called: CodeTable::prepare -> ModuleSource::prepare
#pragma once

#include <memory>
#include <vector>

#include "loader/beam_file.h"
#include "vm/code/code_table.h"
#include "vm/codec/etf.h"
#include "vm/heap/literals.h"

namespace joist {

// What external terms in a module refer to: export entries of the code table.
class CodeResolver : public ExternalResolver {
 public:
  explicit CodeResolver(CodeTable& code) : code_(code) {}
  const ExportIdentity* find_export(const Mfa& mfa, bool only_existing) override;
  const FunIdentity* find_fun(const ExternalFun& fun) override;
  const RecordDefinition* find_record(Term module, Term name, bool exported,
                                      std::span<const Term> fields) override;

 private:
  CodeTable& code_;
};

// Whether stack traces show lines. Those of OTP's preloaded modules do not: they are part of the
// emulator there, without their line tables.
enum class LineInfo : uint8_t { kKeep, kDrop };

// All steps but the last. The module's functions are not prepared yet.
Result<std::unique_ptr<Module>> prepare_beam(ByteSpan bytes, CodeTable& table,
                                             LiteralSpace& literals,
                                             LineInfo lines = LineInfo::kKeep);

// All of the steps. The module's name, as an atom, or what is wrong.
Result<Term> load_module(ByteSpan bytes, CodeTable& table, LiteralSpace& literals,
                         LineInfo lines = LineInfo::kKeep);

}  // namespace joist
