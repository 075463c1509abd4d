// The matcher is a set of threads over a small program (Thompson's construction), so that braces
// and stars cost states, not time. A thread is an instruction plus one flag, see GlobThreads.
// SPDX-License-Identifier: MIT
#include "base/glob.h"

#include <algorithm>
#include <array>

namespace ggen {

class GlobCompiler {
 public:
  GlobCompiler(std::string_view pattern, Glob& glob) : pattern_(pattern), glob_(glob) {}

  Result<void> compile() {
    if (pattern_.size() > Glob::kMaxPattern) {
      return Error{ErrorKind::limit, "a glob of " + std::to_string(pattern_.size()) +
                                         " bytes is too long (at most " +
                                         std::to_string(Glob::kMaxPattern) + ")"};
    }
    while (at_ < pattern_.size()) GGEN_TRY(step());
    if (!braces_.empty()) {
      return error(braces_.back().opened,
                   "\"{\" is not closed (write \"\\{\" for the character itself)");
    }
    emit(Glob::Op::accept);
    find_literal();
    return {};
  }

 private:
  // An open "{": where its alternatives start and the jumps at the end of each.
  struct Brace {
    std::size_t opened;
    std::uint32_t split;
    std::vector<std::uint32_t> ends;
  };

  Result<void> step() {
    const std::size_t start = at_;
    const char c = pattern_[at_++];
    switch (c) {
      case '?': emit(Glob::Op::any); return {};
      case '*':
        while (at_ < pattern_.size() && pattern_[at_] == '*') ++at_;
        emit(at_ - start >= 2 ? Glob::Op::globstar : Glob::Op::star);
        return {};
      case '[': return set(start);
      case '{':
        if (braces_.size() == Glob::kMaxBraceDepth) {
          return Error{ErrorKind::limit, "the glob has more than " +
                                             std::to_string(Glob::kMaxBraceDepth) +
                                             " braces inside each other"};
        }
        braces_.push_back({start, emit(Glob::Op::split), {}});
        return {};
      case ',':
        if (braces_.empty()) break;
        end_alternative();
        glob_.program_[braces_.back().split].arg = here();
        braces_.back().split = emit(Glob::Op::split);
        return {};
      case '}':
        if (braces_.empty()) break;
        end_alternative();
        // The last alternative has nothing after it: its split becomes a step on.
        glob_.program_[braces_.back().split] = {Glob::Op::jump, braces_.back().split + 1};
        for (const auto end : braces_.back().ends) glob_.program_[end].arg = here();
        braces_.pop_back();
        return {};
      case '\\':
        if (at_ == pattern_.size()) return error(start, "nothing follows the last \"\\\"");
        literal(pattern_[at_++]);
        return {};
      default: break;
    }
    literal(c);
    return {};
  }

  // Reads one byte of a set; an escape stands for the byte after it.
  Result<unsigned char> set_byte(std::size_t start) {
    if (at_ < pattern_.size() && pattern_[at_] == '\\') ++at_;
    if (at_ >= pattern_.size()) return unclosed_set(start);
    return static_cast<unsigned char>(pattern_[at_++]);
  }

  Result<void> set(std::size_t start) {
    std::bitset<256> bytes;
    const bool negated = at_ < pattern_.size() && (pattern_[at_] == '!' || pattern_[at_] == '^');
    if (negated) ++at_;
    for (bool first = true;; first = false) {
      if (at_ >= pattern_.size()) return unclosed_set(start);
      if (pattern_[at_] == ']' && !first) break;
      if (pattern_.substr(at_, 2) == "[:") {
        return error(at_, "named sets such as [:alpha:] are not known (write a-zA-Z)");
      }
      GGEN_TRY_ASSIGN(const unsigned char low, set_byte(start));
      unsigned char high = low;
      if (at_ + 1 < pattern_.size() && pattern_[at_] == '-' && pattern_[at_ + 1] != ']') {
        ++at_;
        GGEN_TRY_ASSIGN(high, set_byte(start));
      }
      if (high < low) return error(start, "a range of the set runs backwards");
      for (unsigned byte = low; byte <= high; ++byte) bytes.set(byte);
    }
    ++at_;
    if (negated) bytes.flip();
    bytes.reset('/');
    emit(Glob::Op::set, static_cast<std::uint32_t>(glob_.sets_.size()));
    glob_.sets_.push_back(bytes);
    return {};
  }

  void literal(char c) {
    if (c == '/') {
      emit(Glob::Op::slash);
    } else {
      emit(Glob::Op::byte, static_cast<unsigned char>(c));
    }
  }

  void end_alternative() { braces_.back().ends.push_back(emit(Glob::Op::jump)); }

