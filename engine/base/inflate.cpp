// SPDX-License-Identifier: MIT
#include "base/inflate.h"

#include <zlib.h>

namespace ggen {

bool inflate(std::string_view stream, std::span<char> out) {
  uLongf size = out.size();
  return ::uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                      reinterpret_cast<const Bytef*>(stream.data()), stream.size()) == Z_OK &&
         size == out.size();
}

}  // namespace ggen
