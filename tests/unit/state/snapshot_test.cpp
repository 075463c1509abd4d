// SPDX-License-Identifier: MIT
#include "state/snapshot.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "base/file.h"
#include "hash/checksum.h"
#include "state/snapshot_writer.h"

using namespace ggen;
using namespace ggen::state;

namespace {

constexpr std::uint64_t kIdentity = 42;

struct TempDir {
  std::string path = make_temp_dir("/tmp", "ggen-state-").value();
  ~TempDir() { (void)remove_tree(path); }
  std::string file() const { return path + "/.ggen/snapshot"; }
};

const std::vector<std::string> kTexts{"first", "", std::string(5000, 'x'), std::string("a\0b", 3)};

void write_sample(const std::string& path) {
  auto writer = SnapshotWriter::create(path, kIdentity);
  REQUIRE(writer);
  for (const std::string& text : kTexts) writer->record(text);
  writer->section("head", "what the head says");
  writer->section("empty", "");
  writer->section("a name of 23 characters", "x");
  REQUIRE(writer->commit());
}

std::string bytes_of(const std::string& path) { return read_file(path).value(); }

void overwrite(const std::string& path, std::string_view bytes) {
  (void)remove_path(path);
  REQUIRE(write_file(path, bytes));
}

// Whatever is in the file: nothing but what write_sample() wrote may come out.
void check_never_wrong(const std::string& path) {
  const auto snapshot = Snapshot::open(path, kIdentity);
  if (!snapshot) return;
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    const auto record = snapshot->record(i);
    if (record && *record != kTexts[i]) FAIL("a wrong record");
  }
  const auto head = snapshot->section("head");
  if (head && *head != "what the head says") FAIL("a wrong section");
}

// Lets the head and the table say something else, with a good checksum.
template <class Change>
std::string forged(const std::string& bytes, Change change) {
  SnapshotHead head;
  std::memcpy(&head, bytes.data(), sizeof head);
  std::vector<SectionEntry> table(head.sections);
  const std::size_t table_size = table.size() * sizeof(SectionEntry);
  std::memcpy(table.data(), bytes.data() + head.table_offset, table_size);
  const std::uint64_t table_offset = head.table_offset;
  change(head, table);
  std::string result = bytes;
  std::memcpy(result.data() + table_offset, table.data(), table_size);
  head.checksum = checksum_of(head, {reinterpret_cast<const char*>(table.data()), table_size});
  std::memcpy(result.data(), &head, sizeof head);
  return result;
}

}  // namespace

TEST_CASE("snapshot: what was written is read", "[state]") {
  const TempDir dir;
  write_sample(dir.file());
  const auto snapshot = Snapshot::open(dir.file(), kIdentity);
  REQUIRE(snapshot);
  REQUIRE(snapshot->record_count() == kTexts.size());
  for (std::size_t i = 0; i < kTexts.size(); ++i) CHECK(snapshot->record(i) == kTexts[i]);
  CHECK_FALSE(snapshot->record(kTexts.size()));
  CHECK_FALSE(snapshot->record(~std::size_t{0}));
  CHECK(snapshot->section("head") == "what the head says");
  CHECK(snapshot->section("empty") == "");
  CHECK(snapshot->section("a name of 23 characters") == "x");
  CHECK_FALSE(snapshot->section("none"));
  CHECK(snapshot->names() ==
        std::vector<std::string_view>{"a name of 23 characters", "empty", "head"});
  // Its records may hold secrets.
  CHECK(stat_path(dir.file())->mode == 0600);
}

TEST_CASE("snapshot: without records and sections", "[state]") {
  const TempDir dir;
  REQUIRE(SnapshotWriter::create(dir.file(), kIdentity)->commit());
  const auto snapshot = Snapshot::open(dir.file(), kIdentity);
  REQUIRE(snapshot);
  CHECK(snapshot->record_count() == 0);
  CHECK_FALSE(snapshot->record(0));
}

TEST_CASE("snapshot: one that was given up leaves nothing", "[state]") {
  const TempDir dir;
  write_sample(dir.file());
  {
    auto writer = SnapshotWriter::create(dir.file(), kIdentity);
    REQUIRE(writer);
    writer->record(std::string(1000000, 'y'));
  }
  CHECK(list_dir(dir.path + "/.ggen")->size() == 1);
  CHECK(Snapshot::open(dir.file(), kIdentity)->record(0) == "first");
}

TEST_CASE("snapshot: what killed writers left goes away after an hour", "[state]") {
  const TempDir dir;
  write_sample(dir.file());
  const std::string old = dir.file() + ".tmp-abcdef";
  const std::string young = dir.file() + ".tmp-ghijkl";
  REQUIRE(write_file(old, "x"));
  REQUIRE(write_file(young, "x"));
  const timespec times[2] = {{1000, 0}, {1000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, old.c_str(), times, 0) == 0);
  write_sample(dir.file());
  CHECK_FALSE(stat_path(old));
  CHECK(stat_path(young));
}

TEST_CASE("snapshot: a copy has the records and the sections that were not given", "[state]") {
  const TempDir dir;
  write_sample(dir.file());
  {
    const auto old = Snapshot::open(dir.file(), kIdentity);
    auto writer = SnapshotWriter::create(dir.file(), kIdentity);
    writer->copy_records(*old);
    writer->section("head", "another head");
    writer->copy_sections(*old);
    REQUIRE(writer->commit());
    CHECK(old->section("head") == "what the head says");  // still mapped
  }
  const auto snapshot = Snapshot::open(dir.file(), kIdentity);
  REQUIRE(snapshot);
  CHECK(snapshot->section("head") == "another head");
  CHECK(snapshot->section("a name of 23 characters") == "x");
  CHECK(snapshot->record(2) == kTexts[2]);
}

