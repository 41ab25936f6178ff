// What of a handler's machine code can be copied behind the copy of another handler.
//
// A handler ends by loading the handler of the next instruction and jumping there (dispatch.h in
// vm/exec):
//
//     cmp  %rsi,0x10(%r12)          %r12 is pc
//     jne  fail
//     mov  0x18(%r12),%rax          the next instruction's handler
//     add  $0x18,%r12
//     jmp  *%rax
//
// Where instructions follow one another and nobody jumps to the second, the second one's code can
// stand in the place of that last jump. So a body is the code from the start to that jump, and
// what it needs in another place: its jumps and distances to elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace joist {

struct HandlerBody {
  struct Piece {
    const uint8_t* code;
    uint8_t length;
    enum class Kind : uint8_t { kPlain, kJump, kBranch, kCall, kRelative, kDispatch, kReturn } kind;
    uint8_t condition = 0;        // of kBranch
    uint8_t relative_offset = 0;  // of kRelative: where the distance lies
    uint8_t reg = 0;              // of kDispatch and kReturn: where the address is
    // Of kBranch and kDispatch: where in the instruction lies the label whose instruction it leads
    // to, and does nothing else; 0: nowhere.
    uint8_t label = 0;
    int32_t inner = -1;  // the piece a jump leads to; -1: to `target`, elsewhere
    uintptr_t target = 0;
  };
  std::vector<Piece> pieces;  // empty: the code is not understood, or too long
  // Bytes from the instruction to the next one, with whose handler the body goes on; 0: it ends
  // with a jump of its own.
  int32_t advance = 0;

  // Its jumps to handlers are returns, though the code does not show it.
  void make_returns();
};

// Reads the handler at that address.
HandlerBody find_handler_body(const uint8_t* handler);

// Whether that is what a handler must be that moves a constant to X register x (0 to 3): if not,
// handlers keep their state in other registers than is assumed here.
bool is_move_to_x(const HandlerBody& body, size_t x, size_t advance);

class LabelPlaces {
 public:
  // Where the copy of the instruction lies that the label field at that offset leads to; 0:
  // nowhere, or it is not to be jumped to.
  virtual uintptr_t place_of(uint8_t offset) const = 0;

 protected:
  ~LabelPlaces() = default;
};

// Appends the body to `out`, which will be run at `address`. False: something it jumps to is out of
// reach from there, and `out` is as before.
bool place_handler_body(const HandlerBody& body, const LabelPlaces& labels,
                        std::vector<uint8_t>& out, uintptr_t address);
// The same for a jump.
bool place_jump(uintptr_t target, std::vector<uint8_t>& out, uintptr_t address);

// Sets pc to what it is already, so that nothing that follows waits for where it came from.
void place_pc(const void* pc, std::vector<uint8_t>& out);

// Makes a call of the jump that the body, placed last in `out`, ends with: what follows is then
// where the processor expects the return. Nothing stays on the machine's stack: the call leads to
// code that drops the address and goes on with the jump, put where `out` ends by
// place_call_target(). False: the body does not end with a jump.
struct PlacedCall {
  size_t end;  // of the call, in `out`
  uint8_t reg;
  uintptr_t target;  // 0: what is in `reg`
};
bool make_call(const HandlerBody& body, std::vector<uint8_t>& out, PlacedCall* call);
// The same for the jump that place_jump() put last, to `target`.
void make_call(uintptr_t target, std::vector<uint8_t>& out, PlacedCall* call);
bool place_call_target(const PlacedCall& call, std::vector<uint8_t>& out, uintptr_t address);

}  // namespace joist
