// Writes a recorded trace in the format of Chrome's trace viewer, which Perfetto reads too. Knows
// the format and the file; the spans come from trace.h.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "trace/trace.h"

namespace ggen::trace {

// Takes the next bytes of the document.
using Sink = std::function<Result<void>(std::string_view)>;

// The whole document, in pieces of some 64 KiB.
Result<void> write_chrome_json(const Recorder& recorder, const Sink& sink);

// The same into a file, which is seen whole or not at all. A path that names something else than
// a plain file (a pipe, a terminal) is written to as it is.
Result<void> write_chrome_file(const Recorder& recorder, const std::string& path);

}  // namespace ggen::trace
