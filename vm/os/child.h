// Starting programs through the forker (vm/os/child_protocol.h), an OS process of its own. Not
// thread-safe; nothing waits.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "vm/os/child_protocol.h"

namespace joist {

struct ChildProgram {
  uint32_t flags = 0;   // child_flags
  std::string command;  // a path, or what the shell is to run
  std::string folder;
  std::vector<std::string> environment;  // NAME=value
  std::vector<std::string> arguments;    // the name first
};

// A request ready to be sent, with its descriptors, which it closes.
class ChildStart {
 public:
  // The descriptors are the request's now, also where there is an error, which is returned.
  static int create(uint64_t id, const ChildProgram& program, int reads, int writes,
                    int standard_error, std::unique_ptr<ChildStart>* start);
  ~ChildStart();
  ChildStart(const ChildStart&) = delete;
  ChildStart& operator=(const ChildStart&) = delete;

  uint64_t id() const { return request_.id; }

 private:
  friend class ForkerProcess;
  ChildStart() = default;

  ChildRequest request_{};
  int descriptors_[kChildDescriptors] = {-1, -1, -1, -1};
};

class ForkerProcess {
 public:
  // null: *error of the OS.
  static std::unique_ptr<ForkerProcess> start(int* error);
  ~ForkerProcess();  // ends it
  ForkerProcess(const ForkerProcess&) = delete;
  ForkerProcess& operator=(const ForkerProcess&) = delete;

  enum class Outcome { kDone, kMustWait, kGone };
  Outcome send(const ChildStart& start);
  Outcome receive(ChildReport* report);
  int socket() const { return socket_; }

 private:
  ForkerProcess(int socket, int process) : socket_(socket), process_(process) {}

  const int socket_;
  const int process_;
};

}  // namespace joist
