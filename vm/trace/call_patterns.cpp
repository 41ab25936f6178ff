#include "vm/trace/call_patterns.h"

#include <algorithm>

#include "vm/code/instr.h"
#include "vm/proc/process.h"

namespace joist {

namespace {

// What the entry of a traced native runs: the interpreter does the rest (settle_native).
Term enter_traced_native(Process& p, const Term*) {
  p.outcome = NativeOutcome::kTraced;
  return Term::none();
}

void restart(CountState& state, PatternChange::Action action) {
  if (action == PatternChange::Action::kSet) state = CountState::kOn;
  if (action == PatternChange::Action::kClear) state = CountState::kOff;
  if (state == CountState::kOff) return;
  state = action == PatternChange::Action::kPause ? CountState::kPaused : CountState::kOn;
}

void change_trace(FunctionTrace& trace, const PatternChange& change) {
  using Action = PatternChange::Action;
  const bool sets = change.action == Action::kSet;
  const bool clears = change.action == Action::kClear;
  if (!change.breakpoint) {
    if (sets) {
      trace.global = true;
      trace.local = false;
      trace.spec = change.spec;
      trace.meta = false;
      trace.counting = trace.timing = trace.measuring = CountState::kOff;
    } else if (clears) {
      trace.global = false;
      trace.spec = nullptr;
    }
    return;
  }
  if (sets && trace.global) {
    trace.global = false;
    trace.spec = nullptr;
  }
  if (change.local && (sets || clears)) {
    if (sets || trace.local) trace.spec = change.spec;
    trace.local = sets;
  }
  if (change.meta && (sets || clears)) {
    trace.meta = sets;
    trace.meta_spec = change.spec;
    trace.meta_tracer = sets ? change.meta_tracer.bits() : 0;
  }
  if (change.call_count) {
    restart(trace.counting, change.action);
    if (change.action != Action::kPause) trace.count = 0;
  }
  if (change.call_time) {
    restart(trace.timing, change.action);
    if (change.action != Action::kPause) trace.times.clear();
  }
  if (change.call_memory) {
    restart(trace.measuring, change.action);
    if (change.action != Action::kPause) trace.memory.clear();
  }
}

}  // namespace

FunctionTrace* Breakpoint::find(uint64_t session) {
  for (const auto& trace : sessions) {
    if (trace->session == session) return trace.get();
  }
  return nullptr;
}

FunctionTrace& Breakpoint::make(uint64_t session) {
  if (FunctionTrace* trace = find(session)) return *trace;
  sessions.push_back(std::make_unique<FunctionTrace>());
  sessions.back()->session = session;
  return *sessions.back();
}

Breakpoint* CallPatterns::find(const Mfa& mfa) {
  const auto found = breakpoints_.find(mfa);
  return found == breakpoints_.end() ? nullptr : found->second.get();
}

bool CallPatterns::exists(const Mfa& mfa) const {
  return !places({mfa.module, mfa.function, mfa.arity, 3}, false, nullptr).empty();
}

std::vector<CallPatterns::Place> CallPatterns::places(const FunctionPattern& pattern,
                                                      bool exported_only, Module* only_in) const {
  std::vector<Place> result;
  std::vector<Module*> modules;
  if (only_in != nullptr) {
    modules.push_back(only_in);
  } else if (pattern.specified >= 1) {
    if (Module* module = code_.find_module(pattern.module)) modules.push_back(module);
  } else {
    modules = code_.modules();
  }
  for (Module* module : modules) {
    for (uint32_t i = 0; i < module->functions.size(); ++i) {
      const FunctionRange& function = module->functions[i];
      const Mfa mfa = {module->name, function.name, function.arity};
      if (!pattern.matches(mfa)) continue;
      ExportEntry* entry = export_of(code_.find_export(mfa));
      if (entry != nullptr && entry->native != nullptr) {
        result.push_back({mfa, entry, nullptr, entry});
        continue;
      }
      // A breakpoint is set in the code itself, where every call comes by.
      auto* cell = const_cast<Cell*>(code_.prepare(*module, i));
      const bool is_exported = entry != nullptr && entry->untraced_target() == cell;
      if (exported_only && !is_exported) continue;
      result.push_back({mfa, nullptr, cell, is_exported ? entry : nullptr});
    }
  }
  return result;
}

Breakpoint& CallPatterns::breakpoint_at(const Place& place) {
  std::unique_ptr<Breakpoint>& breakpoint = breakpoints_[place.mfa];
  if (breakpoint == nullptr) {
    breakpoint = std::make_unique<Breakpoint>();
    breakpoint->mfa = place.mfa;
    const auto [number, is_new] =
        numbers_.try_emplace(place.mfa, static_cast<uint32_t>(names_.size()));
    if (is_new) names_.push_back(place.mfa);
    breakpoint->function = number->second;
    breakpoint->native = place.native;
    breakpoint->cell = place.cell;
    breakpoint->exported = place.exported;
    if (place.cell != nullptr) breakpoint->handler = *place.cell;
  }
  return *breakpoint;
}

void CallPatterns::settle(Breakpoint& breakpoint) {
  std::erase_if(breakpoint.sessions, [](const auto& trace) { return trace->is_idle(); });
  bool global = false;
  bool local = breakpoint.debugged;
  for (const auto& trace : breakpoint.sessions) {
    global |= trace->global;
    local |= trace->needs_breakpoint();
  }
  if (breakpoint.native != nullptr) {
    breakpoint.native->entered = global || local ? enter_traced_native : breakpoint.native->native;
  } else {
    const Cell stop = code_.handlers().handlers[static_cast<size_t>(Op::breakpoint)][0];
    *breakpoint.cell = local ? stop : breakpoint.handler;
    if (ExportEntry* entry = breakpoint.exported) {
      entry->traced_code.store(breakpoint.cell, std::memory_order_release);
      entry->code.store(global ? entry->trace_stub : breakpoint.cell, std::memory_order_release);
    }
  }
  if (!global && !local) breakpoints_.erase(breakpoint.mfa);
}

void CallPatterns::clear_unexported(uint64_t session, const FunctionPattern& pattern) {
  std::vector<Breakpoint*> all;
  for (const auto& [mfa, breakpoint] : breakpoints_) {
    if (breakpoint->exported == nullptr && pattern.matches(mfa)) all.push_back(breakpoint.get());
  }
  for (Breakpoint* breakpoint : all) {
    std::erase_if(breakpoint->sessions,
                  [&](const auto& trace) { return trace->session == session; });
    settle(*breakpoint);
  }
}

size_t CallPatterns::change(uint64_t session, const FunctionPattern& pattern,
                            const PatternChange& change, Module* only_in) {
  if (!change.breakpoint && change.action == PatternChange::Action::kSet) {
    clear_unexported(session, pattern);
  }
  const std::vector<Place> all = places(pattern, !change.breakpoint, only_in);
  for (const Place& place : all) {
    const bool sets = change.action == PatternChange::Action::kSet;
    Breakpoint* breakpoint = sets ? &breakpoint_at(place) : find(place.mfa);
    if (breakpoint == nullptr) continue;
    FunctionTrace* trace = sets ? &breakpoint->make(session) : breakpoint->find(session);
    if (trace == nullptr) continue;
    change_trace(*trace, change);
    settle(*breakpoint);
  }
  return all.size();
}

size_t CallPatterns::debug(const FunctionPattern& pattern, bool on) {
  size_t count = 0;
  for (const Place& place : places(pattern, false, nullptr)) {
    if (place.cell == nullptr) continue;
    ++count;
    Breakpoint* breakpoint = on ? &breakpoint_at(place) : find(place.mfa);
    if (breakpoint == nullptr) continue;
    breakpoint->debugged = on;
    settle(*breakpoint);
  }
  return count;
}

void LoadPattern::apply(CallPatterns& patterns, uint64_t session, Module& module) const {
  if (!on) return;
  const FunctionPattern all = {module.name, Term::none(), 0, 1};
  PatternChange change;
  change.action = PatternChange::Action::kSet;
  change.breakpoint = breakpoint;
  change.spec = spec;
  if (!breakpoint) {
    patterns.change(session, all, change, &module);
    return;
  }
  change.local = local;
  change.call_count = call_count;
  change.call_time = call_time;
  change.call_memory = call_memory;
  if (local || call_count || call_time || call_memory) {
    patterns.change(session, all, change, &module);
  }
  if (meta) {
    PatternChange meta_change;
    meta_change.action = PatternChange::Action::kSet;
    meta_change.breakpoint = meta_change.meta = true;
    meta_change.spec = meta_spec;
    meta_change.meta_tracer = meta_tracer;
    patterns.change(session, all, meta_change, &module);
  }
}

bool CallPatterns::any_in(Term module) const {
  return std::any_of(breakpoints_.begin(), breakpoints_.end(),
                     [&](const auto& each) { return each.first.module == module; });
}

void CallPatterns::clear_module(Term module) {
  std::vector<Breakpoint*> all;
  for (const auto& [mfa, breakpoint] : breakpoints_) {
    if (mfa.module == module && breakpoint->native == nullptr) all.push_back(breakpoint.get());
  }
  for (Breakpoint* breakpoint : all) {
    breakpoint->sessions.clear();
    breakpoint->debugged = false;
    settle(*breakpoint);
  }
}

void CallPatterns::clear_session(uint64_t session) {
  std::vector<Breakpoint*> all;
  for (const auto& [mfa, breakpoint] : breakpoints_) all.push_back(breakpoint.get());
  for (Breakpoint* breakpoint : all) {
    std::erase_if(breakpoint->sessions,
                  [&](const auto& trace) { return trace->session == session; });
    settle(*breakpoint);
  }
}

}  // namespace joist
