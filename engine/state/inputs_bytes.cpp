// Inputs as bytes, in the order of the machine:
//
//   inputs:  u32 count, input...
//   input:   u8 kind, u8 present, 32 bytes digest, text name, u32 count, text pattern...,
//            u32 count, place...
//   place:   text path, 48 bytes stamp
//   text:    u32 length, bytes
// SPDX-License-Identifier: MIT
#include <cstring>
#include <unordered_set>

#include "state/inputs.h"

namespace ggen::state {

namespace {

void put(std::string& out, const void* data, std::size_t size) {
  out.append(static_cast<const char*>(data), size);
}

void put_count(std::string& out, std::size_t count) {
  const auto number = static_cast<std::uint32_t>(count);
  put(out, &number, sizeof number);
}

void put_text(std::string& out, std::string_view text) {
  put_count(out, text.size());
  out += text;
}

void put_input(std::string& out, const Input& input) {
  out += static_cast<char>(input.kind);
  out += static_cast<char>(input.present ? 1 : 0);
  out += input.digest.view();
  put_text(out, input.name);
  put_count(out, input.patterns.size());
  for (const std::string& pattern : input.patterns) put_text(out, pattern);
  put_count(out, input.places.size());
  for (const Input::Place& place : input.places) {
    put_text(out, place.path);
    put(out, &place.stamp, sizeof place.stamp);
  }
}

// Takes values from the front of bytes; once it has failed it gives zeros.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }

  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  template <class T>
  T value() {
    T result{};
    const std::string_view bytes = take(sizeof result);
    if (!bytes.empty()) std::memcpy(&result, bytes.data(), sizeof result);
    return result;
  }

  std::string text() { return std::string(take(value<std::uint32_t>())); }

  // A count of things that take at least `each` bytes: never more than there can be.
  std::uint32_t count(std::size_t each) {
    const auto number = value<std::uint32_t>();
    if (number > rest_.size() / each) {
      failed_ = true;
      rest_ = {};
      return 0;
    }
    return number;
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

Input take_input(Reader& reader, bool& good) {
  Input input;
  const auto kind = reader.value<std::uint8_t>();
  good = kind < kInputKinds;
  input.kind = static_cast<InputKind>(kind);
  input.present = reader.value<std::uint8_t>() != 0;
  input.digest = Digest{reader.value<std::array<std::uint8_t, Digest::kSize>>()};
  input.name = reader.text();
  const std::uint32_t patterns = reader.count(4);
  for (std::uint32_t i = 0; i < patterns; ++i) input.patterns.push_back(reader.text());
  const std::uint32_t places = reader.count(4 + sizeof(hash::Stamp));
  for (std::uint32_t i = 0; i < places; ++i) {
    std::string path = reader.text();
    input.places.push_back({std::move(path), reader.value<hash::Stamp>()});
  }
  // A listing of directories has the one pattern that asking again needs.
  if (input.kind == InputKind::directories && input.patterns.size() != 1) good = false;
  return input;
}

}  // namespace

std::string Inputs::encode() const {
  // What was read is there: the stamp of the file says so as well.
  std::unordered_set<std::string_view> read;
  for (const Input& input : list_)
    if (input.kind == InputKind::file && input.present) read.insert(input.name);
  std::string body;
  std::size_t count = 0;
  for (const Input& input : list_) {
    if (input.kind == InputKind::existence && input.present && read.contains(input.name)) continue;
    put_input(body, input);
    ++count;
  }
  std::string out;
  put_count(out, count);
  return out + body;
}

std::optional<Inputs> Inputs::decode(std::string_view bytes) {
  Reader reader(bytes);
  Inputs inputs;
  const std::uint32_t count = reader.count(2 + Digest::kSize + 12);
  for (std::uint32_t i = 0; i < count; ++i) {
    bool good = true;
    Input input = take_input(reader, good);
    if (reader.failed() || !good) return std::nullopt;
    inputs.add(std::move(input));
  }
  if (reader.failed() || !reader.at_end() || !inputs.refused_.empty()) return std::nullopt;
  return inputs;
}

}  // namespace ggen::state
