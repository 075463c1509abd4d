// SPDX-License-Identifier: MIT
#include "base/bug.h"

#include <cstdio>
#include <cstdlib>

namespace ggen {

void report_bug(const char* file, int line, const char* text) {
  std::fprintf(stderr, "ggen-lua: bug: %s (%s:%d)\nPlease report this with what you ran.\n", text,
               file, line);
  std::abort();
}

}  // namespace ggen
