// Bytes that zlib deflated, at build time or elsewhere.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string_view>

namespace ggen {

// Inflates a stream of zlib's format into all of `out`. False when the stream is damaged or cut off
// (its checksum is looked at), or is of another size; what is in `out` then is worth nothing.
bool inflate(std::string_view stream, std::span<char> out);

}  // namespace ggen
