// The output of one task, kept until somebody wants it: frames (stream, bytes) in their order, in
// memory up to a limit and then in a temporary file without a name. Once a sink is attached
// everything passes through to it.
//
// A frame is a byte for the stream, four for the size, and the bytes; the same in both places.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "process/sink.h"

namespace ggen::process {

class Log : public Sink {
 public:
  static constexpr std::size_t kDefaultLimit = 1024 * 1024;

  explicit Log(std::size_t limit = kDefaultLimit) : limit_(limit) {}

  void write(Stream stream, std::string_view bytes) override;

  // Replays what is kept, drops it, and passes on what comes. Not itself.
  void attach(std::shared_ptr<Sink> sink);
  // Called once, when the limit is reached; it may attach a sink and so avoid the file.
  void on_overflow(std::function<void()> callback) { on_overflow_ = std::move(callback); }

  void replay(Sink& sink);
  // From now on tail() knows the last bytes also of what goes to an attached sink.
  void keep_tail(std::size_t bytes);
  // The last lines of both streams together; at most some 1 MiB of them. Once a sink is attached,
  // of what keep_tail() keeps.
  std::string tail(std::size_t lines);
  // The first `max` bytes of both streams together.
  std::string text(std::size_t max);
  // All bytes that ever came.
  std::uint64_t size() const { return size_; }
  // Bytes that could not be kept because the temporary file could not be written.
  std::uint64_t lost() const { return lost_; }
  // Drops everything; what comes later goes nowhere.
  void close();

 private:
  using Visit = std::function<bool(Stream, std::string_view)>;  // false: enough

  void add_to_tail(std::string_view bytes);
  void add_frame(Stream stream, std::string_view bytes);
  void spill(Stream stream, std::string_view bytes);
  bool write_file(std::string_view frame_header, std::string_view bytes);
  bool flush_memory();
  void visit(std::uint64_t from, const Visit& visit);

  std::size_t limit_;
  std::string memory_;
  std::size_t last_frame_ = std::string::npos;  // in memory_: may still grow
  Fd file_;
  std::uint64_t file_size_ = 0;
  std::vector<std::uint64_t> marks_;  // places in the file at which a frame begins
  std::shared_ptr<Sink> sink_;
  std::function<void()> on_overflow_;
  std::size_t tail_limit_ = 0;
  std::string tail_;  // up to twice the limit, so that it is not moved with each write
  std::uint64_t size_ = 0;
  std::uint64_t lost_ = 0;
  bool closed_ = false;
};

}  // namespace ggen::process
