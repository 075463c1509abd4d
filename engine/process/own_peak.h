// The most memory that this process has had: what the kernel counts for each of its children, which
// share our memory until their exec, before they had any of their own.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace ggen::process {

// Bytes.
std::uint64_t own_peak_memory();

// What is known of a child whose peak the kernel says is `peak`, when ours was `own` at its start:
// 0 when this may be ours. The kernel counts pages for each processor apart, so equal values differ
// a little.
std::uint64_t known_peak_memory(std::uint64_t peak, std::uint64_t own);

}  // namespace ggen::process
