#include "tools/cli/vm_setup.h"

#include <algorithm>

#include "bif/registry.h"
#include "tools/cli/facts.h"
#include "vm/base/config.h"
#include "vm/heap/builder.h"
#include "vm/os/file.h"
#include "vm/os/thread.h"

namespace joist::cli {

namespace {

// Which language features are enabled is something that the scanner and the printer ask. Without
// an init process to tell its arguments, the answer that an OTP boot without -enable-feature
// leaves behind is put in place.
Result<void> enable_no_features(Vm& vm) {
  const Term module = must_atom("erl_features");
  const std::pair<const char*, Term> answers[] = {
      {"enabled_features", Term::nil()}, {"keywords", Term::nil()}, {"init_done", atoms::true_}};
  for (const auto& [name, value] : answers) {
    const Term key = make_tuple(vm.process().heap, {module, must_atom(name)});
    if (!vm.put_persistent(key, value)) return make_error("no space for persistent terms");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Vm>> make_vm(const Invocation& invocation, const std::string& root,
                                    const std::vector<std::string>& folders, const VmSize& size) {
  VmOptions options;
  for (const std::string& folder : folders) {
    if (file_kind(folder) != FileKind::kDirectory) {
      return make_error("%s (from -pa): no such folder", folder.c_str());
    }
    options.code_path.add(folder);
  }
  const OtpRoot otp = JOIST_TRY(invocation.otp_root(root));
  options.preloaded_folder = otp.erts + "/ebin";
  options.otp_release = otp.release;
  options.erts_version = otp.erts.substr(otp.erts.rfind('-') + 1);
  JOIST_TRY(options.code_path.add_otp(otp.path));
  for (const NativeFact& fact : JOIST_TRY(load_native_facts(""))) {
    if (fact.in(otp.release) && find_native(fact.module, fact.function, fact.arity) == nullptr) {
      options.missing_natives.push_back({fact.module, fact.function, fact.arity});
    }
  }
  options.gc_stress =
      kStress || (kAssertions && invocation.environment.get("JOIST_GC_STRESS") == "1");
  options.process_limit = size.processes;
  options.schedulers = size.schedulers != 0
                           ? size.schedulers
                           : static_cast<size_t>(std::max(1, cpu_count().available));
  std::unique_ptr<Vm> vm = JOIST_TRY(Vm::create(std::move(options)));
  JOIST_TRY(enable_no_features(*vm));
  return vm;
}

}  // namespace joist::cli
