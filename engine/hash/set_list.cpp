// SPDX-License-Identifier: MIT
#include "hash/set_list.h"

#include <algorithm>
#include <cstring>

#include "hash/checksum.h"
#include "hash/path_key.h"

namespace ggen::hash {

namespace {

constexpr std::size_t kBlock = 64 * 1024;

// A pattern that is a path as it stands.
bool is_plain(std::string_view pattern) {
  return !pattern.empty() && !pattern.ends_with('/') &&
         pattern.find_first_of("*?[{\\!") == std::string_view::npos;
}

void put_list(std::string& text, const std::vector<std::string>& list) {
  text += std::to_string(list.size());
  for (const auto& item : list) text.append(1, '\0').append(item);
  text.push_back('\0');
}

// The first byte of a text; in capitals when a single key follows.
char letter_of(const SetSpec& spec) {
  if (spec.by_stamp) return spec.outputs ? 't' : 's';
  return spec.outputs ? 'o' : 'i';
}

std::string encode(const SetSpec& spec) {
  std::string text(1, letter_of(spec));
  text.append(spec.base).push_back('\0');
  put_list(text, spec.patterns);
  put_list(text, spec.exclude);
  return text;
}

std::string take(std::string_view& text) {
  const std::size_t end = text.find('\0');
  std::string word(text.substr(0, end));
  text.remove_prefix(end + 1);
  return word;
}

SetSpec decode(std::string_view text) {
  SetSpec spec;
  spec.outputs = text[0] == 'o' || text[0] == 't';
  spec.by_stamp = text[0] == 's' || text[0] == 't';
  text.remove_prefix(1);
  spec.base = take(text);
  for (auto* list : {&spec.patterns, &spec.exclude}) {
    for (auto left = std::stoul(take(text)); left > 0; --left) list->push_back(take(text));
  }
  return spec;
}

}  // namespace

SetId SetList::add(const SetSpec& spec) {
  std::string text;
  const bool one_literal =
      spec.patterns.size() == 1 && spec.exclude.empty() && is_plain(spec.patterns[0]);
  // The first byte tells the three forms of the text apart.
  if (one_literal) {
    text = static_cast<char>(letter_of(spec) - 'a' + 'A');
    text += path_key(root_, path_key(root_, "", spec.base), spec.patterns[0]);
  } else {
    text = encode(spec);
  }
  if ((states_.size() + 1) * 2 > slots_.size()) {
    slots_.assign(std::max<std::size_t>(64, slots_.size() * 2), 0);
    for (std::uint32_t i = 0; i < states_.size(); ++i) {
      std::size_t slot = checksum({states_[i].text.data() - (states_[i].one_literal ? 1 : 0),
                                   states_[i].text.size() + (states_[i].one_literal ? 1 : 0)}) &
                         (slots_.size() - 1);
      while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = i + 1;
    }
  }
  std::size_t slot = checksum(text) & (slots_.size() - 1);
  for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
    const SetState& state = states_[slots_[slot] - 1];
    if (state.one_literal != one_literal || state.outputs != spec.outputs ||
        state.by_stamp != spec.by_stamp) {
      continue;
    }
    if (state.text == std::string_view(text).substr(one_literal ? 1 : 0)) {
      return static_cast<SetId>(slots_[slot] - 1);
    }
  }
  const std::string_view kept = keep(text);
  SetState& state = states_.emplace_back();
  state.text = kept.substr(one_literal ? 1 : 0);
  state.one_literal = one_literal;
  state.outputs = spec.outputs;
  state.by_stamp = spec.by_stamp;
  slots_[slot] = static_cast<std::uint32_t>(states_.size());
  return static_cast<SetId>(states_.size() - 1);
}

std::string_view SetList::keep(std::string_view text) {
  if (block_used_ + text.size() > block_size_) {
    block_size_ = std::max(kBlock, text.size());
    blocks_.emplace_back(new char[block_size_]);
    block_used_ = 0;
  }
  char* at = blocks_.back().get() + block_used_;
  std::memcpy(at, text.data(), text.size());
  block_used_ += text.size();
  return {at, text.size()};
}

FileSet* SetList::compiled(SetState& state) {
  if (state.set) return state.set.get();
  if (state.one_literal) {
    state.set =
        std::make_unique<FileSet>(FileSet::literal(state.text, state.outputs, state.by_stamp));
    return state.set.get();
  }
  auto set = FileSet::compile(root_, decode(state.text));
  if (!set) {
    state.problem = std::make_unique<Error>(std::move(set).error());
    return nullptr;
  }
  state.set = std::make_unique<FileSet>(std::move(*set));
  return state.set.get();
}

}  // namespace ggen::hash
