// SPDX-License-Identifier: MIT
#include "process/columns.h"

#include <cstddef>
#include <cstdint>

namespace ggen::process {

namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

// The blocks that matter in a status line (Unicode 15, East Asian Width W and F; emoji).
constexpr Range kWide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23F3},   {0x2614, 0x2615},
    {0x2648, 0x2653},   {0x26AA, 0x26AB},   {0x26BD, 0x26BE},   {0x26C4, 0x26C5},
    {0x2705, 0x2705},   {0x270A, 0x270B},   {0x2728, 0x2728},   {0x274C, 0x274E},
    {0x2753, 0x2757},   {0x2795, 0x2797},   {0x2B1B, 0x2B1C},   {0x2B50, 0x2B55},
    {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},
    {0xA000, 0xA4CF},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
    {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
    {0x1F900, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};
constexpr Range kNoWidth[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A},
    {0x064B, 0x065F}, {0x0900, 0x0902}, {0x093A, 0x093A}, {0x0E31, 0x0E31},
    {0x0E34, 0x0E3A}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F},
    {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF},
};

template <std::size_t N>
bool within(const Range (&ranges)[N], std::uint32_t point) {
  for (const Range& range : ranges) {
    if (point >= range.first && point <= range.last) return true;
  }
  return false;
}

int width_of(std::uint32_t point) {
  if (point < 0x300) return 1;
  if (within(kNoWidth, point)) return 0;
  return within(kWide, point) ? 2 : 1;
}

// Reads the character at `at`; a byte that is not UTF-8 is a character of its own.
std::uint32_t read_point(std::string_view text, std::size_t at, std::size_t& size) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  size = first >= 0xF0 && first < 0xF8 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  if (size == 1 || first >= 0xF8 || at + size > text.size()) {
    size = 1;
    return first < 0x80 ? first : 0xFFFD;
  }
  std::uint32_t point = first & (0x7F >> size);
  for (std::size_t i = at + 1; i < at + size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      size = 1;
      return 0xFFFD;
    }
    point = (point << 6) | (byte(i) & 0x3F);
  }
  return point;
}

// The size of the colour sequence (ESC [ digits and semicolons m) at `at`, or 0.
std::size_t colour_size(std::string_view text, std::size_t at) {
  if (text.substr(at, 2) != "\033[") return 0;
  const std::size_t end = text.find_first_not_of("0123456789;", at + 2);
  if (end == std::string_view::npos || text[end] != 'm') return 0;
  return end + 1 - at;
}

}  // namespace

std::string_view fit_columns(std::string_view text, int columns, int* used) {
  int taken = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    if (const std::size_t colour = colour_size(text, at); colour != 0) {
      at += colour;
      continue;
    }
    std::size_t size = 1;
    const std::uint32_t point = read_point(text, at, size);
    if (point < 0x20 || point == 0x7F) break;
    const int width = width_of(point);
    if (taken + width > columns) break;
    taken += width;
    at += size;
  }
  if (used != nullptr) *used = taken;
  return text.substr(0, at);
}

}  // namespace ggen::process
