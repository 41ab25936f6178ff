// Which folders hold .beam files, in the order they are searched, for a VM that runs without OTP's
// code server.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vm/base/result.h"

namespace joist {

class CodePath {
 public:
  // Appends a folder; searched after those already there.
  void add(std::string folder) { folders_.push_back(std::move(folder)); }
  // Appends the ebin folder of every application below <otp_root>/lib.
  Result<void> add_otp(const std::string& otp_root);

  // The path of the first <module>.beam, if any. A module name that is no plain file name (one
  // with a slash or a NUL) is nowhere.
  std::optional<std::string> find(std::string_view module) const;

  const std::vector<std::string>& folders() const { return folders_; }

 private:
  std::vector<std::string> folders_;
};

}  // namespace joist
