// SPDX-License-Identifier: MIT
#include "cache/layout.h"

#include <cstdlib>

namespace ggen::cache {

namespace {

// The value of a variable, unless it is unset or empty.
std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

Result<std::string> default_root() {
  const std::string_view own = variable("GGEN_CACHE_DIR");
  if (own.starts_with('/')) return std::string(own);
  if (!own.empty()) {
    return Error{ErrorKind::invalid, "GGEN_CACHE_DIR is \"" + std::string(own) +
                                         "\": it must be an absolute path (unset it for the "
                                         "usual place)"};
  }
  const std::string_view xdg = variable("XDG_CACHE_HOME");
  if (xdg.starts_with('/')) return std::string(xdg) + "/ggen-lua";
  const std::string_view home = variable("HOME");
  if (home.starts_with('/')) return std::string(home) + "/.cache/ggen-lua";
  return Error{ErrorKind::not_found,
               "there is no place for the cache: neither HOME nor XDG_CACHE_HOME is set (set "
               "GGEN_CACHE_DIR to a directory)"};
}

DigestName::DigestName(const Digest& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  char* to = text.data();
  for (std::size_t i = 0; i < Digest::kSize; ++i) {
    *to++ = kDigits[digest.bytes[i] >> 4];
    *to++ = kDigits[digest.bytes[i] & 15];
    if (i == 0) *to++ = '/';
  }
  *to = '\0';
}

std::optional<Digest> digest_of_name(std::string_view directory, std::string_view name) {
  std::string hex(directory);
  hex += name;
  for (const char c : hex) {
    if (c >= 'A' && c <= 'F') return std::nullopt;  // we write lower case only
  }
  if (directory.size() != 2) return std::nullopt;
  return Digest::parse(hex);
}

}  // namespace ggen::cache
