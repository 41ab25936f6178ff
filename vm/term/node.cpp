#include "vm/term/node.h"

#include <map>
#include <memory>
#include <utility>

#include "vm/base/sync.h"

namespace joist {
namespace {

struct NodeTable {
  Mutex mutex;
  std::map<std::pair<Word, uint32_t>, std::unique_ptr<Node>> nodes JOIST_GUARDED_BY(mutex);
};

// Never destroyed, as terms may point into it until the OS process is gone.
NodeTable& node_table() {
  static NodeTable* instance = new NodeTable;
  return *instance;
}

}  // namespace

const Node* intern_node(Term name, uint32_t creation) {
  NodeTable& table = node_table();
  MutexLock lock(table.mutex);
  std::unique_ptr<Node>& node = table.nodes[{name.bits(), creation}];
  if (node == nullptr) node = std::make_unique<Node>(Node{name, creation});
  return node.get();
}

}  // namespace joist
