// SPDX-License-Identifier: MIT
#include "hash/file_set.h"

#include <algorithm>

#include "hash/path_key.h"
#include "hash/tree.h"

namespace ggen::hash {

namespace {

using Pattern = FileSet::Pattern;

bool has_wildcard(std::string_view component) {
  for (std::size_t i = 0; i < component.size(); ++i) {
    if (component[i] == '\\') {
      ++i;
    } else if (component[i] == '*' || component[i] == '?' || component[i] == '[' ||
               component[i] == '{') {
      return true;
    }
  }
  return false;
}

std::string unescaped(std::string_view component) {
  std::string text;
  for (std::size_t i = 0; i < component.size(); ++i) {
    if (component[i] == '\\' && i + 1 < component.size()) ++i;
    text.push_back(component[i]);
  }
  return text;
}

std::string escaped(std::string_view key) {
  std::string text;
  for (const char c : key) {
    if (std::string_view("*?[]{},\\").find(c) != std::string_view::npos) text.push_back('\\');
    text.push_back(c);
  }
  return text;
}

// The components before the first wildcard, unescaped; `at` is where the rest begins.
std::string fixed_part(std::string_view text, std::size_t& at) {
  // A pattern that ends in "/" or "/." means the directory.
  at = 0;
  std::string fixed(text.starts_with('/') ? "/" : "");
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('/', at), text.size());
    const std::string_view component = text.substr(at, end - at);
    if (has_wildcard(component)) break;
    if (!fixed.empty() && !fixed.ends_with('/')) fixed.push_back('/');
    fixed += unescaped(component);
    at = std::min(end + 1, text.size());
  }
  return fixed;
}

// A pattern relative to the directory with key `base`, as one over keys.
Result<Pattern> compile_pattern(std::string_view root, std::string_view base,
                                std::string_view text) {
  Pattern pattern;
  std::size_t at = 0;
  pattern.fixed = path_key(root, base, fixed_part(text, at));
  pattern.literal = at == text.size();
  if (pattern.literal) {
    // Compiled for its errors, such as a backslash at the end.
    GGEN_TRY(Glob::compile(text));
    return pattern;
  }
  std::string rest(text.substr(at));
  if (rest.ends_with('/') && !rest.ends_with("\\/")) rest += "**";
  GGEN_TRY_ASSIGN(pattern.glob, Glob::compile(join_key(escaped(pattern.fixed), rest)));
  return pattern;
}

bool names_or_holds(const Pattern& pattern, std::string_view key) {
  if (pattern.literal) return is_within(key, pattern.fixed);
  if (pattern.glob.match(key)) return true;
  if (!pattern.whole_dirs) return false;
  // Some directory above it that matches; nothing above the fixed part can.
  for (std::size_t slash = key.rfind('/');
       slash != std::string_view::npos && slash > pattern.fixed.size();
       slash = key.rfind('/', slash - 1)) {
    if (pattern.glob.match(key.substr(0, slash))) return true;
  }
  return false;
}

bool is_above(std::string_view dir, std::string_view key) {
  return dir != key && is_within(key, dir);
}

}  // namespace

Result<FileSet> FileSet::compile(std::string_view root, const SetSpec& spec) {
  FileSet set;
  set.outputs_ = spec.outputs;
  set.by_stamp_ = spec.by_stamp;
  const std::string base = path_key(root, "", spec.base);
  const auto add = [&](std::vector<Pattern>& list, std::string_view text, bool include,
                       bool whole_dirs) -> Result<void> {
    auto pattern = compile_pattern(root, base, text);
    if (!pattern) return std::move(pattern).error();
    pattern->include = include;
    pattern->whole_dirs = whole_dirs;
    list.push_back(std::move(*pattern));
    return {};
  };
  if (spec.patterns.empty() && !spec.outputs) GGEN_TRY(add(set.patterns_, "**", true, false));
  for (std::string_view text : spec.patterns) {
    const bool include = !text.starts_with('!');
    if (!include) text.remove_prefix(1);
    GGEN_TRY(add(set.patterns_, text, include, spec.outputs));
  }
  for (std::string_view text : spec.exclude) {
    const bool out = !text.starts_with('!');
    if (!out) text.remove_prefix(1);
    GGEN_TRY(add(set.exclude_, text, out, true));
  }
  return set;
}

