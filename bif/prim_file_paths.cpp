// Natives of prim_file that take paths. erts/preloaded/src/prim_file.erl shows their callers.
#include <algorithm>
#include <cerrno>

#include "bif/file_info.h"
#include "bif/integer_argument.h"
#include "bif/path_argument.h"
#include "bif/posix_result.h"
#include "bif/registry.h"
#include "vm/os/file_system.h"
#include "vm/os/quick_file.h"
#include "vm/sched/dirty_call.h"

namespace joist {

namespace {

using PathOperation = PosixError (*)(const char* path);
using TwoPathsOperation = PosixError (*)(const char* old_path, const char* new_path);

template <PathOperation kOperation>
Term with_path(Process& p, Term path_term) {
  PathArgument path;
  return ok_or_posix_error(p, path.load(path_term) ? kOperation(path.text()) : EINVAL);
}

template <TwoPathsOperation kOperation>
Term with_two_paths(Process& p, Term old_term, Term new_term) {
  PathArgument old_path;
  PathArgument new_path;
  const bool loaded = old_path.load(old_term) && new_path.load(new_term);
  return ok_or_posix_error(p, loaded ? kOperation(old_path.text(), new_path.text()) : EINVAL);
}

Term ok_tuple(Process& p, Term value) { return make_tuple(p.heap, {atoms::ok, value}); }

Term file_type(FileType type) {
  switch (type) {
    case FileType::kDevice:
      return atoms::device;
    case FileType::kDirectory:
      return atoms::directory;
    case FileType::kRegular:
      return atoms::regular;
    case FileType::kSymlink:
      return atoms::symlink;
    case FileType::kOther:
      break;
  }
  return atoms::other;
}

Term file_access(uint32_t access) {
  constexpr Term kNames[] = {atoms::none, atoms::read, atoms::write, atoms::read_write};
  return kNames[access & (kCanRead | kCanWrite)];
}

// What can be converted between universal, local and POSIX time: from the year 1902 on, and, from
// OTP 27 on, up to the year 9999.
Term file_time(Process& p, int64_t seconds) {
  constexpr int64_t kFirst = -2'145'916'800;
  constexpr int64_t kLast = 253'402'300'799;
  seconds = std::max(seconds, kFirst);
  if (p.runtime->otp_release >= 27) seconds = std::min(seconds, kLast);
  return make_integer(p.heap, seconds);
}

Term read_info_nif_2(Process& p, Term path_term, Term follow) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  int32_t follow_links;
  if (!to_narrow(follow, &follow_links)) return p.badarg();
  PathArgument path;
  if (!path.load(path_term)) return posix_error_tuple(p, EINVAL);
  FileInfo info;
  const Links links = follow_links != 0 ? Links::kFollow : Links::kDontFollow;
  PosixError error;
  if (on_scheduler(p)) {
    const std::optional<PosixError> answer = try_read_file_info(path.text(), links, &info);
    if (!answer) return hand_to_dirty(p, {path_term, follow});
    error = *answer;
  } else {
    error = read_file_info(path.text(), links, &info);
    if (error == 0) learn_file_system(path.text(), info.major_device);
  }
  return error == 0 ? make_file_info(p, info) : posix_error_tuple(p, error);
}

Term set_permissions_nif_2(Process& p, Term path_term, Term permissions_term) {
  uint32_t permissions;
  if (!to_narrow(permissions_term, &permissions)) return p.badarg();
  PathArgument path;
  if (!path.load(path_term)) return posix_error_tuple(p, EINVAL);
  return ok_or_posix_error(p, set_file_permissions(path.text(), permissions));
}

Term set_owner_nif_3(Process& p, Term path_term, Term user_term, Term group_term) {
  int32_t user;
  int32_t group;
  if (!to_narrow(user_term, &user) || !to_narrow(group_term, &group)) return p.badarg();
  PathArgument path;
  if (!path.load(path_term)) return posix_error_tuple(p, EINVAL);
  return ok_or_posix_error(p, set_file_owner(path.text(), user, group));
}

// A time of creation cannot be set on Unix.
Term set_time_nif_4(Process& p, Term path_term, Term access, Term modification, Term creation) {
  int64_t access_time;
  int64_t modification_time;
  int64_t creation_time;
  if (!to_int64(access, &access_time) || !to_int64(modification, &modification_time) ||
      !to_int64(creation, &creation_time)) {
    return p.badarg();
  }
  PathArgument path;
  if (!path.load(path_term)) return posix_error_tuple(p, EINVAL);
  return ok_or_posix_error(p, set_file_times(path.text(), access_time, modification_time));
}

Term read_link_nif_1(Process& p, Term path_term) {
  PathArgument path;
  if (!path.load(path_term)) return posix_error_tuple(p, EINVAL);
  std::string target;
  const PosixError error = read_symbolic_link(path.text(), &target);
  return error == 0 ? ok_tuple(p, make_binary(p.heap, target)) : posix_error_tuple(p, error);
}

// In reverse: prim_file turns the list round again.
Term list_dir_nif_1(Process& p, Term path_term) {
  PathArgument path;
  if (!path.load(path_term)) return posix_error_tuple(p, EINVAL);
  std::vector<std::string> names;
  const PosixError error = read_directory(path.text(), &names);
  if (error != 0) return posix_error_tuple(p, error);
  Term list = Term::nil();
  for (const std::string& name : names) {
    list = make_cons(p.heap, make_binary(p.heap, name), list);
  }
  return ok_tuple(p, list);
}

Term get_cwd_nif_0(Process& p) {
  std::string path;
  const PosixError error = current_directory(&path);
  return error == 0 ? ok_tuple(p, make_binary(p.heap, path)) : posix_error_tuple(p, error);
}

// Only Windows has a directory for each device, and short names.
Term get_device_cwd_nif_1(Process& p, Term device) {
  int32_t index;
  if (!to_narrow(device, &index)) return p.badarg();
  return posix_error_tuple(p, ENOTSUP);
}
PosixError short_name(const char*) { return ENOTSUP; }

constexpr NativeEntry kPrimFilePathNatives[] = {
    {"prim_file", "altname_nif", native<with_path<short_name>>, kDirtyIo},
    {"prim_file", "del_dir_nif", native<with_path<delete_directory>>, kDirtyIo},
    {"prim_file", "del_file_nif", native<with_path<delete_file>>, kDirtyIo},
    {"prim_file", "get_cwd_nif", native<get_cwd_nif_0>, kDirtyIo},
    {"prim_file", "get_device_cwd_nif", native<get_device_cwd_nif_1>, kDirtyIo},
    {"prim_file", "list_dir_nif", native<list_dir_nif_1>, kDirtyIo},
    {"prim_file", "make_dir_nif", native<with_path<make_directory>>, kDirtyIo},
    {"prim_file", "make_hard_link_nif", native<with_two_paths<make_hard_link>>, kDirtyIo},
    {"prim_file", "make_soft_link_nif", native<with_two_paths<make_symbolic_link>>, kDirtyIo},
    {"prim_file", "read_info_nif", native<read_info_nif_2>, kQuickIo},
    {"prim_file", "read_link_nif", native<read_link_nif_1>, kDirtyIo},
    {"prim_file", "rename_nif", native<with_two_paths<rename_file>>, kDirtyIo},
    {"prim_file", "set_cwd_nif", native<with_path<change_directory>>, kDirtyIo},
    {"prim_file", "set_owner_nif", native<set_owner_nif_3>, kDirtyIo},
    {"prim_file", "set_permissions_nif", native<set_permissions_nif_2>, kDirtyIo},
    {"prim_file", "set_time_nif", native<set_time_nif_4>, kDirtyIo},
};

}  // namespace

Term make_file_info(Process& p, const FileInfo& info) {
  const Term elements[] = {
      atoms::file_info,
      make_integer(p.heap, info.size),
      file_type(info.type),
      file_access(info.access),
      file_time(p, info.access_time),
      file_time(p, info.modification_time),
      file_time(p, info.change_time),
      Term::small(info.mode),
      Term::small(info.links),
      Term::small(info.major_device),
      Term::small(info.minor_device),
      Term::small(info.inode),
      Term::small(info.user),
      Term::small(info.group),
  };
  return make_tuple(p.heap, elements);
}

std::span<const NativeEntry> prim_file_path_natives() { return kPrimFilePathNatives; }

}  // namespace joist
