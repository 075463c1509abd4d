// SPDX-License-Identifier: MIT
#include "hash/dir_record.h"

#include <algorithm>

namespace ggen::hash {

const RecordHead DirRecord::kNothing;

EntryType type_of_mode(std::uint32_t mode) {
  if (S_ISREG(mode)) return EntryType::file;
  if (S_ISDIR(mode)) return EntryType::directory;
  if (S_ISLNK(mode)) return EntryType::link;
  return EntryType::other;
}

std::optional<DirRecord> DirRecord::view(std::string_view bytes) {
  if (bytes.size() < sizeof(RecordHead)) return {};
  DirRecord record;
  record.data_ = bytes.data();
  record.size_ = bytes.size();
  const RecordHead& head = record.head();
  const std::uint64_t size =
      sizeof(RecordHead) + std::uint64_t{head.entries} * sizeof(RecordEntry) + head.names;
  if (size > bytes.size() || bytes.size() - size >= 8) return {};
  record.size_ = size;
  return record;
}

std::size_t DirRecord::find(std::string_view name) const {
  const auto all = entries();
  const auto found = std::lower_bound(
      all.begin(), all.end(), name,
      [&](const RecordEntry& entry, std::string_view wanted) { return name_view(entry) < wanted; });
  if (found == all.end() || name_view(*found) != name) return npos;
  return static_cast<std::size_t>(found - all.begin());
}

void DirRecord::own() {
  if (owned_) return;
  std::unique_ptr<char[]> copy(new char[size_]);
  std::memcpy(copy.get(), data_, size_);
  owned_ = std::move(copy);
  data_ = owned_.get();
}

RecordHead& DirRecord::edit_head() {
  own();
  return *reinterpret_cast<RecordHead*>(owned_.get());
}

RecordEntry& DirRecord::edit(std::size_t i) {
  own();
  return reinterpret_cast<RecordEntry*>(owned_.get() + sizeof(RecordHead))[i];
}

void DirRecord::rebuild(std::vector<Item>& items) {
  std::sort(items.begin(), items.end(),
            [](const Item& a, const Item& b) { return a.name < b.name; });
  RecordHead new_head = head();
  new_head.entries = static_cast<std::uint32_t>(items.size());
  new_head.names = 0;
  for (const Item& item : items) {
    new_head.names += static_cast<std::uint32_t>(item.name.size()) + 1;
  }
  const std::size_t names_at = sizeof(RecordHead) + items.size() * sizeof(RecordEntry);
  const std::size_t size = names_at + new_head.names;
  std::unique_ptr<char[]> bytes(new char[size]);
  std::memcpy(bytes.get(), &new_head, sizeof new_head);
  std::uint32_t offset = 0;
  char* entry_at = bytes.get() + sizeof(RecordHead);
  for (Item& item : items) {
    item.entry.name = offset;
    item.entry.name_size = static_cast<std::uint16_t>(item.name.size());
    std::memcpy(entry_at, &item.entry, sizeof(RecordEntry));
    entry_at += sizeof(RecordEntry);
    std::memcpy(bytes.get() + names_at + offset, item.name.data(), item.name.size());
    offset += item.entry.name_size;
    bytes[names_at + offset++] = '\0';
  }
  owned_ = std::move(bytes);
  data_ = owned_.get();
  size_ = size;
}

}  // namespace ggen::hash
