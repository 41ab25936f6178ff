// The line that is edited on a terminal, as the shells of OTP up to 25 see it: operations on
// characters go in, and what makes the terminal show the result comes out (kernel's user_drv.erl;
// erts' ttsl_drv.c). Knows no descriptor.
//
//   cells   | h | e | l | l | o | ^C, | pad |       a cell is a character, or one of several that
//                         ^ position                stand for it
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vm/base/bytes.h"

namespace joist {

class TtyLine {
 public:
  struct Terminal {
    std::string up, down, left, right;  // move by one
    int columns = 80;
    bool wraps_late = false;  // the cursor stays behind a full line
  };
  TtyLine(Terminal terminal, bool utf8) : terminal_(std::move(terminal)), utf8_(utf8) {}

  void set_columns(int columns) { terminal_.columns = columns; }
  bool utf8() const { return utf8_; }
  void set_utf8(bool utf8) { utf8_ = utf8; }
  // Cells from the last end of line on, up to the cursor.
  size_t position() const { return position_; }

  // Text is UTF-8; bytes that are not stand for themselves.
  void put(ByteSpan text);     // over what is there
  void insert(ByteSpan text);  // before it
  void move(int count);        // by characters, to the left if negative
  void erase(int count);       // characters behind the cursor, or, if negative, before it
  void beep() { out('\a'); }

  // What is to be written to the terminal since the last call.
  std::string take_output() { return std::move(output_); }

 private:
  using Cell = uint32_t;

  void out(int byte) { output_.push_back(static_cast<char>(byte)); }
  void out(const std::string& text, int times);
  // Puts the cells of a text at the position, after which it stands; returns how many there are
  // since the last end of line.
  size_t put_cells(ByteSpan text);
  void put_cell(Cell cell);
  void end_line(size_t shown_from, bool feeds);
  void show(size_t from, size_t count, bool line_ends = false);
  size_t show_special(size_t at);
  size_t step(int count) const;
  int column_of(size_t cell) const;
  size_t escape_width(size_t at) const;
  // The cursor goes from one cell to another; returns by how many columns.
  int move_cursor(size_t from, size_t to);
  void close_gap(int columns);

  Terminal terminal_;
  bool utf8_;
  std::vector<Cell> cells_;
  size_t position_ = 0;
  std::string output_;
};

}  // namespace joist
