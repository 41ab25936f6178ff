// How terms of this VM become external ones, and what external ones become here: of this node, with
// the secret of its local terms, and with what it knows of code and records.
#pragma once

#include "vm/codec/etf.h"
#include "vm/proc/runtime.h"
#include "vm/term/node.h"

namespace joist {

// As term_to_binary/1.
inline EncodeOptions encode_options(const Runtime& runtime) {
  EncodeOptions options = EncodeOptions::of_release(runtime.otp_release);
  options.this_node = local_node();
  options.local_key = runtime.local_term_key;
  options.resolver = runtime.externals;
  return options;
}

// As binary_to_term/1.
inline DecodeOptions decode_options(const Runtime& runtime) {
  DecodeOptions options;
  options.this_node = local_node();
  options.local_key = runtime.local_term_key;
  options.resolver = runtime.externals;
  return options;
}

}  // namespace joist
