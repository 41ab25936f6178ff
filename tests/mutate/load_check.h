// All that loading does with the bytes of a .beam file, short of running it, for mutants and
// fuzzers: parse_beam(), verify(), transform(), and, where literals and atoms allow it, the back
// end for all functions and publishing. What verify() accepts must still be sound after
// transform().
#pragma once

#include <cstdio>
#include <memory>

#include "bif/registry.h"
#include "loader/control_flow.h"
#include "loader/load.h"
#include "loader/transform.h"
#include "loader/verify.h"
#include "loader/verify_flow.h"
#include "vm/exec/run.h"
#include "vm/term/atom.h"
#include "vm/term/rules.h"

namespace joist {

enum class LoadStep { kRefused, kParsed, kVerified, kLoaded, kUnsound };

class LoadCheck {
 public:
  explicit LoadCheck(int otp_release) { set_term_rules(otp_release); }

  LoadStep load(ByteSpan bytes) {
    auto parsed = parse_beam(bytes);
    if (!parsed.ok()) return LoadStep::kRefused;
    BeamFile file = parsed.take();
    if (!verify(file).ok()) return LoadStep::kParsed;
    const GenericCode code = transform(file, file.code);
    LabelTable labels(file.label_count);
    for (const GenericFunction& function : code.functions) labels.add(code, function);
    FlowScratch scratch;
    for (uint32_t i = 0; i < code.functions.size(); ++i) {
      const FlowResult flow =
          follow_flow(file, code, labels, code.functions[i], i, nullptr, scratch);
      if (!flow.fault.found()) continue;
      std::printf("unsound after transform: instruction %u: %s\n", flow.fault.instruction,
                  flow.fault.what);
      return LoadStep::kUnsound;
    }
    if (++modules_ > kModulesOfATable) renew();
    auto prepared = prepare_beam(bytes, *table_, literals_->space);
    if (!prepared.ok()) return LoadStep::kVerified;
    table_->prepare_all(*prepared.value());
    table_->publish(prepared.take());
    return LoadStep::kLoaded;
  }

 private:
  // Names and funs of all mutants stay in a table, so it is replaced now and then.
  static constexpr size_t kModulesOfATable = 500;
  static constexpr size_t kLiteralBytes = size_t{256} << 20;

  struct Literals {
    Literals() { JOIST_CHECK(space.create(kLiteralBytes)); }
    LiteralSpace space;
  };

  void renew() {
    modules_ = 1;
    table_.reset();
    literals_ = std::make_unique<Literals>();
    table_ = std::make_unique<CodeTable>(handler_table());
    for (std::span<const NativeEntry> natives : native_tables()) {
      for (const NativeEntry& entry : natives) {
        table_->add_native({must_atom(entry.module), must_atom(entry.function), entry.native.arity},
                           entry.native.function, entry.kind == kGuard);
      }
    }
  }

  std::unique_ptr<Literals> literals_;
  std::unique_ptr<CodeTable> table_;
  size_t modules_ = kModulesOfATable;
};

}  // namespace joist
