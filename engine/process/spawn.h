// Starts one program: clone with shared memory (as vfork does), a handful of system calls in the
// child, exec. The parent sleeps until the exec, so the cost does not grow with its memory.
// Knows nothing of pipes, waiting or the loop.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace ggen::process {

enum class Group {
  own,      // a new process group, out of reach of the terminal's signals unless it is lent it
  ours,     // stays in ours: a job of the shell together with us
  session,  // a new session, nothing of ours open but stdio, and outlives us: the guard
};

struct SpawnRequest {
  const std::vector<std::string>& argv;
  const std::vector<std::string>& env;  // "NAME=value", nothing else is inherited
  const std::string& cwd;               // empty: ours
  std::array<int, 3> stdio;             // descriptors above 2, or -1: ours
  std::string file = {};                // what to execute; empty: argv[0]
  Group group = Group::own;
  int terminal = -1;  // its own group becomes the foreground of this terminal; -1: of none
  // The child writes its pid here before its exec (negative when it leads no group), so that there
  // is no instant at which it runs and is unknown. Stays as it was when nothing was started.
  std::int32_t* slot = nullptr;
};

struct Spawned {
  pid_t pid = 0;
  Fd pidfd;
};

struct SpawnFailure {
  enum class Part { cwd, program, system };
  Part part = Part::system;
  Error error;

  // What a shell would exit with: 127 not found, 126 found but cannot be executed.
  int exit_code() const { return error.kind == ErrorKind::not_found ? 127 : 126; }
};

using SpawnResult = std::variant<Spawned, SpawnFailure>;

// Owns what all starts share: the child's stack, and the limit of open files, which is raised for
// us (three for each child that runs) and set back in the child.
class Spawner {
 public:
  Spawner();
  ~Spawner();
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  // argv[0] is looked up as execvp does it, but over the PATH of `env` and from `cwd`; a file
  // that the kernel does not know how to execute is given to /bin/sh.
  SpawnResult spawn(const SpawnRequest& request);

 private:
  void* stack_;
  const pid_t self_;
  rlimit files_{};  // as we found it
  bool files_raised_ = false;
};

}  // namespace ggen::process
