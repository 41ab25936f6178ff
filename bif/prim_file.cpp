// Natives of prim_file that work on open files. erts/preloaded/src/prim_file.erl shows their
// callers.
#include <cerrno>

#include "bif/file_handle.h"
#include "bif/file_info.h"
#include "bif/integer_argument.h"
#include "bif/path_argument.h"
#include "bif/posix_result.h"
#include "bif/registry.h"
#include "vm/heap/io_queue.h"
#include "vm/os/file_descriptor.h"
#include "vm/os/quick_file.h"
#include "vm/sched/dirty_call.h"

namespace joist {

namespace {

constexpr size_t kMostBinaries = 64;  // that a call of write_nif or pwrite_nif writes

// A file for the duration of a native, or what the native returns instead.
class FileInUse {
 public:
  FileInUse(Process& p, Term reference) : handle_(FileHandle::get(reference)) {
    if (handle_ == nullptr) {
      refusal_ = p.badarg();
    } else if (!handle_->begin_use()) {
      refusal_ = posix_error_tuple(p, EINVAL);
    } else {
      in_use_ = true;
    }
  }
  ~FileInUse() {
    if (in_use_) handle_->end_use();
  }
  FileInUse(const FileInUse&) = delete;
  FileInUse& operator=(const FileInUse&) = delete;

  explicit operator bool() const { return in_use_; }
  Term refusal() const { return refusal_; }
  int descriptor() const { return handle_->descriptor(); }

 private:
  FileHandle* handle_;
  bool in_use_ = false;
  Term refusal_ = Term::nil();
};

// A buffer that becomes a binary when it is known how much was read.
class ReadBuffer {
 public:
  explicit ReadBuffer(size_t size) : binary_(try_new_binary(size)) {}
  ~ReadBuffer() {
    if (binary_ != nullptr) binary_->release();
  }
  ReadBuffer(const ReadBuffer&) = delete;
  ReadBuffer& operator=(const ReadBuffer&) = delete;

  explicit operator bool() const { return binary_ != nullptr; }
  uint8_t* bytes() { return binary_->bytes; }
  size_t size() const { return binary_->capacity; }
  // Makes room for as many bytes again. False: no memory.
  bool grow() {
    const size_t used = size();
    Binary* larger = try_new_binary(used * 2);
    if (larger == nullptr) return false;
    memcpy(larger->bytes, bytes(), used);
    binary_->release();
    binary_ = larger;
    return true;
  }
  Term finish(Process& p, size_t count) {
    if (count <= kHeapBitsLimit) return make_binary(p.heap, ByteSpan(bytes(), count));
    Binary* binary = std::exchange(binary_, nullptr);
    if (count < binary->capacity) binary = shrink_binary(binary, count);
    return make_bits_of(p.heap, binary, count * 8);
  }

 private:
  Binary* binary_;
};

Term read_result(Process& p, ReadBuffer& buffer, const Transfer& transfer) {
  if (transfer.bytes < 0) return posix_error_tuple(p, transfer.error);
  if (transfer.bytes == 0) return atoms::eof;
  return make_tuple(p.heap, {atoms::ok, buffer.finish(p, static_cast<size_t>(transfer.bytes))});
}

// Both are numbers, and integers from 0 to the largest that a file can have. Otherwise *refusal
// says what the native returns.
bool to_sizes(Process& p, Term a, Term b, int64_t* a_value, int64_t* b_value, Term* refusal) {
  if (!is_number(a) || !is_number(b)) {
    *refusal = p.badarg();
    return false;
  }
  if (to_int64(a, a_value) && to_int64(b, b_value) && *a_value >= 0 && *b_value >= 0) return true;
  *refusal = posix_error_tuple(p, EINVAL);
  return false;
}

// The bytes of binaries where they lie, or copies of those that do not lie at whole bytes.
class Pieces {
 public:
  explicit Pieces(const IovecPart& part) {
    scratches_.reset(new ByteScratch[part.binaries.size()]);
    for (size_t i = 0; i < part.binaries.size(); ++i) {
      pieces_.push_back(binary_bytes(part.binaries[i], scratches_[i]));
    }
  }
  std::span<const ByteSpan> span() const { return pieces_; }

