// A `.beam` file that has been read and checked: the first half of loading it, which touches
// nothing of the VM, so that any thread may do it for any number of files at a time. What the
// second half makes (atoms, literals, entries of the code table) comes in the order in which files
// are loaded, whoever has checked them.
#pragma once

#include <memory>

#include "loader/load.h"
#include "loader/module_source.h"

namespace joist {

struct CheckedBeam {
  explicit CheckedBeam(BeamFile parsed) : file(std::move(parsed)), checked(file) {}
  CheckedBeam(const CheckedBeam&) = delete;  // `checked` refers to `file`
  CheckedBeam& operator=(const CheckedBeam&) = delete;

  BeamFile file;
  ModuleSource::Checked checked;
  std::unique_ptr<ModuleSource> source;
};

// The bytes are needed until the module has been made. Of the table only the handlers are.
Result<std::unique_ptr<CheckedBeam>> check_beam(ByteSpan bytes, const CodeTable& table);

// The rest of prepare_beam, once.
Result<std::unique_ptr<Module>> prepare_checked(CheckedBeam& beam, CodeTable& table,
                                                LiteralSpace& literals, LineInfo lines);

}  // namespace joist
