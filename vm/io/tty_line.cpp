#include "vm/io/tty_line.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "vm/codec/unicode.h"
#include "vm/os/tty.h"

namespace joist {

namespace {

// Tags of cells that do not stand for the character they show. The first cell of several has the
// character's code, too.
constexpr uint32_t kControl = 0x10000000;  // ^X, tabs, escape
constexpr uint32_t kEscaped = 0x01000000;  // \ooo, \x{H}
constexpr uint32_t kTags = 0xff000000;
constexpr uint32_t kTab = kControl | '\t';
constexpr uint32_t kEscape = kControl | 0x1b;
constexpr size_t kTabWidth = 8;

bool is_padding(uint32_t cell) { return (cell & kTags) != 0 && (cell & ~kTags) == 0; }

// \ooo up to \777, then \x{H...}, without the backslash.
std::string escaped_text(uint32_t character) {
  char text[16];
  snprintf(text, sizeof text, character <= 0777 ? "%03o" : "x{%X}", character);
  return text;
}

uint32_t next_character(ByteSpan* text) {
  const size_t length = utf8_length(text->front());
  uint32_t character = text->front();
  size_t used = 1;
  if (length > 1 && length <= text->size() && is_utf8(text->first(length))) {
    const uint8_t* from = text->data();
    character = take_utf8(&from);
    used = length;
  }
  *text = text->subspan(used);
  return character;
}

}  // namespace

void TtyLine::out(const std::string& text, int times) {
  while (times-- > 0) output_ += text;
}

// --- cells ---

void TtyLine::put_cell(Cell cell) {
  if (position_ == cells_.size()) {
    cells_.push_back(cell);
  } else {
    cells_[position_] = cell;
  }
  ++position_;
}

// What is behind the cursor goes on to the next line.
void TtyLine::end_line(size_t shown_from, bool feeds) {
  show(shown_from, position_ - shown_from, true);
  out('\r');
  if (feeds) out('\n');
  cells_.erase(cells_.begin(), cells_.begin() + static_cast<ptrdiff_t>(position_));
  position_ = 0;
}

size_t TtyLine::put_cells(ByteSpan text) {
  size_t from = position_;
  while (!text.empty()) {
    const uint32_t character = next_character(&text);
    const bool printable = character <= 0xff && is_printable_byte(static_cast<int>(character));
    if (printable || (utf8_ && character >= 0x80)) {
      put_cell(character);
    } else if (character >= 0x80) {
      put_cell(character | kEscaped);
      for (size_t i = escaped_text(character).size(); i > 0; --i) put_cell(kEscaped);
    } else if (character == '\t') {
      put_cell(kTab);
      while (position_ % kTabWidth != 0) put_cell(kControl);
    } else if (character == 0x1b) {
      put_cell(kEscape);
    } else if (character == '\n' || character == '\r') {
      end_line(from, character == '\n');
      from = 0;
    } else {
      put_cell(character | kControl);
      put_cell(kControl);
    }
  }
  return position_ - from;
}

// So many characters further, but not beyond the ends.
size_t TtyLine::step(int count) const {
  size_t at = position_;
  for (; count > 0 && at < cells_.size(); --count) {
    ++at;
    while (at < cells_.size() && is_padding(cells_[at])) ++at;
  }
  for (; count < 0 && at > 0; ++count) {
    --at;
    while (at > 0 && is_padding(cells_[at])) --at;
  }
  return at;
}

// --- columns ---

// Cells of an escape sequence for colours, which take no column.
size_t TtyLine::escape_width(size_t at) const {
  const size_t left = cells_.size() - at;
  if (cells_[at] != kEscape) return 0;
  if (left <= 1) return 1;
  if (cells_[at + 1] != '[') return 2;
  size_t width = 2;
  while (width < left &&
         (cells_[at + width] == ';' || (cells_[at + width] >= '0' && cells_[at + width] <= '9'))) {
    ++width;
  }
  return width + 1;
}

int TtyLine::column_of(size_t cell) const {
  int column = 0;
  if (cell > cells_.size()) {
    column += static_cast<int>(cell - cells_.size());
    cell = cells_.size();
  }
  for (size_t at = 0; at < cell;) {
    if (const size_t escape = escape_width(at); escape != 0) {
      at += escape;
      continue;
    }
    column += std::max(character_width(static_cast<int32_t>(cells_[at])), 0);
    ++at;
  }
  return column;
}

int TtyLine::move_cursor(size_t from, size_t to) {
  const int from_column = column_of(from);
  const int to_column = column_of(to);
  const int columns = to_column % terminal_.columns - from_column % terminal_.columns;
  const int lines = to_column / terminal_.columns - from_column / terminal_.columns;
  out(lines > 0 ? terminal_.down : terminal_.up, std::abs(lines));
  out(columns > 0 ? terminal_.right : terminal_.left, std::abs(columns));
  return to_column - from_column;
}

// --- showing ---

// A character that several cells stand for; returns how many.
size_t TtyLine::show_special(size_t at) {
  const Cell cell = cells_[at];
  if (cell == kEscape) {
    out(0x1b);
    return 1;
  }
  if (cell == kTab) {
    size_t width = 1;
    while (at + width < cells_.size() && cells_[at + width] == kControl) ++width;
    output_.append(width, ' ');
    return width;
  }
  if ((cell & kControl) != 0) {
    out('^');
    out(static_cast<int>((cell & 0x7f) | 0x40));
    return 2;
  }
  const std::string text = escaped_text(cell & ~kTags);
  output_ += '\\' + text;
  return text.size() + 1;
}

void TtyLine::show(size_t from, size_t count, bool line_ends) {
  size_t at = from;
  const size_t end = from + count;
  std::string last = " ";  // what the last cell shows
  while (at < end) {
    const size_t before = output_.size();
    if ((cells_[at] & kTags) != 0) {
      at += show_special(at);
      last = output_.substr(output_.size() - 1);
      continue;
    }
    if (utf8_) {
      uint8_t bytes[4];
      const uint8_t* bytes_end = put_utf8(bytes, cells_[at]);
      output_.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(bytes_end - bytes));
    } else {
      out(static_cast<int>(cells_[at]));
    }
    last = output_.substr(before);
    ++at;
  }
  // A terminal that wraps late still has the cursor behind the last column: something in the next
  // line brings it there.
  if (line_ends || !terminal_.wraps_late || at == 0) return;
  if (column_of(at) % terminal_.columns != 0) return;
  output_ += at >= cells_.size() ? " " : last;
  out(terminal_.left, 1);
}

