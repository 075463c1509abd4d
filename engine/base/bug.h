// Broken invariants end the program with "bug:" in the text; they are never errors that a caller
// could handle.
// SPDX-License-Identifier: MIT
#pragma once

namespace ggen {

[[noreturn]] void report_bug(const char* file, int line, const char* text);

}  // namespace ggen

#define GGEN_BUG_IF(condition, text)                             \
  do {                                                           \
    if (condition) ::ggen::report_bug(__FILE__, __LINE__, text); \
  } while (false)
