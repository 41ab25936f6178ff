#include "vm/nif/library.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "vm/code/code_table.h"
#include "vm/code/instr.h"
#include "vm/code/overwrite.h"
#include "vm/heap/builder.h"
#include "vm/nif/interface.h"
#include "vm/nif/resource.h"
#include "vm/term/print.h"

namespace joist {

namespace {

std::string text_of(const char* format, ...) __attribute__((format(printf, 1, 2)));
std::string text_of(const char* format, ...) {
  char text[4096];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

// Fields that came with later versions of the interface have no value in older entries.
struct ModernEntry {
  explicit ModernEntry(const abi::NifEntry& entry) : original(entry) {
    if (at_least(1)) vm_variant = entry.vm_variant;
    if (at_least(14)) min_erts = entry.min_erts;
    for (int i = 0; i < entry.function_count; ++i) {
      if (at_least(7)) {
        functions.push_back(entry.functions[i]);
      } else {
        const auto& old = reinterpret_cast<const abi::OldNifFunc*>(entry.functions)[i];
        functions.push_back({old.name, old.arity, old.function, 0});
      }
    }
  }
  bool at_least(int minor) const {
    return original.major > abi::kNifMajor ||
           (original.major == abi::kNifMajor && original.minor >= minor);
  }
  const abi::NifEntry& original;
  const char* vm_variant = abi::kVmVariant;
  const char* min_erts = "erts-?";
  std::vector<abi::NifFunc> functions;
};

std::vector<FunctionName> declared_natives(const Module& module, bool* any) {
  std::vector<FunctionName> names;
  *any = false;
  for (Term list = module.attributes; list.is_list(); list = list.tail()) {
    const Term attribute = list.head();
    if (!is_tuple(attribute) || tuple_size(attribute) != 2) continue;
    if (!(tuple_elements(attribute)[0] == atoms::nifs)) continue;
    *any = true;
    for (Term each = tuple_elements(attribute)[1]; each.is_list(); each = each.tail()) {
      if (!is_tuple(each.head()) || tuple_size(each.head()) != 2) continue;
      const std::span<const Term> parts = tuple_elements(each.head());
      if (!parts[1].is_small()) continue;
      names.push_back({parts[0], static_cast<uint32_t>(parts[1].small_value())});
    }
  }
  return names;
}

bool contains(const std::vector<FunctionName>& names, Term name, uint32_t arity) {
  for (const FunctionName& each : names) {
    if (each.name == name && each.arity == arity) return true;
  }
  return false;
}

}  // namespace

// One load_nif/2, step by step; `error_` says at which it failed.
class NifLoading {
 public:
  NifLoading(NifLibraries& libraries, Process& p, Module& module)
      : libraries_(libraries), p_(p), module_(module) {}

  Term run(const std::string& path, Term info) {
    const bool done = open(path) && check_version() && check_functions() && initialise(info);
    if (!done) {
      ResourceTypes& types = NativeInterface::current()->types();
      types.roll_back();
      return error_;
    }
    commit();
    return atoms::ok;
  }

 private:
  bool fail(const char* tag, const std::string& text) {
    const Term reason = make_tuple(p_.heap, {must_atom(tag), make_string(p_.heap, text)});
    error_ = make_tuple(p_.heap, {atoms::error, reason});
    return false;
  }
  bool bad_lib(const std::string& text) { return fail("bad_lib", text); }
  std::string module_name() const { return term_text(module_.name); }

  bool open(const std::string& path) {
    if (libraries_.of(module_) != nullptr) {
      return fail("reload", "NIF library already loaded (reload disallowed since OTP 20).");
    }
    const std::string file = path + ".so";
    Result<DynLib> opened = DynLib::open(file);
    if (!opened) {
      const std::string& why = opened.error().text;
      const bool names_it = why.find(path) != std::string::npos;
      return fail("load_failed", "Failed to load NIF library" +
                                     (names_it ? ": '" + why : " " + path + ": '" + why) + "'");
    }
    object_ = std::make_shared<DynLib>(opened.take());
    auto* init = reinterpret_cast<abi::NifEntry* (*)()>(object_->symbol("nif_init"));
    if (init == nullptr) {
      return bad_lib("Failed to find library init function: '" + file +
                     ": undefined symbol: nif_init'");
    }
    const abi::NifEntry* entry = init();
    if (entry == nullptr) return bad_lib("Library init-call unsuccessful");
    entry_.emplace(*entry);
    return true;
  }

