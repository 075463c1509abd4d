// A small process beside ours that ends our children when we die without a word (SIGKILL, a
// crash): a parent-death signal reaches only the children themselves, not what they started.
//
// We share a table of live process groups with it (a memfd, plain stores, no system call for a
// child) and hold the write end of a pipe that it reads. A byte on the pipe is our goodbye; its
// end without one is our death: then every group in the table is killed.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "process/spawn.h"

namespace ggen::process {

struct GuardTable;

constexpr std::string_view kGuardName = "ggen-lua-guard";  // argv[0] of the process

// What main() does when it was started under that name. Returns the exit code.
int guard_main();

class Guard {
 public:
  static constexpr std::size_t kSlots = 4096;  // children alive at the same time

  // Starts the process. `program`: something whose main() calls guard_main() by its argv[0].
  static Result<Guard> start(Spawner& spawner, const std::string& program = "/proc/self/exe");
  Guard(Guard&& other) noexcept;
  Guard& operator=(Guard&&) = delete;
  // Says goodbye and waits for the end of the process.
  ~Guard();

  // A slot of the table for one child, or nullptr when all are taken. The child writes its pid
  // into it (SpawnRequest::slot).
  std::int32_t* take_slot();
  // Before the child is reaped: from then on its pid may become somebody else's.
  void give_back(std::int32_t* slot);

  pid_t pid() const { return pid_; }

 private:
  Guard(GuardTable* table, Fd goodbye, pid_t pid);

  GuardTable* table_;
  Fd goodbye_;
  pid_t pid_;
  std::vector<std::uint16_t> free_;
};

}  // namespace ggen::process
