// What kind of machine this is, so that times are compared with times of the same kind:
// "linux-x86_64/2 cpus/24 GiB/Intel(R) Xeon(R) Processor". Asked by every run: no file is read that
// is made when it is read, such as /proc/cpuinfo.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace ggen::state {

// Processors that this process may use; memory that is built in, or the limit of the control group
// at the root of what this process sees. Without the processor's name where only a file has it.
std::string machine_class();

// The same of given numbers.
std::string machine_class(unsigned cpus, std::uint64_t memory, const std::string& processor);

// What can be asked for next to nothing, and is another text on any machine of another class that
// may come by what was remembered here: an answer takes a hypervisor 7 us, and a file of a control
// group about as long.
std::string machine_key();

}  // namespace ggen::state
