// Where the output of a child goes. Knows nothing of children or screens.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace ggen::process {

enum class Stream : std::uint8_t { out, err };

class Sink {
 public:
  virtual ~Sink() = default;
  // Bytes as they were read: any size, any content, cut anywhere. May not throw.
  virtual void write(Stream stream, std::string_view bytes) = 0;
  // Nothing more comes from this writer: ends what is still open.
  virtual void finish() {}
};

// Gives the same bytes to several sinks, in their order.
class Tee : public Sink {
 public:
  explicit Tee(std::vector<std::shared_ptr<Sink>> sinks) : sinks_(std::move(sinks)) {}
  void write(Stream stream, std::string_view bytes) override {
    for (const auto& sink : sinks_) sink->write(stream, bytes);
  }
  void finish() override {
    for (const auto& sink : sinks_) sink->finish();
  }

 private:
  std::vector<std::shared_ptr<Sink>> sinks_;
};

}  // namespace ggen::process