  void find_literal() {
    for (const auto& instruction : glob_.program_) {
      if (instruction.op == Glob::Op::byte) {
        glob_.literal_.push_back(static_cast<char>(instruction.arg));
      } else if (instruction.op == Glob::Op::slash) {
        glob_.literal_.push_back('/');
      } else {
        glob_.only_literal_ = instruction.op == Glob::Op::accept;
        return;
      }
    }
  }

  std::uint32_t here() const { return static_cast<std::uint32_t>(glob_.program_.size()); }
  std::uint32_t emit(Glob::Op op, std::uint32_t arg = 0) {
    // A ** is two instructions: what it is, and the loop over components that it may enter.
    glob_.program_.push_back({op, arg});
    const std::uint32_t index = here() - 1;
    if (op == Glob::Op::globstar) glob_.program_.push_back({Glob::Op::deep, 0});
    return index;
  }

  Error unclosed_set(std::size_t start) const {
    return error(start, "\"[\" is not closed (write \"\\[\" for the character itself)");
  }
  Error error(std::size_t place, std::string_view what) const {
    return Error{ErrorKind::invalid, "glob \"" + std::string(pattern_) + "\", character " +
                                         std::to_string(place + 1) + ": " + std::string(what)};
  }

  std::string_view pattern_;
  Glob& glob_;
  std::size_t at_ = 0;
  std::vector<Brace> braces_;
};

// The threads that are alive before one byte of the path. A thread is an instruction and one flag:
// `swallow` is set right behind a ** that stood for no component at all, and means that the "/"
// behind the ** stands for nothing either ("**/a" matches "a").
class GlobThreads {
 public:
  explicit GlobThreads(const Glob& glob) : glob_(glob), slots_(glob.program_.size() * 2) {
    std::uint32_t* memory = small_.data();
    if (slots_ * 4 > small_.size()) {
      large_.resize(slots_ * 4);
      memory = large_.data();
    }
    current_ = memory;
    next_ = memory + slots_;
    stack_ = memory + slots_ * 2;
    marks_ = memory + slots_ * 3;
    std::fill_n(marks_, slots_, 0);
  }

  // Runs from instruction `first` over the bytes of `text` from `at` on. Afterwards matched() says
  // whether the whole text matches. `more`: the text goes on with a name, so that its end is not
  // the end of the path.
  void run(std::string_view text, std::size_t at, std::size_t first, bool more) {
    begin_step(text, at, more);
    add(first, false);
    std::swap(current_, next_);
    current_size_ = next_size_;
    while (at < text.size() && current_size_ > 0) {
      const char byte = text[at++];
      begin_step(text, at, more);
      for (std::size_t i = 0; i < current_size_; ++i) feed(current_[i] / 2, byte);
      std::swap(current_, next_);
      current_size_ = next_size_;
    }
    matched_ = matched_ && at == text.size();
  }

  bool matched() const { return matched_; }
  bool alive() const { return current_size_ > 0; }

  // Whether one of the threads takes every continuation of the text.
  bool takes_everything() {
    for (std::size_t i = 0; i < current_size_; ++i) {
      if (glob_.program_[current_[i] / 2].op != Glob::Op::deep) continue;
      begin_step("/", 1, false);
      component_start_ = false;
      add(current_[i] / 2 + 1, false);
      if (matched_) return true;
    }
    return false;
  }

 private:
  void begin_step(std::string_view text, std::size_t at, bool more) {
    ++step_;
    next_size_ = 0;
    matched_ = false;
    component_start_ = at == 0 || text[at - 1] == '/';
    end_ = at == text.size() && !more;
    component_end_ = end_ || (at < text.size() && text[at] == '/');
  }

  // Lets a thread that waits at `pc` take one byte.
  void feed(std::size_t pc, char byte) {
    const auto& instruction = glob_.program_[pc];
    switch (instruction.op) {
      case Glob::Op::byte:
        if (static_cast<unsigned char>(byte) == instruction.arg) add(pc + 1, false);
        return;
      case Glob::Op::slash:
        if (byte == '/') add(pc + 1, false);
        return;
      case Glob::Op::any:
        if (byte != '/') add(pc + 1, false);
        return;
      case Glob::Op::set:
        if (glob_.sets_[instruction.arg].test(static_cast<unsigned char>(byte))) add(pc + 1, false);
        return;
      case Glob::Op::star:
      case Glob::Op::globstar:
        if (byte != '/') add(pc, false);
        return;
      case Glob::Op::deep: add(pc, false); return;
      case Glob::Op::split:
      case Glob::Op::jump:
      case Glob::Op::accept: break;
    }
    GGEN_BUG_IF(true, "a glob thread waits where no byte is taken");
  }

