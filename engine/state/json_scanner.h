// Walks over JSON text (RFC 8259, UTF-8) without building values: says what comes next, checks it,
// and gives each value as the text that it is in the file. So what is not understood can be written
// again just as it was. Knows nothing of what the values mean.
//
// The first problem ends the walk: from then on nothing more comes, and problem() says what it was.
//
//   JsonScanner json(text);
//   for (bool more = json.open('{'); more; more = json.next('}')) {
//     const std::string name = json.key();
//     const std::string_view value = json.value();
//   }
//   json.end();
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ggen::state {

class JsonScanner {
 public:
  // Values inside each other; the parser of serde_json has the same limit.
  static constexpr int kMaxDepth = 128;

  enum class Kind { null, boolean, number, string, array, object, none };

  explicit JsonScanner(std::string_view text) : text_(text) {}

  // What the next value is; none when there is no value.
  Kind kind();

  // Enters an array ('[') or an object ('{'). Whether it has a first element.
  bool open(char bracket);
  // After an element: whether another one follows. The bracket is the closing one.
  bool next(char bracket);
  // The name of the next member, with its colon.
  std::string key();

  // Passes over the next value and gives its text.
  std::string_view value();
  // The next value as a string; nothing, and no problem, when it is something else.
  std::optional<std::string> string();

  // After the last value: nothing but white space may follow.
  void end();

  std::size_t position() const { return at_; }
  // "line 2, column 5: a comma is missing"; empty as long as all is well.
  const std::string& problem() const { return problem_; }
  // Says that what was passed over last is not what it should be.
  void fail(std::string_view reason);

 private:
  void skip_space();
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool pass_string();
  bool pass_escape();
  bool pass_digits();
  bool pass_number();
  bool pass_word(std::string_view word);
  void pass_value();
  void pass_elements(char opening, char closing);

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string problem_;
};

// Appends the text of a value, which is known to be right, in the form that serde_json's pretty
// printer gives it: two spaces for each level. `depth` is that of the value itself.
void append_pretty(std::string& out, std::string_view value, int depth);

// Appends a string with its quotes. `text` must be UTF-8.
void append_string(std::string& out, std::string_view text);

}  // namespace ggen::state
