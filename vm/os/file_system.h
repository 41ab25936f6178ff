// What prim_file asks of the operating system by path. Paths are as the system wants them, ended
// by a zero byte. Functions that can fail return 0 or the error number (errno); `Sys` functions
// that return nothing but that number say so by their type.
//
// Operations on open files are in vm/os/file_descriptor.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace joist {

using PosixError = int;

enum class FileType : uint8_t { kDevice, kDirectory, kRegular, kSymlink, kOther };

inline constexpr uint32_t kCanRead = 1;
inline constexpr uint32_t kCanWrite = 2;

struct FileInfo {
  int64_t size;
  FileType type;
  uint32_t access;  // kCanRead | kCanWrite
  int64_t access_time;
  int64_t modification_time;
  int64_t change_time;
  uint32_t mode;
  uint32_t links;
  uint32_t major_device;
  uint32_t minor_device;
  uint32_t inode;
  uint32_t user;
  uint32_t group;
};

enum class Links : uint8_t { kFollow, kDontFollow };
PosixError read_file_info(const char* path, Links links, FileInfo* info);
PosixError set_file_permissions(const char* path, uint32_t permissions);
// -1: leave it as it is.
PosixError set_file_owner(const char* path, int32_t user, int32_t group);
PosixError set_file_times(const char* path, int64_t access_time, int64_t modification_time);

PosixError read_symbolic_link(const char* path, std::string* target);
// Without "." and "..", in the system's order.
PosixError read_directory(const char* path, std::vector<std::string>* names);
PosixError rename_file(const char* old_path, const char* new_path);
PosixError make_hard_link(const char* existing, const char* new_path);
PosixError make_symbolic_link(const char* target, const char* new_path);
PosixError make_directory(const char* path);
PosixError delete_file(const char* path);
PosixError delete_directory(const char* path);

PosixError current_directory(std::string* path);
PosixError change_directory(const char* path);

}  // namespace joist