 private:
  std::vector<ByteSpan> pieces_;
  std::unique_ptr<ByteScratch[]> scratches_;
};

// --- opening and closing ---

uint32_t modes_of(Term list) {
  struct Mode {
    Term name;
    uint32_t mode;
  };
  static constexpr Mode kModes[] = {
      {atoms::read, open_mode::kRead},           {atoms::write, open_mode::kWrite},
      {atoms::exclusive, open_mode::kExclusive}, {atoms::append, open_mode::kAppend},
      {atoms::sync, open_mode::kSync},           {atoms::skip_type_check, open_mode::kAnyType},
      {atoms::directory, open_mode::kDirectory},
  };
  uint32_t modes = 0;
  // Other modes mean something to other modules.
  for (; list.is_list(); list = list.tail()) {
    for (const Mode& mode : kModes) {
      if (list.head() == mode.name) modes |= mode.mode;
    }
  }
  if ((modes & (open_mode::kAppend | open_mode::kExclusive)) != 0) modes |= open_mode::kWrite;
  if ((modes & (open_mode::kRead | open_mode::kWrite)) == 0) modes |= open_mode::kRead;
  return modes;
}

Term open_nif_2(Process& p, Term path_term, Term modes) {
  if (!modes.is_list() && !modes.is_nil()) return p.badarg();
  PathArgument path;
  if (!path.load(path_term)) return posix_error_tuple(p, EINVAL);
  int descriptor;
  const PosixError error = open_file(path.text(), modes_of(modes), &descriptor);
  return error == 0 ? FileHandle::make(p, descriptor) : posix_error_tuple(p, error);
}

Term file_desc_to_ref_nif_1(Process& p, Term number) {
  int32_t descriptor;
  if (!to_narrow(number, &descriptor)) return p.badarg();
  return is_open(descriptor) ? FileHandle::make(p, descriptor) : posix_error_tuple(p, EBADF);
}

Term close_nif_1(Process& p, Term reference) {
  FileHandle* handle = FileHandle::get(reference);
  if (handle == nullptr) return p.badarg();
  PosixError error;
  return ok_or_posix_error(p, handle->close(p, &error) ? error : EINVAL);
}

Term delayed_close_nif_1(Process& p, Term reference) {
  FileHandle* handle = FileHandle::get(reference);
  if (handle == nullptr) return p.badarg();
  handle->finish_closing();
  return atoms::ok;
}

Term get_handle_nif_1(Process& p, Term reference) {
  const FileInUse file(p, reference);
  if (!file) return file.refusal();
  const int descriptor = file.descriptor();
  return make_binary(p.heap,
                     ByteSpan(reinterpret_cast<const uint8_t*>(&descriptor), sizeof descriptor));
}

// --- reading ---

Term read_nif_2(Process& p, Term reference, Term size_term) {
  const FileInUse file(p, reference);
  if (!file) return file.refusal();
  int64_t size;
  Term refusal;
  if (!to_sizes(p, size_term, size_term, &size, &size, &refusal)) return refusal;
  ReadBuffer buffer(static_cast<size_t>(size));
  if (!buffer) return posix_error_tuple(p, ENOMEM);
  return read_result(p, buffer, read_file_bytes(file.descriptor(), buffer.bytes(), buffer.size()));
}

Term pread_nif_3(Process& p, Term reference, Term offset_term, Term size_term) {
  const FileInUse file(p, reference);
  if (!file) return file.refusal();
  int64_t offset;
  int64_t size;
  Term refusal;
  if (!to_sizes(p, offset_term, size_term, &offset, &size, &refusal)) return refusal;
  ReadBuffer buffer(static_cast<size_t>(size));
  if (!buffer) return posix_error_tuple(p, ENOMEM);
  return read_result(p, buffer,
                     read_file_bytes_at(file.descriptor(), offset, buffer.bytes(), buffer.size()));
}

// A block that is found by a pointer: at `offset` its size and place, 32 bits each.
Term ipread_s32bu_p32bu_nif_3(Process& p, Term reference, Term offset_term, Term limit_term) {
  const FileInUse file(p, reference);
  if (!file) return file.refusal();
  if (!is_number(offset_term) || !is_number(limit_term)) return p.badarg();
  int64_t offset;
  int64_t limit;
  if (!to_int64(offset_term, &offset) || !to_int64(limit_term, &limit) || offset < 0 ||
      limit > INT32_MAX) {
    return posix_error_tuple(p, EINVAL);
  }
  uint8_t pointer[8];
  const Transfer header = read_file_bytes_at(file.descriptor(), offset, pointer, sizeof pointer);
  if (header.bytes < 0) return posix_error_tuple(p, header.error);
  if (header.bytes < static_cast<int64_t>(sizeof pointer)) return atoms::eof;
  ByteReader reader(pointer);
  const uint32_t size = reader.u32();
  const uint32_t place = reader.u32();
  if (size > limit) return atoms::eof;
  ReadBuffer buffer(size);
  if (!buffer) return posix_error_tuple(p, ENOMEM);
  const Transfer block =
      read_file_bytes_at(file.descriptor(), place, buffer.bytes(), buffer.size());
  if (block.bytes < 0) return posix_error_tuple(p, block.error);
  const Term data =
      block.bytes == 0 ? atoms::eof : buffer.finish(p, static_cast<size_t>(block.bytes));
  const Term found = make_tuple(p.heap, {Term::small(size), Term::small(place), data});
  return make_tuple(p.heap, {atoms::ok, found});
}

// Until the end, or until `size` bytes; 0: the size is unknown, as that of /proc files.
Term read_whole(Process& p, int descriptor, size_t size) {
  constexpr size_t kFirst = 16 * 1024;
  ReadBuffer buffer(size == 0 ? kFirst : size);
  if (!buffer) return posix_error_tuple(p, ENOMEM);
  size_t done = 0;
  for (;;) {
    const Transfer transfer =
        read_file_bytes(descriptor, buffer.bytes() + done, buffer.size() - done);
    if (transfer.bytes < 0) return posix_error_tuple(p, transfer.error);
    done += static_cast<size_t>(transfer.bytes);
    if (done < buffer.size() || done == size) break;
    if (!buffer.grow()) return posix_error_tuple(p, ENOMEM);
  }
  return make_tuple(p.heap, {atoms::ok, buffer.finish(p, done)});
}

// What is in memory, and short enough for a scheduler to copy. none(): it is not.
Term read_file_quickly(Process& p, const char* path) {
  constexpr size_t kLongest = size_t{256} << 10;
  QuickFile file;
  const std::optional<PosixError> error = try_open_file(path, kLongest, &file);
  if (!error) return Term::none();
  if (*error != 0) return posix_error_tuple(p, *error);
  ReadBuffer buffer(file.size);
  const bool done = buffer && try_read_whole(file, buffer.bytes());
  close_file(file.descriptor);
  if (!done) return Term::none();
  p.charge(static_cast<int64_t>(file.size / 64));
  return make_tuple(p.heap, {atoms::ok, buffer.finish(p, file.size)});
}

Term read_file_nif_1(Process& p, Term path_term) {
  if (p.suspended != nullptr) return back_from_dirty(p);
  PathArgument path;
  if (!path.load(path_term)) return posix_error_tuple(p, EINVAL);
  if (on_scheduler(p)) {
    const Term result = read_file_quickly(p, path.text());
    return result.is_none() ? hand_to_dirty(p, {path_term}) : result;
  }
  int descriptor;
  const PosixError error = open_file(path.text(), open_mode::kRead, &descriptor);
  if (error != 0) return posix_error_tuple(p, error);
  FileInfo info;
  const bool known = read_descriptor_info(descriptor, &info) == 0;
  if (known) learn_file_system(path.text(), info.major_device);
  const Term result = read_whole(p, descriptor, known ? static_cast<size_t>(info.size) : 0);
  close_file(descriptor);
  return result;
}

Term read_handle_info_nif_1(Process& p, Term reference) {
  const FileInUse file(p, reference);
  if (!file) return file.refusal();
  FileInfo info;
  const PosixError error = read_descriptor_info(file.descriptor(), &info);
  return error == 0 ? make_file_info(p, info) : posix_error_tuple(p, error);
}

// --- writing ---

Term write_nif_2(Process& p, Term reference, Term iovec) {
  const FileInUse file(p, reference);
  if (!file) return file.refusal();
  const std::optional<IovecPart> part = take_iovec(iovec, kMostBinaries);
  if (!part) return p.badarg();
  const Transfer transfer = write_pieces(file.descriptor(), Pieces(*part).span());
  if (transfer.bytes < 0) return posix_error_tuple(p, transfer.error);
  return part->rest.is_nil() ? atoms::ok : make_tuple(p.heap, {atoms::continue_, part->rest});
}

Term pwrite_nif_3(Process& p, Term reference, Term offset_term, Term iovec) {
  const FileInUse file(p, reference);
  if (!file) return file.refusal();
  const std::optional<IovecPart> part = take_iovec(iovec, kMostBinaries);
  if (!part || !is_number(offset_term)) return p.badarg();
  int64_t offset;
  if (!to_int64(offset_term, &offset) || offset < 0) return posix_error_tuple(p, EINVAL);
  const Transfer transfer = write_pieces_at(file.descriptor(), offset, Pieces(*part).span());
  if (transfer.bytes < 0) return posix_error_tuple(p, transfer.error);
  if (part->rest.is_nil()) return atoms::ok;
  return make_tuple(p.heap, {atoms::continue_, make_integer(p.heap, transfer.bytes), part->rest});
}

// --- the rest ---

Term seek_nif_3(Process& p, Term reference, Term mark, Term offset_term) {
  const FileInUse file(p, reference);
  if (!file) return file.refusal();
  int64_t offset;
  if (!to_int64(offset_term, &offset)) return p.badarg();
  SeekOrigin origin = SeekOrigin::kBegin;
  if (mark == atoms::cur) {
    origin = SeekOrigin::kCurrent;
  } else if (mark == atoms::eof) {
    origin = SeekOrigin::kEnd;
  } else if (!(mark == atoms::bof)) {
    return p.badarg();
  }
  int64_t position;
  const PosixError error = seek_file(file.descriptor(), origin, offset, &position);
  if (error != 0) return posix_error_tuple(p, error);
  return make_tuple(p.heap, {atoms::ok, make_integer(p.heap, position)});
}

Term sync_nif_2(Process& p, Term reference, Term data_only_term) {
  const FileInUse file(p, reference);
  if (!file) return file.refusal();
  int32_t data_only;
  if (!to_narrow(data_only_term, &data_only)) return p.badarg();
  return ok_or_posix_error(p, sync_file(file.descriptor(), data_only != 0));
}

Term truncate_nif_1(Process& p, Term reference) {
  const FileInUse file(p, reference);
  if (!file) return file.refusal();
  return ok_or_posix_error(p, truncate_file(file.descriptor()));
}

Term allocate_nif_3(Process& p, Term reference, Term offset_term, Term length_term) {
  const FileInUse file(p, reference);
  if (!file) return file.refusal();
  int64_t offset;
  int64_t length;
  Term refusal;
  if (!to_sizes(p, offset_term, length_term, &offset, &length, &refusal)) return refusal;
  return ok_or_posix_error(p, allocate_file(file.descriptor(), offset, length));
}

Term advise_nif_4(Process& p, Term reference, Term offset_term, Term length_term,
                  Term advice_term) {
  const FileInUse file(p, reference);
  if (!file) return file.refusal();
  int64_t offset;
  int64_t length;
  Term refusal;
  if (!to_sizes(p, offset_term, length_term, &offset, &length, &refusal)) return refusal;
  // In the order of Advice.
  constexpr Term kNames[] = {atoms::normal,    atoms::random,    atoms::sequential,
                             atoms::will_need, atoms::dont_need, atoms::no_reuse};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (!(advice_term == kNames[i])) continue;
    const auto advice = static_cast<Advice>(i);
    return ok_or_posix_error(p, advise_file(file.descriptor(), offset, length, advice));
  }
  return make_tuple(p.heap, {atoms::error, atoms::einval});
}

constexpr NativeEntry kPrimFileNatives[] = {
    {"prim_file", "advise_nif", native<advise_nif_4>, kDirtyIo},
    {"prim_file", "allocate_nif", native<allocate_nif_3>, kDirtyIo},
    {"prim_file", "close_nif", native<close_nif_1>, kDirtyIo},
    {"prim_file", "delayed_close_nif", native<delayed_close_nif_1>, kDirtyIo},
    {"prim_file", "file_desc_to_ref_nif", native<file_desc_to_ref_nif_1>, kDirtyIo},
    {"prim_file", "get_handle_nif", native<get_handle_nif_1>},
    {"prim_file", "ipread_s32bu_p32bu_nif", native<ipread_s32bu_p32bu_nif_3>, kDirtyIo},
    {"prim_file", "open_nif", native<open_nif_2>, kDirtyIo},
    {"prim_file", "pread_nif", native<pread_nif_3>, kDirtyIo},
    {"prim_file", "pwrite_nif", native<pwrite_nif_3>, kDirtyIo},
    {"prim_file", "read_file_nif", native<read_file_nif_1>, kQuickIo},
    {"prim_file", "read_handle_info_nif", native<read_handle_info_nif_1>, kDirtyIo},
    {"prim_file", "read_nif", native<read_nif_2>, kDirtyIo},
    {"prim_file", "seek_nif", native<seek_nif_3>, kDirtyIo},
    {"prim_file", "sync_nif", native<sync_nif_2>, kDirtyIo},
    {"prim_file", "truncate_nif", native<truncate_nif_1>, kDirtyIo},
    {"prim_file", "write_nif", native<write_nif_2>, kDirtyIo},
};

}  // namespace

std::span<const NativeEntry> prim_file_natives() { return kPrimFileNatives; }

}  // namespace joist
