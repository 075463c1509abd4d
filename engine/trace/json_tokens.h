// Reads JSON text (RFC 8259, UTF-8) token by token, for documents of any size and any depth:
// nothing is built, nothing recurses, and the depth costs one bit a level. Several documents may
// follow one another, with or without line breaks. Knows nothing of what the values mean.
//
// The first problem ends the walk: from then on the token is `end`, and problem() says what it was.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ggen::trace {

class JsonTokens {
 public:
  enum class Token : std::uint8_t {
    object,
    object_end,
    array,
    array_end,
    key,
    string,
    number,
    yes,
    no,
    null,
    end  // of the text, or a problem
  };

  // The text outlives the tokens.
  explicit JsonTokens(std::string_view text);

  Token next();
  // Of a key or a string what it means, of a number how it is written; until the next token.
  std::string_view text() const { return piece_; }
  // The token that next() gave last.
  Token token() const { return token_; }

  // Goes to the end of the value that the last token began.
  void pass();
  // The same, and gives the value without its white space; until the next call.
  std::string_view pass_text();

  // Open objects and arrays. 0: between two documents.
  std::size_t depth() const { return open_.size(); }
  // Where the last token begins.
  std::size_t position() const { return start_; }
  // "line 2, column 5: a comma is missing"; empty as long as all is well.
  const std::string& problem() const { return problem_; }
  // Says that the last token is not what it should be.
  Token fail(std::string_view reason);

  // From 1.
  static std::size_t line_of(std::string_view text, std::size_t position);

 private:
  // What may come next.
  enum class Expect : std::uint8_t { document, value, first_element, first_key, key, after };

  Token fail_at(std::size_t at, std::string_view reason);
  Token value();
  Token open(bool object);
  Token close(char bracket);
  Token read_key();
  bool read_string();
  bool read_number();
  bool read_word(std::string_view word);
  Token scalar(Token token);
  void skip_space();

  std::string_view text_;
  std::size_t at_ = 0, start_ = 0;
  Expect expect_ = Expect::document;
  Token token_ = Token::end;
  std::vector<bool> open_;  // true: an object
  std::string_view piece_;
  std::string scratch_, compact_, problem_;
};

}  // namespace ggen::trace
