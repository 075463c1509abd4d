// What the tests of engine/process share: a loop with a supervisor, and a folder of their own.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "loop/loop.h"
#include "process/supervisor.h"

namespace ggen::process {

inline const std::string kTestPath = "PATH=/usr/local/bin:/usr/bin:/bin";

class Scratch {
 public:
  Scratch() : path_(make_temp_dir(std::filesystem::temp_directory_path(), "ggen-unit-").value()) {}
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

  std::string write(const std::string& name, const std::string& text, unsigned mode = 0644) const {
    std::ofstream(*this / name) << text;
    REQUIRE(chmod((*this / name).c_str(), mode) == 0);
    return *this / name;
  }

 private:
  std::string path_;
};

inline ChildSpec command(std::vector<std::string> argv) {
  ChildSpec spec;
  spec.argv = std::move(argv);
  spec.env = {kTestPath};
  spec.capture = 1 << 20;
  return spec;
}

inline ChildSpec shell(const std::string& text) { return command({"/bin/sh", "-c", text}); }

struct World {
  loop::Loop loop;
  std::optional<Supervisor> supervisor{std::in_place, loop};

  // Starts it and runs the loop until nothing is left.
  Outcome run(ChildSpec spec) {
    std::optional<Outcome> result;
    int calls = 0;
    auto id = supervisor->start(std::move(spec), [&](Outcome outcome) {
      ++calls;
      result = std::move(outcome);
    });
    if (!id) FAIL(id.error().message);
    CHECK(calls == 0);
    loop.run();
    REQUIRE(calls == 1);
    CHECK(supervisor->live() == 0);
    CHECK(loop.open_handles() == 0);
    return std::move(*result);
  }
};

// One of the masks in the text of /proc/PID/status: bit n-1 is signal n.
inline std::uint64_t status_mask(const std::string& text, const std::string& name) {
  const auto at = text.find(name + ":\t");
  REQUIRE(at != text.npos);
  return std::stoull(text.substr(at + name.size() + 2), nullptr, 16);
}

// What a sink got, by stream and in order.
struct Collect : Sink {
  std::string out, err, both;
  void write(Stream stream, std::string_view bytes) override {
    (stream == Stream::out ? out : err) += bytes;
    both += bytes;
  }
};

}  // namespace ggen::process
