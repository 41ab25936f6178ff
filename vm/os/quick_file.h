// File operations that are done at once or not at all: those that need nothing but names and bytes
// that the system has in memory, in file systems of this machine. So a scheduler can try them, and
// only what may wait for a disk or for another machine goes to a dirty thread.
//
// A file system is taken for one that may wait until somebody who may wait has asked: see
// learn_file_system. Where the system cannot promise not to wait (Linux can from 5.12 on), no
// operation is done.
#pragma once

#include <cstddef>
#include <optional>

#include "vm/os/file_system.h"

namespace joist {

// As read_file_info; nullopt: not done.
std::optional<PosixError> try_read_file_info(const char* path, Links links, FileInfo* info);

// Opens a regular file that is neither empty nor longer than `longest`, to read it with
// try_read_whole. nullopt: not done.
struct QuickFile {
  int descriptor;
  size_t size;
};
std::optional<PosixError> try_open_file(const char* path, size_t longest, QuickFile* file);
// False: not all bytes of the file are in memory.
bool try_read_whole(const QuickFile& file, uint8_t* to);

// May wait: finds out once what kind of file system the device (FileInfo::major_device) has that
// the path leads to.
void learn_file_system(const char* path, uint32_t device);

}  // namespace joist
