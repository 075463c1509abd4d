// SPDX-License-Identifier: MIT
#include "cache/log_file.h"

#include <cerrno>

#include "base/pack.h"
#include "cache/new_file.h"

namespace ggen::cache {

namespace {

constexpr std::size_t kHeader = 5;

}  // namespace

LogWriter::LogWriter(const Directory& directory) : directory_(&directory) {}
LogWriter::LogWriter(LogWriter&&) noexcept = default;
LogWriter& LogWriter::operator=(LogWriter&&) noexcept = default;
LogWriter::~LogWriter() = default;

void LogWriter::add(Stream stream, std::string_view bytes) {
  if (stream != stream_) end_chunk();
  stream_ = stream;
  while (!bytes.empty()) {
    const std::size_t part = std::min(bytes.size(), kChunk - chunk_.size());
    chunk_.append(bytes.substr(0, part));
    bytes.remove_prefix(part);
    if (chunk_.size() == kChunk) end_chunk();
  }
}

void LogWriter::end_chunk() {
  if (chunk_.empty()) return;
  Packer header;
  header.number(static_cast<std::uint8_t>(stream_));
  header.number(static_cast<std::uint32_t>(chunk_.size()));
  hash_.update(header.bytes());
  hash_.update(chunk_);
  memory_ += header.bytes();
  memory_ += chunk_;
  size_ += kHeader + chunk_.size();
  chunk_.clear();
  if (memory_.size() > kMemory) spill();
}

void LogWriter::spill() {
  if (!error_ && !file_) {
    auto file = NewFile::create(directory_->temporary(), 0444);
    if (file)
      file_ = std::make_unique<NewFile>(std::move(*file));
    else
      error_ = std::move(file).error().with_context("keep the log");
  }
  if (!error_) {
    if (auto written = file_->write(memory_); !written)
      error_ = std::move(written).error().with_context("keep the log");
  }
  // With an error nothing will be stored: what comes is dropped, too.
  memory_.clear();
}

Result<LogWriter::Stored> LogWriter::finish(BlobStore& blobs) {
  end_chunk();
  if (size_ == 0) return Stored{};
  const Digest digest = hash_.finish();
  if (!file_ && !error_) {
    GGEN_TRY(blobs.put_bytes(digest, memory_));
    return Stored{digest, size_};
  }
  spill();
  if (error_) return std::move(*error_);
  GGEN_TRY(blobs.adopt(std::move(*file_), digest));
  return Stored{digest, size_};
}

Result<LogReader> LogReader::open(const BlobStore& blobs, const Digest& digest) {
  GGEN_TRY_ASSIGN(Fd file, blobs.open_verified(digest));
  return LogReader(std::move(file), digest);
}

// Reads exactly `size` bytes, or none at the end of the file.
Result<std::size_t> LogReader::fill(char* to, std::size_t size) {
  std::size_t used = 0;
  while (used < size) {
    if (at_ == buffer_.size()) {
      buffer_.resize(LogWriter::kChunk);
      at_ = 0;
      const long count = read_full(file_.get(), buffer_.data(), buffer_.size());
      buffer_.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
      if (count < 0) return Error::from_errno(errno, "read a log");
      if (count == 0) break;
    }
    const std::size_t part = std::min(size - used, buffer_.size() - at_);
    buffer_.copy(to + used, part, at_);
    at_ += part;
    used += part;
  }
  if (used != 0 && used != size)
    return Error{ErrorKind::invalid, "the blob " + digest_.hex() + " is no log"};
  return used;
}

Result<std::optional<LogReader::Chunk>> LogReader::next() {
  char header[kHeader];
  GGEN_TRY_ASSIGN(const std::size_t got, fill(header, sizeof header));
  if (got == 0) return std::optional<Chunk>();
  Unpacker from({header, sizeof header});
  const auto stream = from.number<std::uint8_t>();
  const auto size = from.number<std::uint32_t>();
  const Error no_log{ErrorKind::invalid, "the blob " + digest_.hex() + " is no log"};
  if (stream > 1 || size == 0 || size > LogWriter::kChunk) return no_log;
  chunk_.resize(size);
  GGEN_TRY_ASSIGN(const std::size_t bytes, fill(chunk_.data(), size));
  if (bytes == 0) return no_log;
  return std::optional<Chunk>(Chunk{static_cast<Stream>(stream), chunk_});
}

}  // namespace ggen::cache