  bool check_version() {
    const abi::NifEntry& entry = entry_->original;
    const int minor = abi::nif_minor(p_.runtime->otp_release);
    if (entry.major > abi::kNifMajor || (entry.major == abi::kNifMajor && entry.minor > minor)) {
      return bad_lib(
          text_of("That '%s' NIF library needs %s or newer. Either try to recompile the "
                  "NIF lib or use a newer erts runtime.",
                  module_name().c_str(), entry_->min_erts));
    }
    // 2.5 was an experiment of its own.
    if (entry.major < abi::kNifMajor || entry.minor == 5) {
      return bad_lib(
          text_of("That old NIF library (%d.%d) is not compatible with this erts runtime "
                  "(%d.%d). Try recompile the NIF lib.",
                  entry.major, entry.minor, abi::kNifMajor, minor));
    }
    if (strcmp(entry_->vm_variant, abi::kVmVariant) != 0) {
      return bad_lib(text_of("Library (%s) not compiled for this vm variant (%s).",
                             entry_->vm_variant, abi::kVmVariant));
    }
    if (entry.name != atom_text(module_.name)) {
      return bad_lib(text_of("Library module name '%s' does not match calling module '%s'",
                             entry.name, module_name().c_str()));
    }
    return true;
  }

  bool check_functions() {
    bool declares = false;
    const std::vector<FunctionName> declared = declared_natives(module_, &declares);
    for (const abi::NifFunc& function : entry_->functions) {
      const std::string name =
          text_of("%s:%s/%u", module_name().c_str(), function.name, function.arity);
      const std::optional<Term> atom = existing_atom(function.name);
      const FunctionRange* range = atom ? find_function(*atom, function.arity) : nullptr;
      if (range == nullptr) return bad_lib("Function not found " + name);
      if (declares && !contains(declared, *atom, function.arity)) {
        return bad_lib("Function not declared as nif " + name);
      }
      if (function.flags > abi::kDirtyIoBound) {
        return bad_lib(text_of("Illegal flags field value %d for NIF %s",
                               static_cast<int>(function.flags), name.c_str()));
      }
      for (const FunctionRange* other : ranges_) {
        if (other == range) return bad_lib("Duplicate NIF entry for " + name);
      }
      ranges_.push_back(range);
    }
    return true;
  }

  const FunctionRange* find_function(Term name, uint32_t arity) const {
    for (const FunctionRange& range : module_.functions) {
      if (range.name == name && range.arity == arity) return &range;
    }
    return nullptr;
  }

  bool initialise(Term info) {
    library_ = new NifLibrary(object_, module_.name);
    const abi::NifEntry& entry = entry_->original;
    NifLibrary* former = libraries_.former(module_);
    int veto = 0;
    const char* tag = "load";
    if (former != nullptr) {
      tag = "upgrade";
      if (entry.upgrade == nullptr) {
        forget_library();
        return fail(tag, "Upgrade not supported by this NIF library.");
      }
      NifEnv env(&p_, library_);
      void* former_data = former->priv_data;
      veto = entry.upgrade(&env, &library_->priv_data, &former->priv_data, info.bits());
      if (veto != 0) former->priv_data = former_data;
    } else if (entry.load != nullptr) {
      NifEnv env(&p_, library_);
      veto = entry.load(&env, &library_->priv_data, info.bits());
    }
    if (veto == 0) return true;
    forget_library();
    return fail(tag, text_of("Library %s-call unsuccessful (%d).", tag, veto));
  }

  void forget_library() {
    library_->release();  // it has no unload function yet
    library_ = nullptr;
  }

