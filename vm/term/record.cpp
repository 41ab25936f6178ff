#include "vm/term/record.h"

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "vm/base/sync.h"

namespace joist {
namespace {

struct Entry {
  RecordDefinition definition;
  std::unique_ptr<Term[]> fields;
};

struct DefinitionTable {
  Mutex mutex;
  // By the words of module, name, exported flag and fields.
  std::map<std::vector<Word>, std::unique_ptr<Entry>> entries JOIST_GUARDED_BY(mutex);
};

// Never destroyed, as terms may point into it until the OS process is gone.
DefinitionTable& definition_table() {
  static DefinitionTable* instance = new DefinitionTable;
  return *instance;
}

}  // namespace

const RecordDefinition* intern_record_definition(Term module, Term name, bool exported,
                                                 std::span<const Term> fields) {
  std::vector<Word> key = {module.bits(), name.bits(), exported ? Word{1} : Word{0}};
  for (Term field : fields) key.push_back(field.bits());
  DefinitionTable& table = definition_table();
  MutexLock lock(table.mutex);
  std::unique_ptr<Entry>& entry = table.entries[std::move(key)];
  if (entry == nullptr) {
    entry = std::make_unique<Entry>();
    entry->fields.reset(new Term[fields.size()]);
    std::copy(fields.begin(), fields.end(), entry->fields.get());
    entry->definition = {module, name, exported, static_cast<uint32_t>(fields.size()),
                         entry->fields.get()};
  }
  return &entry->definition;
}

}  // namespace joist
