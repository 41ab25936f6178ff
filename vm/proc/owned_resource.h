// Things outside the VM that live no longer than the process that opened them, such as open files.
// Whoever keeps one in a magic object derives from this and enters it into the owner's list; the
// list holds a reference to the object, so that a collection does not end it.
//
//   Process::Extras::resources -> resource <-> resource <-> resource
//
// Only the owner changes its list: when it opens, when it closes, and when it ends.
#pragma once

#include "vm/term/term.h"

namespace joist {

class Allocator;

class OwnedResource {
 public:
  // Drops what it stands for and the list's reference; it has left the list.
  using LetGo = void (*)(OwnedResource*);
  // Who hears of the owner's end through it, as process_info(_, monitored_by) tells; none():
  // nobody.
  using Watcher = Term (*)(OwnedResource&, Allocator&);

  explicit OwnedResource(LetGo let_go, Watcher watcher = nullptr)
      : let_go_(let_go), watcher_(watcher) {}
  OwnedResource(const OwnedResource&) = delete;
  OwnedResource& operator=(const OwnedResource&) = delete;

 private:
  friend class OwnedResources;
  const LetGo let_go_;
  const Watcher watcher_;
  OwnedResource* next_ = nullptr;
  OwnedResource** from_ = nullptr;  // what points to it; null: in no list
};

class OwnedResources {
 public:
  OwnedResources() = default;
  ~OwnedResources() {
    while (let_one_go()) {
    }
  }
  OwnedResources(const OwnedResources&) = delete;
  OwnedResources& operator=(const OwnedResources&) = delete;

  void add(OwnedResource& resource) {
    resource.next_ = first_;
    resource.from_ = &first_;
    if (first_ != nullptr) first_->from_ = &resource.next_;
    first_ = &resource;
  }
  // The list's reference is the caller's now.
  static void remove(OwnedResource& resource) {
    *resource.from_ = resource.next_;
    if (resource.next_ != nullptr) resource.next_->from_ = resource.from_;
    resource.from_ = nullptr;
  }
  template <typename Visit>
  void each_watcher(Allocator& heap, const Visit& visit) const {
    for (OwnedResource* resource = first_; resource != nullptr; resource = resource->next_) {
      if (resource->watcher_ == nullptr) continue;
      const Term watcher = resource->watcher_(*resource, heap);
      if (!watcher.is_none()) visit(watcher);
    }
  }
  // False: there is none.
  bool let_one_go() {
    if (first_ == nullptr) return false;
    OwnedResource* resource = first_;
    remove(*resource);
    resource->let_go_(resource);
    return true;
  }

 private:
  OwnedResource* first_ = nullptr;
};

}  // namespace joist