  void commit() {
    NativeInterface::current()->types().commit(*library_);
    NativeInterface::current()->add_taint(module_.name);
    library_->unload = entry_->original.unload;
    MutexLock lock(libraries_.mutex_);
    NifLibraries::Loaded& loaded = libraries_.loaded_[&module_];
    loaded.library = library_;
    for (size_t i = 0; i < ranges_.size(); ++i) {
      const FunctionRange& range = *ranges_[i];
      const abi::NifFunc& function = entry_->functions[i];
      // Whoever sets a breakpoint there expects a function's code.
      const auto index = static_cast<uint32_t>(&range - module_.functions.data());
      auto* cells = const_cast<Cell*>(libraries_.runtime_.code->prepare(module_, index));
      const NifEntry* entry =
          libraries_.new_entry(*library_, {module_.name, range.name, range.arity},
                               function.function, function.flags, cells);
      overwrite_code(module_, cells, entry->native_stub);
      loaded.functions.push_back({range.name, range.arity});
    }
  }

  NifLibraries& libraries_;
  Process& p_;
  Module& module_;
  SharedObject object_;
  std::optional<ModernEntry> entry_;
  std::vector<const FunctionRange*> ranges_;
  NifLibrary* library_ = nullptr;
  Term error_ = Term::nil();
};

NifLibraries::~NifLibraries() = default;

Term NifLibraries::load(Process& p, Module& module, const std::string& path, Term info) {
  return NifLoading(*this, p, module).run(path, info);
}

NifEntry* NifLibraries::new_entry(NifLibrary& library, const Mfa& mfa, abi::NifFunction function,
                                  unsigned flags, const Cell* home) {
  NifEntry& entry = entries_.emplace_back();
  entry.mfa = mfa;
  entry.native_stub[0] =
      runtime_.code->handlers().handlers[static_cast<size_t>(Op::native_stub)][0];
  entry.native_stub[1] = reinterpret_cast<Cell>(static_cast<ExportEntry*>(&entry));
  entry.code.store(home, std::memory_order_release);
  entry.native = entry.entered = call_nif;
  entry.dirty_io = (flags & abi::kDirtyIoBound) != 0;
  entry.is_dirty = flags != 0;
  entry.library = &library;
  entry.function = function;
  return &entry;
}

const NifEntry* NifLibraries::scheduled_entry(NifLibrary& library, const Mfa& mfa,
                                              abi::NifFunction function, unsigned flags,
                                              const Cell* home) {
  MutexLock lock(mutex_);
  const ScheduledKey key{&library, mfa.function.bits(), mfa.arity, function, flags};
  const NifEntry*& entry = scheduled_[key];
  if (entry == nullptr) entry = new_entry(library, mfa, function, flags, home);
  return entry;
}

NifLibrary* NifLibraries::of(const Module& module) {
  MutexLock lock(mutex_);
  const auto found = loaded_.find(&module);
  return found == loaded_.end() ? nullptr : found->second.library;
}

NifLibrary* NifLibraries::former(const Module& module) {
  MutexLock lock(mutex_);
  for (const auto& [other, loaded] : loaded_) {
    if (other != &module && other->name == module.name) return loaded.library;
  }
  return nullptr;
}

std::vector<FunctionName> NifLibraries::functions(const Module& module) {
  MutexLock lock(mutex_);
  const auto found = loaded_.find(&module);
  return found == loaded_.end() ? std::vector<FunctionName>() : found->second.functions;
}

void NifLibraries::purged(const Module& module) {
  NifLibrary* library;
  {
    MutexLock lock(mutex_);
    const auto found = loaded_.find(&module);
    if (found == loaded_.end()) return;
    library = found->second.library;
    loaded_.erase(found);
    std::erase_if(scheduled_, [&](const auto& each) { return std::get<0>(each.first) == library; });
  }
  NativeInterface::current()->types().forget(*library);
  library->release();
}

void NifLibrary::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (unload != nullptr) {
    OwnEnv env(this);
    unload(&env, priv_data);
  }
  delete this;
}

}  // namespace joist
