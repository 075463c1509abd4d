// The records of the journal as values and as bytes; the file is journal_file.cpp.
// SPDX-License-Identifier: MIT
#include "cache/journal.h"

#include <algorithm>
#include <cstring>

#include "hash/checksum.h"
#include "hash/sha256.h"

namespace ggen::cache {

namespace {

constexpr std::size_t kPolicyAt = 48, kPolicySize = 12, kChecksumAt = 60;

constexpr std::string_view kReasons[] = {"", "size", "age", "cost", "damaged", "asked"};

template <class Integer>
void store(char* to, Integer value) {
  std::memcpy(to, &value, sizeof value);
}

template <class Integer>
Integer load(const char* from) {
  Integer value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

std::uint32_t low_half(std::string_view bytes) {
  return static_cast<std::uint32_t>(hash::checksum(bytes));
}

}  // namespace

std::string_view reason_name(Reason reason) { return kReasons[static_cast<std::size_t>(reason)]; }

Reason reason_of_name(std::string_view name) {
  for (std::size_t i = 1; i < std::size(kReasons); ++i)
    if (kReasons[i] == name) return static_cast<Reason>(i);
  return Reason::none;
}

ShortKey short_key(const Digest& key) {
  ShortKey result;
  std::memcpy(result.data(), key.bytes.data(), result.size());
  return result;
}

std::uint32_t task_hash(std::string_view task) { return low_half(task); }

void encode(const Record& record, char* to) {
  std::memset(to, 0, kRecordSize);
  to[0] = 'J';
  to[1] = static_cast<char>(record.op);
  to[2] = static_cast<char>(record.reason);
  store(to + 4, record.task);
  store(to + 8, record.time_ms);
  std::memcpy(to + 16, record.key.data(), record.key.size());
  store(to + 32, record.bytes);
  store(to + 40, record.cost_ms);
  std::memcpy(to + kPolicyAt, record.policy.data(), std::min(record.policy.size(), kPolicySize));
  store(to + kChecksumAt, low_half({to, kChecksumAt}));
}

bool RawRecord::fits(const char* bytes) {
  const auto op = static_cast<std::uint8_t>(bytes[1]);
  return bytes[0] == 'J' && op >= static_cast<std::uint8_t>(Op::store) &&
         op <= static_cast<std::uint8_t>(Op::total) &&
         static_cast<std::uint8_t>(bytes[2]) < std::size(kReasons);
}

std::uint32_t RawRecord::task() const { return load<std::uint32_t>(bytes_ + 4); }

ShortKey RawRecord::key() const {
  ShortKey key;
  std::memcpy(key.data(), bytes_ + 16, key.size());
  return key;
}

std::optional<Record> RawRecord::record() const {
  Record record;
  return decode(bytes_, record) ? std::optional(std::move(record)) : std::nullopt;
}

bool decode(const char* from, Record& record) {
  if (!RawRecord::fits(from)) return false;
  if (load<std::uint32_t>(from + kChecksumAt) != low_half({from, kChecksumAt})) return false;
  record.op = static_cast<Op>(from[1]);
  record.reason = static_cast<Reason>(from[2]);
  record.task = load<std::uint32_t>(from + 4);
  record.time_ms = load<std::uint64_t>(from + 8);
  std::memcpy(record.key.data(), from + 16, record.key.size());
  record.bytes = load<std::uint64_t>(from + 32);
  record.cost_ms = load<std::uint64_t>(from + 40);
  record.policy.assign(from + kPolicyAt, ::strnlen(from + kPolicyAt, kPolicySize));
  return true;
}

Group group_of(std::span<const Record> hits) {
  Group group;
  std::vector<ShortKey> keys;
  keys.reserve(hits.size());
  for (const Record& hit : hits) {
    keys.push_back(hit.key);
    group.cost_ms += hit.cost_ms;
  }
  std::sort(keys.begin(), keys.end());
  hash::Sha256 hash;
  for (const ShortKey& key : keys)
    hash.update({reinterpret_cast<const char*>(key.data()), key.size()});
  group.id = short_key(hash.finish());
  group.count = hits.size();
  return group;
}

Record group_record(const Group& group, Op op, std::uint64_t time_ms) {
  Record record;
  record.op = op;
  record.time_ms = time_ms;
  record.key = group.id;
  record.bytes = group.count;
  record.cost_ms = group.cost_ms;
  return record;
}

Result<std::optional<Record>> eviction(const Journal& journal, const Digest& key) {
  const ShortKey wanted = short_key(key);
  std::optional<Record> newest;  // of the key's stores and evictions
  GGEN_TRY(journal.look_back([&](const RawRecord& raw) {
    if ((raw.op() == Op::store || raw.op() == Op::evict) && raw.key() == wanted)
      newest = raw.record();
    return !newest;
  }));
  if (newest && newest->op != Op::evict) newest.reset();
  return newest;
}

}  // namespace ggen::cache
