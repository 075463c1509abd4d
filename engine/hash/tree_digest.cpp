// SPDX-License-Identifier: MIT
#include "hash/tree_digest.h"

#include <cstring>

#include "base/bug.h"

namespace ggen::hash {

namespace {

constexpr std::size_t kHead = 5;

}  // namespace

char kind_letter(EntryKind kind, bool executable) {
  switch (kind) {
    case EntryKind::missing: return '-';
    case EntryKind::file: return executable ? 'x' : 'f';
    case EntryKind::link: return 'l';
    case EntryKind::directory: return 'd';
  }
  GGEN_BUG_IF(true, "an entry of no kind");
  return '?';
}

TreeDigest::TreeDigest() { hash_.update("ggen tree 1\n"); }

void TreeDigest::add(std::string_view path, EntryKind kind, bool executable, const Digest& digest) {
  const std::size_t size = kHead + path.size() + Digest::kSize;
  if (used_ + size > sizeof block_) flush();
  const auto length = static_cast<std::uint32_t>(path.size());
  char head[kHead] = {kind_letter(kind, executable)};
  for (int i = 0; i < 4; ++i) head[1 + i] = static_cast<char>(length >> (8 * i));
  if (size > sizeof block_) {
    hash_.update({head, kHead});
    hash_.update(path);
    hash_.update(digest.view());
    return;
  }
  char* at = block_ + used_;
  std::memcpy(at, head, kHead);
  std::memcpy(at + kHead, path.data(), path.size());
  std::memcpy(at + kHead + path.size(), digest.bytes.data(), Digest::kSize);
  used_ += size;
}

Digest TreeDigest::finish() {
  flush();
  return hash_.finish();
}

void TreeDigest::flush() {
  hash_.update({block_, used_});
  used_ = 0;
}

}  // namespace ggen::hash
