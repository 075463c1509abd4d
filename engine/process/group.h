// What became of a process group whose leader is gone.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

namespace ggen::process {

// After every member got SIGKILL and the leader was reaped: whether one of them would have gone on
// without the signal. Members that were ending by themselves at that moment do not count.
bool group_outlived_leader(pid_t group);

}  // namespace ggen::process
