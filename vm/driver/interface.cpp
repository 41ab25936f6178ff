#include "vm/driver/interface.h"

#include "vm/codec/unicode.h"
#include "vm/driver/api_table.h"
#include "vm/nif/interface.h"
#include "vm/term/atom.h"

namespace joist {

DriverInterface* DriverInterface::current() {
  const NativeInterface* natives = NativeInterface::current();
  return natives == nullptr ? nullptr : natives->drivers;
}

DriverInterface::DriverInterface(Runtime& runtime, Ports& ports)
    : runtime_(runtime),
      ports_(ports),
      libraries_(runtime),
      descriptors_(ports),
      async_(runtime.settings.async_threads) {
  JOIST_CHECK(!driver_functions().empty());
  ports.set_descriptor_watcher(&descriptors_);
}

DriverInterface::~DriverInterface() = default;

std::optional<Term> latin1_atom(std::string_view name) {
  name = name.substr(0, kMaxAtomCharacters);
  const ByteSpan bytes(reinterpret_cast<const uint8_t*>(name.data()), name.size());
  std::string text(latin1_utf8_size(bytes), 0);
  put_latin1_as_utf8(reinterpret_cast<uint8_t*>(text.data()), bytes);
  return make_atom(text);
}

}  // namespace joist
