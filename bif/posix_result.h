// What natives of the file modules return: ok, or {error, Reason} with a POSIX error's name.
#pragma once

#include "vm/heap/builder.h"
#include "vm/os/posix_error.h"
#include "vm/proc/process.h"

namespace joist {

inline Term posix_error_tuple(Process& p, int error) {
  return make_tuple(p.heap, {atoms::error, must_atom(posix_error_name(error))});
}
inline Term ok_or_posix_error(Process& p, int error) {
  return error == 0 ? atoms::ok : posix_error_tuple(p, error);
}

}  // namespace joist