std::vector<std::string> FileSet::starts(std::string_view root, const SetSpec& spec) {
  const std::string base = path_key(root, "", spec.base);
  if (spec.patterns.empty()) return {base};
  std::vector<std::string> starts;
  for (const std::string& text : spec.patterns) {
    std::size_t at = 0;
    if (!text.starts_with('!')) starts.push_back(path_key(root, base, fixed_part(text, at)));
  }
  return starts;
}

FileSet FileSet::literal(std::string_view key, bool outputs, bool by_stamp) {
  FileSet set;
  set.outputs_ = outputs;
  set.by_stamp_ = by_stamp;
  Pattern& pattern = set.patterns_.emplace_back();
  pattern.fixed = key;
  pattern.literal = true;
  return set;
}

bool FileSet::matches(std::string_view key, bool ignored) const {
  // The last that matches has the say.
  for (auto pattern = exclude_.rbegin(); pattern != exclude_.rend(); ++pattern) {
    if (!names_or_holds(*pattern, key)) continue;
    if (pattern->include) return false;
    break;
  }
  for (auto pattern = patterns_.rbegin(); pattern != patterns_.rend(); ++pattern) {
    if (pattern->include && ignored && !outputs_ && !pattern->unruled &&
        !(pattern->literal && pattern->fixed == key)) {
      continue;
    }
    if (names_or_holds(*pattern, key)) return pattern->include;
  }
  return false;
}

DirView::DirView(const FileSet& set, std::string_view dir) : set_(&set) {
  const auto state_of = [&](const Pattern& pattern) {
    if (pattern.literal) {
      if (is_within(dir, pattern.fixed)) return State::all;
      return is_above(dir, pattern.fixed) ? State::some : State::none;
    }
    if (is_above(dir, pattern.fixed)) return State::some;
    if (!is_within(dir, pattern.fixed)) return State::none;
    if (pattern.whole_dirs && names_or_holds(pattern, dir)) return State::all;
    if (pattern.glob.matches_all_below(dir)) return State::all;
    return pattern.glob.may_match_below(dir) ? State::some : State::none;
  };
  // From the last: one that speaks for the whole directory leaves nothing to those before it.
  for (auto pattern = set.exclude_.rbegin(); pattern != set.exclude_.rend(); ++pattern) {
    const State state = state_of(*pattern);
    if (state == State::none) continue;
    if (state == State::all && exclude_.empty()) {
      nothing_ = pattern->include;
      break;
    }
    exclude_.push_back(&*pattern);
    if (state == State::all) break;
  }
  states_.reserve(set.patterns_.size());
  for (const Pattern& pattern : set.patterns_) states_.push_back(state_of(pattern));
  // The last pattern that may say something: if it speaks for all, and takes in.
  for (std::size_t i = states_.size(); i-- > 0;) {
    if (states_[i] == State::none) continue;
    const Pattern& pattern = set.patterns_[i];
    const bool alone = std::all_of(states_.begin(), states_.begin() + static_cast<long>(i),
                                   [](State state) { return state == State::none; });
    sure_unruled_ = set.outputs_ || pattern.unruled;
    sure_ =
        states_[i] == State::all && pattern.include && exclude_.empty() && (alone || sure_unruled_);
    break;
  }
}

bool DirView::may_enter(bool ignored) const {
  if (nothing_) return false;
  for (std::size_t i = states_.size(); i-- > 0;) {
    const Pattern& pattern = set_->patterns_[i];
    if (states_[i] == State::none) continue;
    if (pattern.include) {
      // What a literal names is looked up by its name, not found by a walk from above.
      const bool sees = !ignored || set_->outputs_ || pattern.unruled;
      if (sees && !(pattern.literal && states_[i] == State::some)) return true;
    } else if (states_[i] == State::all) {
      return false;
    }
  }
  return false;
}

bool DirView::decide(std::string_view key, bool ignored) const {
  for (const Pattern* pattern : exclude_) {
    if (!names_or_holds(*pattern, key)) continue;
    if (pattern->include) return false;
    break;
  }
  for (std::size_t i = states_.size(); i-- > 0;) {
    if (states_[i] == State::none) continue;
    const Pattern& pattern = set_->patterns_[i];
    if (pattern.include && ignored && !set_->outputs_ && !pattern.unruled &&
        !(pattern.literal && pattern.fixed == key)) {
      continue;
    }
    if (states_[i] == State::all || names_or_holds(pattern, key)) return pattern.include;
  }
  return false;
}

}  // namespace ggen::hash
