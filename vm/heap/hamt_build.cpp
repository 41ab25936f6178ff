#include "vm/heap/hamt_build_impl.h"

namespace joist {

template class HamtBuild<KeyHash>;

}  // namespace joist
