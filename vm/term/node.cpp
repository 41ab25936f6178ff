#include "vm/term/node.h"

#include <atomic>
#include <map>
#include <memory>
#include <utility>

#include "vm/base/sync.h"
#include "vm/term/atom.h"

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

constinit std::atomic<const Node*> current_local_node{nullptr};

}  // namespace

const Node* intern_node(Term name, uint32_t creation) {
  NodeTable& table = node_table();
  MutexLock lock(table.mutex);
  std::unique_ptr<Node>& node = table.nodes[{name.bits(), creation}];
  if (node == nullptr) node = std::make_unique<Node>(Node{name, creation});
  return node.get();
}

const Node* local_node() {
  const Node* node = current_local_node.load(std::memory_order_acquire);
  if (node != nullptr) return node;
  const Node* first = intern_node(atoms::nonode_nohost, 0);
  return current_local_node.compare_exchange_strong(node, first) ? first : node;
}

void set_local_node(const Node* node) { current_local_node.store(node, std::memory_order_release); }

PidNumbers pid_numbers(Term pid) {
  if (pid.is_local_pid()) return {local_pid_number(pid), local_pid_serial(pid)};
  return {object_words(pid)[1], object_words(pid)[2]};
}

uint64_t port_number(Term port) {
  return port.is_local_port() ? port.payload() : object_words(port)[1];
}

const Node* node_of(Term identifier) {
  if (!identifier.is_boxed()) return local_node();
  switch (header_kind(identifier.header())) {
    case Boxed::kExternalPid:
    case Boxed::kExternalPort:
    case Boxed::kExternalRef:
      return external_node(identifier);
    default:
      return local_node();
  }
}

}  // namespace joist