TEST_CASE("snapshot: damage is not copied as if it were good", "[state]") {
  const TempDir dir;
  write_sample(dir.file());
  std::string bytes = bytes_of(dir.file());
  const bool in_record = GENERATE(true, false);
  bytes[bytes.find(in_record ? "first" : "what the head")] ^= 1;
  overwrite(dir.file(), bytes);
  const auto old = Snapshot::open(dir.file(), kIdentity);
  REQUIRE(old);
  auto writer = SnapshotWriter::create(dir.file(), kIdentity);
  writer->copy_records(*old);
  writer->copy_sections(*old);
  const auto result = writer->commit();
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::invalid);
}

TEST_CASE("snapshot: foreign ones are refused with the reason", "[state]") {
  const TempDir dir;
  CHECK(Snapshot::open(dir.file(), kIdentity).error().kind == ErrorKind::not_found);
  write_sample(dir.file());
  const std::string bytes = bytes_of(dir.file());
  const auto reason = [&] {
    const auto snapshot = Snapshot::open(dir.file(), kIdentity);
    REQUIRE_FALSE(snapshot);
    CHECK(snapshot.error().kind == ErrorKind::invalid);
    return snapshot.error().message.substr(dir.file().size() + 1);
  };
  CHECK_FALSE(Snapshot::open(dir.file(), kIdentity + 1));
  std::string other = bytes;
  other[8] = 99;
  overwrite(dir.file(), other);
  CHECK(reason() == "was written by another version");
  other = bytes;
  std::reverse(other.begin() + 12, other.begin() + 16);
  overwrite(dir.file(), other);
  CHECK(reason() == "was written by another machine");
  overwrite(dir.file(), "");
  CHECK(reason() == "is damaged (too short)");
  overwrite(dir.file(), std::string(4096, 'x'));
  CHECK(reason() == "is damaged (not a snapshot)");
  REQUIRE(remove_path(dir.file()));
  REQUIRE(::mkfifo(dir.file().c_str(), 0600) == 0);
  CHECK(reason() == "is not a regular file");
}

TEST_CASE("snapshot: another user's is not trusted", "[state]") {
  if (::geteuid() != 0) return;
  const TempDir dir;
  write_sample(dir.file());
  REQUIRE(::chown(dir.file().c_str(), 12345, 12345) == 0);
  CHECK_FALSE(Snapshot::open(dir.file(), kIdentity));
}

TEST_CASE("snapshot: truncated anywhere it gives nothing wrong", "[state][property]") {
  const TempDir dir;
  write_sample(dir.file());
  const std::string bytes = bytes_of(dir.file());
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size % 7) {
    overwrite(dir.file(), std::string_view(bytes).substr(0, size));
    CHECK_FALSE(Snapshot::open(dir.file(), kIdentity));
  }
}

TEST_CASE("snapshot: with any bit flipped it gives nothing wrong", "[state][property]") {
  const TempDir dir;
  write_sample(dir.file());
  const std::string bytes = bytes_of(dir.file());
  std::mt19937 random(1);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == 'x' && random() % 50 != 0) continue;
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << random() % 8));
    overwrite(dir.file(), flipped);
    check_never_wrong(dir.file());
  }
}

TEST_CASE("snapshot: sizes that reach out of the file are refused", "[state]") {
  const TempDir dir;
  write_sample(dir.file());
  const std::string bytes = bytes_of(dir.file());
  const std::uint64_t huge = GENERATE(std::uint64_t{1} << 20, std::uint64_t{1} << 40,
                                      ~std::uint64_t{0}, ~std::uint64_t{0} - 15);
  const int field = GENERATE(range(0, 6));
  const auto change = [&](SnapshotHead& head, std::vector<SectionEntry>& table) {
    if (field == 0) head.file_size = huge;
    if (field == 1) head.table_offset = huge;
    if (field == 2) head.sections = static_cast<std::uint32_t>(huge >> 4 | 1 << 20);
    if (field == 3) table[0].offset = huge;
    if (field == 4) table[1].size = huge;
    if (field == 5) table[2].name.fill('n');
  };
  overwrite(dir.file(), forged(bytes, change));
  CHECK_FALSE(Snapshot::open(dir.file(), kIdentity));
}

TEST_CASE("snapshot: an index that reaches out of the records gives nothing", "[state]") {
  const TempDir dir;
  write_sample(dir.file());
  std::string bytes = bytes_of(dir.file());
  const std::uint64_t offset = GENERATE(std::uint64_t{3}, ~std::uint64_t{0}, std::uint64_t{9999});
  std::uint64_t index = 0;
  (void)forged(bytes, [&](SnapshotHead&, std::vector<SectionEntry>& table) {
    REQUIRE(std::string_view(table[1].name.data()) == kRecordIndex);
    index = table[1].offset;
  });
  std::memcpy(bytes.data() + index + sizeof(RecordEntry), &offset, sizeof offset);
  const auto believe = [&](SnapshotHead&, std::vector<SectionEntry>& table) {
    const auto lies = std::string_view(bytes).substr(table[1].offset, table[1].size);
    table[1].checksum = hash::checksum(lies);
  };
  overwrite(dir.file(), forged(bytes, believe));
  const auto snapshot = Snapshot::open(dir.file(), kIdentity);
  REQUIRE(snapshot);
  CHECK_FALSE(snapshot->record(0));
  CHECK_FALSE(snapshot->record(1));
  CHECK(snapshot->record(2) == kTexts[2]);
}

TEST_CASE("snapshot: a directory that cannot be written is an error", "[state]") {
  const TempDir dir;
  REQUIRE(write_file(dir.path + "/.ggen", "in the way"));
  CHECK_FALSE(SnapshotWriter::create(dir.file(), kIdentity));
}
