// Catch2's main, alone because it is slow to compile.
// SPDX-License-Identifier: MIT
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "process/guard.h"

int main(int argc, char** argv) {
  // Tests that start commands have a guard too, and this is the program it is made of.
  if (argc > 0 && argv[0] == ggen::process::kGuardName) return ggen::process::guard_main();
  return Catch::Session().run(argc, argv);
}
