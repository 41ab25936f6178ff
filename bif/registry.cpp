#include "bif/registry.h"

#include <bit>
#include <functional>
#include <string_view>
#include <vector>

namespace joist {

// One line for each file of natives; the tables are defined there.
#define JOIST_NATIVE_TABLES(X)  \
  X(atomics_natives)            \
  X(beam_files_natives)         \
  X(binary_natives)             \
  X(calendar_natives)           \
  X(checksum_natives)           \
  X(code_loading_natives)       \
  X(display_natives)            \
  X(dist_spawn_natives)         \
  X(emulator_settings_natives)  \
  X(emulator_state_natives)     \
  X(erl_ddll_natives)           \
  X(erl_tracer_natives)         \
  X(erlang_arith_natives)       \
  X(erlang_atom_natives)        \
  X(erlang_binary_natives)      \
  X(erlang_code_natives)        \
  X(erlang_compare_natives)     \
  X(erlang_convert_natives)     \
  X(erlang_dist_natives)        \
  X(erlang_error_natives)       \
  X(erlang_fun_natives)         \
  X(erlang_identifier_natives)  \
  X(erlang_list_natives)        \
  X(erlang_map_natives)         \
  X(erlang_node_natives)        \
  X(erlang_port_natives)        \
  X(erlang_port_open_natives)   \
  X(erlang_time_natives)        \
  X(erlang_trace_natives)       \
  X(erlang_tuple_natives)       \
  X(erts_debug_dirty_natives)   \
  X(erts_debug_natives)         \
  X(ets_info_natives)           \
  X(ets_natives)                \
  X(ets_row_natives)            \
  X(ets_select_natives)         \
  X(ets_update_natives)         \
  X(external_term_natives)      \
  X(garbage_collect_natives)    \
  X(halt_natives)               \
  X(internal_state_natives)     \
  X(internal_state_set_natives) \
  X(iolist_natives)             \
  X(link_monitor_natives)       \
  X(literal_collection_natives) \
  X(lists_natives)              \
  X(map_internals_natives)      \
  X(maps_natives)               \
  X(match_spec_natives)         \
  X(math_natives)               \
  X(memory_natives)             \
  X(message_natives)            \
  X(os_natives)                 \
  X(packet_natives)             \
  X(persistent_term_natives)    \
  X(prim_buffer_natives)        \
  X(prim_file_name_natives)     \
  X(prim_file_natives)          \
  X(prim_file_path_natives)     \
  X(prim_net_natives)           \
  X(prim_tty_natives)           \
  X(prim_tty_terminfo_natives)  \
  X(process_control_natives)    \
  X(process_dictionary_natives) \
  X(process_flag_natives)       \
  X(process_info_natives)       \
  X(re_natives)                 \
  X(records_natives)            \
  X(seq_trace_natives)          \
  X(trace_info_natives)         \
  X(trace_pattern_natives)      \
  X(trace_session_natives)      \
  X(register_natives)           \
  X(spawn_natives)              \
  X(statistics_natives)         \
  X(system_flag_natives)        \
  X(system_info_natives)        \
  X(system_monitor_natives)     \
  X(system_task_natives)        \
  X(timer_natives)              \
  X(unicode_natives)            \
  X(unique_natives)             \
  X(zlib_natives)

#define JOIST_DECLARE(table) std::span<const NativeEntry> table();
JOIST_NATIVE_TABLES(JOIST_DECLARE)
#undef JOIST_DECLARE

std::span<const std::span<const NativeEntry>> native_tables() {
#define JOIST_LIST(table) table(),
  static const std::span<const NativeEntry> tables[] = {JOIST_NATIVE_TABLES(JOIST_LIST)
                                                            std::span<const NativeEntry>()};
#undef JOIST_LIST
  return tables;
}

namespace {

// By name, so that a start can ask for hundreds of them.
class NativeIndex {
 public:
  NativeIndex() {
    size_t count = 0;
    for (const auto& table : native_tables()) count += table.size();
    slots_.resize(std::bit_ceil(2 * count + 1));
    for (const auto& table : native_tables()) {
      for (const NativeEntry& entry : table) {
        const size_t place = place_of(entry.module, entry.function, entry.native.arity);
        if (slots_[place] == nullptr) slots_[place] = &entry;
      }
    }
  }

  const NativeEntry* find(std::string_view module, std::string_view function, size_t arity) const {
    return slots_[place_of(module, function, arity)];
  }

 private:
  // Where the entry is, or belongs.
  size_t place_of(std::string_view module, std::string_view function, size_t arity) const {
    const std::hash<std::string_view> hash;
    const size_t mask = slots_.size() - 1;
    size_t i = hash(module) + 31 * hash(function) + arity;
    for (;; ++i) {
      const NativeEntry* entry = slots_[i & mask];
      if (entry == nullptr) return i & mask;
      const bool same =
          entry->native.arity == arity && function == entry->function && module == entry->module;
      if (same) return i & mask;
    }
  }

  std::vector<const NativeEntry*> slots_;
};

}  // namespace

const NativeEntry* find_native(std::string_view module, std::string_view function, size_t arity) {
  static const NativeIndex index;
  return index.find(module, function, arity);
}

}  // namespace joist
