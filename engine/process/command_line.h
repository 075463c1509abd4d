// Splits a simple command string into its words, so that it can be started without a shell; says
// when only a shell can tell what is meant. Pure; knows nothing of processes.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ggen::process {

// The words that `sh -c command` would start a program with. Empty when the command needs a shell:
// it has a byte that may mean something to one, or it begins with a word that the shell itself
// runs. Errs on the side of the shell: that only costs time.
std::optional<std::vector<std::string>> split_command(std::string_view command);

}  // namespace ggen::process
