// Shuts the calling process in, for good: no files, no network, no programs, no other processes,
// and so much memory and time. What is left is one descriptor, the clock and its own memory. For
// the process of an untrusted plugin (lua/ggen/isolation/process.lua); knows no plugin and no Lua.
//
// Two walls of the kernel stand behind each other: a seccomp filter with a list of the few system
// calls that are left, and Landlock without a single rule, which refuses files and sockets by
// whatever call they are asked for. Neither needs rights, and neither can be taken back.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/result.h"

namespace ggen::process {

struct SandboxParts {
  int landlock = 0;      // its ABI; 0: not there
  bool seccomp = false;  // with a filter that ends the process
};

// What this kernel has.
SandboxParts sandbox_parts();

struct SandboxLimits {
  std::uint64_t memory = 0;  // bytes of address space beyond what is there; 0: no limit
  std::uint64_t cpu = 0;     // seconds of processor time; 0: no limit
  bool landlock = true;      // false: left out, for tests and where somebody allows it
  bool seccomp = true;
};

// Whether the limit of memory works in this build: the sanitizers map terabytes.
bool sandbox_limits_memory();

// Descriptor `channel` stays; all others are closed, but for the standard streams, of which the
// filter lets none be used. A part that the kernel does not have is left out: look at what comes
// back. To be called while there is one thread.
Result<SandboxParts> enter_sandbox(int channel, const SandboxLimits& limits);

}  // namespace ggen::process
