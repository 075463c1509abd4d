// What a task printed, as a blob: chunks (stream, bytes) in the order in which they were read, so
// that a replay looks like the run.
//
// A chunk is a byte for the stream (0 out, 1 err), four bytes for the size (little-endian), and the
// bytes. Chunks of one stream that follow each other are put together up to kChunk bytes.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "cache/blob_store.h"
#include "hash/sha256.h"

namespace ggen::cache {

enum class Stream : std::uint8_t { out = 0, err = 1 };

class LogWriter {
 public:
  static constexpr std::size_t kChunk = 64 * 1024;
  // What is kept in memory before it goes to a file in the cache's directory.
  static constexpr std::size_t kMemory = 256 * 1024;

  explicit LogWriter(const Directory& directory);
  LogWriter(LogWriter&&) noexcept;
  LogWriter& operator=(LogWriter&&) noexcept;
  ~LogWriter();

  // May write to a file (of the page cache) once in a while; never fails here, but at the end.
  void add(Stream stream, std::string_view bytes);

  std::uint64_t size() const { return size_ + chunk_.size(); }

  struct Stored {
    Digest digest;           // zero: nothing was printed
    std::uint64_t size = 0;  // of the blob
  };
  // Stores what was added. To be called once.
  Result<Stored> finish(BlobStore& blobs);

 private:
  void end_chunk();
  void spill();

  const Directory* directory_;
  hash::Sha256 hash_;
  Stream stream_ = Stream::out;
  std::string chunk_;   // of stream_, not yet in memory_
  std::string memory_;  // encoded chunks
  std::unique_ptr<class NewFile> file_;
  std::uint64_t size_ = 0;  // of all encoded chunks
  std::optional<Error> error_;
};

class LogReader {
 public:
  // Verifies the blob as a whole. Failures as of BlobStore.
  static Result<LogReader> open(const BlobStore& blobs, const Digest& digest);

  struct Chunk {
    Stream stream = Stream::out;
    std::string_view bytes;  // until the next call
  };
  // Nothing at the end; an error of kind invalid if the bytes are no log.
  Result<std::optional<Chunk>> next();

 private:
  LogReader(Fd file, Digest digest) : file_(std::move(file)), digest_(digest) {}
  Result<std::size_t> fill(char* to, std::size_t size);

  Fd file_;
  Digest digest_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::string chunk_;
};

}  // namespace ggen::cache
