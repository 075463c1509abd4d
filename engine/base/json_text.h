// Writes single JSON values as text. Whatever bytes come in, valid JSON in valid UTF-8 comes out.
// Reads nothing and knows no documents.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace ggen {

// The text in quotes. Bytes that are not UTF-8 become U+FFFD, one for each.
void append_json_string(std::string& out, std::string_view text);

// A short form that reads back as the same number. JSON has no infinity and no NaN: those
// become strings.
void append_json_number(std::string& out, double number);

}  // namespace ggen
