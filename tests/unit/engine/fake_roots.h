// A temporary folder with trees that look like OTP roots.
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

class FakeRoots {
 public:
  FakeRoots() {
    char name[] = "/tmp/joist_otp_root_test_XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    folder_ = name;
  }
  ~FakeRoots() { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name)) << text;
  }

  // A tree with what makes an OTP root.
  std::string make(const std::string& name, const std::string& release,
                   const std::string& version) const {
    write(name + "/releases/" + release + "/OTP_VERSION", version + "\n");
    write(name + "/lib/erts-1.0/ebin/erlang.beam", "");
    write(name + "/bin/erl", "#!/bin/sh\n");
    return path(name);
  }

 private:
  std::string folder_;
};
