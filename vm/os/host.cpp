#include "vm/os/host.h"

#include <sys/utsname.h>

#include <cctype>
#include <cstdio>

namespace joist {

namespace {

Host ask_host() {
  struct utsname names;
  if (uname(&names) != 0) return {"unix", "unknown", {0, 0, 0}};
  Host host = {names.sysname, names.machine, {0, 0, 0}};
  for (char& c : host.system) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const char* vendor = host.architecture == "x86_64" ? "-pc-" : "-unknown-";
  host.architecture += vendor + host.system + (host.system == "linux" ? "-gnu" : "");
  std::sscanf(names.release, "%d.%d.%d", &host.version[0], &host.version[1], &host.version[2]);
  return host;
}

}  // namespace

const Host& host() {
  static const Host same_for_ever = ask_host();
  return same_for_ever;
}

}  // namespace joist
