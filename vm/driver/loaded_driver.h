// A driver of a library: its entry, as ports find it through their DriverInfo.
//
//   LoadedDriver <-- Port, LibraryPort       the record: as long as anybody has it
//        |
//   DriverLibrary <-- DriverUse              the code: as long as it is in use
//   (vm/driver/library.h)
//
// A driver that another one has added (add_driver_entry) has no library; it is linked in.
#pragma once

#include <memory>
#include <string>

#include "vm/driver/abi.h"
#include "vm/io/driver.h"

namespace joist {

struct DriverLibrary;  // vm/driver/library.h
class DriverLibraries;

class LoadedDriver : public DriverInfo, public std::enable_shared_from_this<LoadedDriver> {
 public:
  LoadedDriver(const abi::DriverEntry& library_entry, DriverLibrary* library);
  LoadedDriver(const LoadedDriver&) = delete;
  LoadedDriver& operator=(const LoadedDriver&) = delete;

  const std::string& text() const { return text_; }
  const abi::DriverEntry& entry() const { return entry_; }
  const abi::DriverEntry* original() const { return original_; }

  // Both under the lock of DriverLibraries.
  DriverLibrary* library;  // null: none
  bool is_gone = false;

 private:
  const abi::DriverEntry* const original_;
  abi::DriverEntry entry_{};
  const std::string text_;
  std::recursive_mutex mutex_;
};

// Keeps the code of a driver; a port's is counted as such, too.
class DriverUse {
 public:
  DriverUse(DriverLibraries* libraries, std::shared_ptr<DriverLibrary> library, bool of_port)
      : libraries_(libraries), library_(std::move(library)), of_port_(of_port) {}
  DriverUse(DriverUse&&) noexcept = default;
  DriverUse& operator=(DriverUse&&) = delete;
  ~DriverUse();
  // Another one of the same code, that counts for no port.
  DriverUse another() const;

 private:
  DriverLibraries* libraries_;
  std::shared_ptr<DriverLibrary> library_;  // null: there is none to keep
  bool of_port_;
};

}  // namespace joist
