// Helpers of the loader's tests: a module compiled by the real erlc, and a builder of modules that
// no compiler writes.
#pragma once

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "loader/beam_file.h"
#include "vm/base/bytes.h"

namespace joist::testing {

using Bytes = std::vector<uint8_t>;

inline Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

// erlc of OTP 25, +deterministic, then beam_lib:strip/1, which compresses the file:
//
//   -module(t1).
//   -export([f/2,g/1,h/1]).
//   f(X,Y) when X > 0 -> {X, Y, 1.5, "abc", 123456789012345678901234567890};
//   f(_,_) -> try g(1) catch _:R -> R end.
//   g(N) -> fun(A) -> A + N end.
//   h(<<A:8,B:16/little,_/binary>>) -> [A|B].
inline constexpr std::string_view kSampleHex =
    "1f8b08000000000000034d91cf6b134114c7dfdbd956632a79ee1c2aa238b4a28204371651047552494ba1"
    "adb5b6e7ecd64c7e916e42ba2b1514aa3d79112f3d2c78f0e02fe845f01f503c090ae2cd5bae8a8a27c153"
    "9c2913cc1b3ecc77de7ce73d8637737db900e0dc9d2e1517e61b910280c3f03ff6695c230ac51be1ca9d8e"
    "b93fa241c3f1fec0d6b701508c572feac4154dc6890b58c51ad6b3ebed4ad252e546546d8faa6e2b8c6ab9"
    "9a8acb43e96cbe76b690af2651decfe319806bed8ae9f55d43b6c9aed5a3482939de844071ea3c320ac433"
    "36bec4f82cccd25f898fbee5febcdfe8fd5abc7ae00b477f8ca0ee96e421960a9754c3f588a36cba9233a3"
    "9652dff1ce110674c107221044bbc0c68971eca4d2f1a609b75e248cf84bce44b2c3c57d8249bdfb192231"
    "b5bdc3b748c8d2e494f63f7ec5d973edba9ce0d3141c6f19f0b5f4d82201bedd3b137e968c9b9420ec99c6"
    "0f04febe372204e37a01dc8cbb2be6a373eb1db39fd630f35f3b071cd28ed519a34b9b7b7ea919b118ef41"
    "ab4d64ed1c4d7ebfad3ba8e70c98492253e7e890cfe473b606ba3f4f5c9a6fc4c633a139b6f9e45610046b"
    "41d06bde7ed37f07ecc7a7af631f1fce7d00ffa4ab67b8a0e2d0f8b65be675dda900a9285c6ba94ab9aac2"
    "38e9aa8d66535ffd0337cb3f0284020000";

// Its code:module_md5/1.
inline constexpr std::string_view kSampleMd5 = "9da4875a37ccbcbcfa3fc0f821049670";

inline Bytes sample() { return from_hex(kSampleHex); }

// The operands of instructions, as the builder writes them.
inline Operand x(int64_t number) { return {OperandKind::kX, kNoType, number}; }
inline Operand y(int64_t number) { return {OperandKind::kY, kNoType, number}; }
inline Operand u(int64_t number) { return {OperandKind::kUnsigned, kNoType, number}; }
inline Operand overflow() { return {OperandKind::kOverflow, kNoType, 0}; }
inline Operand i(int64_t number) { return {OperandKind::kInteger, kNoType, number}; }
inline Operand f(int64_t label) {
  return {label == 0 ? OperandKind::kNoLabel : OperandKind::kLabel, kNoType, label};
}
inline Operand a(int64_t index) { return {OperandKind::kAtom, kNoType, index}; }
inline Operand fr(int64_t number) { return {OperandKind::kFloatRegister, kNoType, number}; }
inline Operand nil() { return {OperandKind::kNil, kNoType, 0}; }
inline Operand list(int64_t items) { return {OperandKind::kList, kNoType, items}; }

// Writes a module `m` with one function f/N, whose labels are 1 (func_info) and 2 (entry). Atoms:
// 1 m, 2 f, 3 erlang, 4 error, 5 safe, 6 unsafe, 7 resume, 8 no_fail, and what is added.
class ModuleBuilder {
 public:
  explicit ModuleBuilder(uint32_t arity) : arity_(arity) {
    atoms_ = {"m", "f", "erlang", "error", "safe", "unsafe", "resume", "no_fail"};
    op(GenericOp::label_1, {u(1)});
    op(GenericOp::func_info_3, {a(1), a(2), u(arity)});
    op(GenericOp::label_1, {u(2)});
  }

