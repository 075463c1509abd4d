// Bodies of HTTP that are files: read and written by worker threads, a piece at a time, so that no
// more than a few pieces are in memory. Knows nothing of libcurl.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "loop/work.h"

namespace ggen::loop {

// The body of a request. `ready` is called on a later turn of the loop, when more is there or when
// there is a problem; it may end this object.
class HttpFileSource {
 public:
  HttpFileSource(Loop& loop, std::string path, std::function<void()> ready)
      : loop_(loop), path_(std::move(path)), ready_(std::move(ready)) {}

  // To be called first; `ready` follows.
  void open();
  std::uint64_t size() const { return size_; }
  const std::optional<Error>& problem() const { return problem_; }
  // Copies what is there, 0 bytes at the end. Nothing: `ready` will be called.
  std::optional<std::size_t> read(char* to, std::size_t most);
  // Begins anew.
  void rewind();

 private:
  struct Opened;
  void fetch();
  void got(Result<std::string> piece);

  Loop& loop_;
  std::string path_;
  std::function<void()> ready_;
  std::shared_ptr<const Fd> file_;  // shared with the jobs
  std::uint64_t size_ = 0;
  std::uint64_t fetched_ = 0;  // bytes up to the end of piece_
  std::string piece_;
  std::size_t used_ = 0;  // of piece_
  std::optional<Error> problem_;
  std::optional<Work> work_;
};

// The body of a response. Destroyed before finish() it leaves no trace, within it all or nothing.
class HttpFileSink {
 public:
  HttpFileSink(Loop& loop, std::string path, std::function<void()> ready)
      : loop_(loop), ready_(std::move(ready)), target_(std::make_shared<Target>()) {
    target_->path = std::move(path);
  }

  const std::optional<Error>& problem() const { return problem_; }
  // False: it was not taken, as much is waiting to be written. `ready` will be called, as with a
  // problem.
  bool take(std::string_view bytes);
  // All was taken: puts the file in place. `done` is called on a later turn.
  void finish(std::function<void(Result<void>)> done);

 private:
  // Belongs to the job while one is under way.
  struct Target {
    std::string path;
    std::optional<FileReplacement> file;
    Result<void> write(std::string_view bytes, bool last);
  };
  void start();
  void wrote(Result<void> result, bool last);

  Loop& loop_;
  std::function<void()> ready_;
  std::shared_ptr<Target> target_;
  std::string waiting_;
  bool full_ = false;  // somebody was told to wait
  std::function<void(Result<void>)> done_;
  std::optional<Error> problem_;
  std::optional<Work> work_;
};

}  // namespace ggen::loop