// --- operations ---

void TtyLine::put(ByteSpan text) {
  const size_t count = put_cells(text);
  if (count > 0) show(position_ - count, count);
}

void TtyLine::insert(ByteSpan text) {
  const auto cursor = cells_.begin() + static_cast<ptrdiff_t>(position_);
  const std::vector<Cell> tail(cursor, cells_.end());
  cells_.erase(cursor, cells_.end());
  const size_t count = put_cells(text);
  cells_.insert(cells_.end(), tail.begin(), tail.end());
  show(position_ - count, count + tail.size());
  move_cursor(cells_.size(), position_);
}

void TtyLine::move(int count) {
  const size_t to = step(count);
  move_cursor(position_, to);
  position_ = to;
}

void TtyLine::erase(int count) {
  const size_t to = step(count);
  const size_t first = std::min(to, position_);
  const size_t behind = std::max(to, position_);
  if (first == behind) return;
  const int columns =
      to > position_ ? column_of(behind) - column_of(first) : -move_cursor(position_, first);
  cells_.erase(cells_.begin() + static_cast<ptrdiff_t>(first),
               cells_.begin() + static_cast<ptrdiff_t>(behind));
  position_ = first;
  show(position_, cells_.size() - position_);
  close_gap(columns);
}

// Blanks what so many columns behind the line have shown, and goes back to the cursor.
void TtyLine::close_gap(int columns) {
  output_.append(static_cast<size_t>(std::max(columns, 0)), ' ');
  if (terminal_.wraps_late && (column_of(cells_.size()) + columns) % terminal_.columns == 0) {
    out(' ');
    out(terminal_.left, 1);
  }
  move_cursor(cells_.size() + static_cast<size_t>(std::max(columns, 0)), position_);
}

}  // namespace joist