  // Puts a thread at `pc`, and at all instructions that it reaches without taking a byte.
  void add(std::size_t pc, bool swallow) {
    stack_size_ = 0;
    reach(pc, swallow);
    while (stack_size_ > 0) {
      const std::uint32_t slot = stack_[--stack_size_];
      follow(slot, slot / 2, slot % 2 != 0);
    }
  }

  void reach(std::size_t pc, bool swallow) {
    const std::size_t slot = pc * 2 + (swallow ? 1 : 0);
    if (marks_[slot] == step_) return;
    marks_[slot] = step_;
    stack_[stack_size_++] = static_cast<std::uint32_t>(slot);
  }

  void follow(std::uint32_t slot, std::size_t pc, bool swallow) {
    const auto& instruction = glob_.program_[pc];
    switch (instruction.op) {
      case Glob::Op::byte:
      case Glob::Op::any:
      case Glob::Op::set: wait(slot); return;
      case Glob::Op::slash:
        if (swallow) {
          reach(pc + 1, false);
        } else {
          wait(slot);
        }
        return;
      case Glob::Op::star:
        wait(slot);
        reach(pc + 1, false);
        return;
      case Glob::Op::globstar:
        wait(static_cast<std::uint32_t>(pc * 2));
        reach(pc + 2, false);
        if (component_start_) {
          reach(pc + 1, false);
          reach(pc + 2, true);
        }
        return;
      case Glob::Op::deep:
        wait(slot);
        if (component_end_) reach(pc + 1, false);
        return;
      case Glob::Op::split:
        reach(pc + 1, swallow);
        reach(instruction.arg, swallow);
        return;
      case Glob::Op::jump: reach(instruction.arg, swallow); return;
      case Glob::Op::accept: matched_ = matched_ || end_; return;
    }
  }

  void wait(std::uint32_t slot) { next_[next_size_++] = slot; }

  const Glob& glob_;
  std::size_t slots_;
  std::array<std::uint32_t, 512> small_;
  std::vector<std::uint32_t> large_;
  // Four lists of slots_ entries: threads now, threads after the byte, threads to follow, and the
  // step in which each was reached last.
  std::uint32_t* current_;
  std::uint32_t* next_;
  std::uint32_t* stack_;
  std::uint32_t* marks_;
  std::size_t current_size_ = 0;
  std::size_t next_size_ = 0;
  std::size_t stack_size_ = 0;
  std::uint32_t step_ = 0;
  bool matched_ = false;
  bool end_ = false;
  bool component_start_ = false;
  bool component_end_ = false;
};

Result<Glob> Glob::compile(std::string_view pattern) {
  Glob glob;
  GGEN_TRY(GlobCompiler(pattern, glob).compile());
  return glob;
}

bool Glob::match(std::string_view path) const {
  if (only_literal_) return path == literal_;
  if (!path.starts_with(literal_)) return false;
  GlobThreads threads(*this);
  threads.run(path, literal_.size(), literal_.size(), false);
  return threads.matched();
}

bool Glob::may_match_below(std::string_view dir) const {
  if (dir.empty()) return true;
  GlobThreads threads(*this);
  threads.run(std::string(dir) + "/", 0, 0, true);
  return threads.alive();
}

bool Glob::matches_all_below(std::string_view dir) const {
  GlobThreads threads(*this);
  threads.run(dir.empty() ? std::string() : std::string(dir) + "/", 0, 0, true);
  return threads.takes_everything();
}

Result<GlobSet> GlobSet::compile(const std::vector<std::string>& patterns) {
  GlobSet set;
  for (std::string_view pattern : patterns) {
    const bool include = !pattern.starts_with('!');
    if (!include) pattern.remove_prefix(1);
    while (pattern.starts_with("./")) pattern.remove_prefix(2);
    const bool below = pattern.ends_with('/') && !pattern.ends_with("\\/");
    GGEN_TRY_ASSIGN(Glob glob,
                    Glob::compile(below ? std::string(pattern) + "**" : std::string(pattern)));
    set.entries_.push_back({std::move(glob), include});
  }
  return set;
}

bool GlobSet::match(std::string_view path) const {
  const auto last = std::find_if(entries_.rbegin(), entries_.rend(),
                                 [&](const Entry& entry) { return entry.glob.match(path); });
  return last != entries_.rend() && last->include;
}

bool GlobSet::may_match_below(std::string_view dir) const {
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->include && entry->glob.may_match_below(dir)) return true;
    if (!entry->include && entry->glob.matches_all_below(dir)) return false;
  }
  return false;
}

}  // namespace ggen