  int64_t atom(const std::string& name) {
    atoms_.push_back(name);
    return static_cast<int64_t>(atoms_.size());
  }
  int64_t import(int64_t module, int64_t function, int64_t arity) {
    for (const int64_t number : {module, function, arity}) {
      imports_.u32(static_cast<uint32_t>(number));
    }
    return import_count_++;
  }
  int64_t lambda(uint32_t num_free) {
    for (const uint32_t number : {2u, arity_, 2u, 0u, num_free, 0u}) lambdas_.u32(number);
    return lambda_count_++;
  }
  void strings(std::string_view text) { strings_ = text; }
  void labels(uint32_t count) { labels_ = count; }

  ModuleBuilder& op(GenericOp op, std::initializer_list<Operand> operands) {
    return this->op(op, std::vector<Operand>(operands));
  }
  ModuleBuilder& op(GenericOp op, const std::vector<Operand>& operands) {
    code_.u8(static_cast<uint8_t>(op));
    for (const Operand& operand : operands) write(operand);
    return *this;
  }

  Bytes bytes() const {
    ByteWriter body;
    body.append("BEAM");
    ByteWriter atoms;
    atoms.u32(static_cast<uint32_t>(atoms_.size()));
    for (const std::string& name : atoms_) {
      atoms.u8(static_cast<uint8_t>(name.size()));
      atoms.append(name);
    }
    chunk(body, "AtU8", atoms);
    ByteWriter code;
    for (const uint32_t number : {16u, 0u, 191u, labels_, 1u}) code.u32(number);
    code.append(code_.span());
    code.u8(static_cast<uint8_t>(GenericOp::int_code_end_0));
    chunk(body, "Code", code);
    ByteWriter strings;
    strings.append(strings_);
    chunk(body, "StrT", strings);
    chunk(body, "ImpT", counted(static_cast<uint32_t>(import_count_), imports_));
    ByteWriter exported;
    for (const uint32_t number : {2u, arity_, 2u}) exported.u32(number);
    chunk(body, "ExpT", counted(1, exported));
    if (lambda_count_ != 0) {
      chunk(body, "FunT", counted(static_cast<uint32_t>(lambda_count_), lambdas_));
    }
    ByteWriter file;
    file.append("FOR1");
    file.u32(static_cast<uint32_t>(body.size()));
    file.append(body.span());
    return file.take();
  }

  static void chunk(ByteWriter& body, std::string_view name, const ByteWriter& data) {
    body.append(name);
    body.u32(static_cast<uint32_t>(data.size()));
    body.append(data.span());
    while (body.size() % 4 != 0) body.u8(0);
  }

 private:
  static ByteWriter counted(uint32_t count, const ByteWriter& entries) {
    ByteWriter chunk;
    chunk.u32(count);
    chunk.append(entries.span());
    return chunk;
  }

  void tagged(uint8_t tag, int64_t value) {
    if (value >= 0 && value < 16) return code_.u8(static_cast<uint8_t>(value << 4 | tag));
    code_.u8(static_cast<uint8_t>(6 << 5 | 0x18 | tag));  // eight bytes
    code_.u64(static_cast<uint64_t>(value));
  }

  void extended(int64_t kind, int64_t value) {
    tagged(7, kind);
    tagged(0, value);
  }

  void write(const Operand& operand) {
    switch (operand.kind) {
      case OperandKind::kUnsigned:
        return tagged(0, operand.value);
      case OperandKind::kOverflow:
        code_.u8(7 << 5 | 0x18);  // nine bytes and as many more as the next number says
        tagged(0, 0);
        code_.u8(1);
        return code_.u64(0);
      case OperandKind::kInteger:
        return tagged(1, operand.value);
      case OperandKind::kNil:
      case OperandKind::kAtom:
        return tagged(2, operand.value);
      case OperandKind::kX:
        return tagged(3, operand.value);
      case OperandKind::kY:
        return tagged(4, operand.value);
      case OperandKind::kNoLabel:
      case OperandKind::kLabel:
        return tagged(5, operand.value);
      case OperandKind::kList:
        return extended(1, operand.value);
      case OperandKind::kFloatRegister:
        return extended(2, operand.value);
      case OperandKind::kLiteral:
        return extended(4, operand.value);
      default:
        FAIL("the builder does not write this kind");
    }
  }

  uint32_t arity_;
  uint32_t labels_ = 10;
  std::vector<std::string> atoms_;
  std::string strings_;
  ByteWriter code_;
  ByteWriter imports_;
  int64_t import_count_ = 0;
  ByteWriter lambdas_;
  int64_t lambda_count_ = 0;
};

}  // namespace joist::testing
