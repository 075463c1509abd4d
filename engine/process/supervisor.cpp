// SPDX-License-Identifier: MIT
#include "process/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace ggen::process {

namespace {

// Small enough to stay in the second-level cache between the read and the write, large enough to
// need few of them (tests/bench, row "output").
constexpr std::size_t kBufferSize = 128 * 1024;

// A string with a NUL byte would reach the program cut short.
Result<void> check_text(const std::string& text, std::string_view what) {
  if (text.find('\0') == std::string::npos) return {};
  return Error{ErrorKind::invalid, std::string(what) + " contains a NUL byte: " + text.c_str()};
}

Result<void> check(const ChildSpec& spec) {
  if (spec.argv.empty() || spec.argv.front().empty()) {
    return Error{ErrorKind::invalid, "the command is empty"};
  }
  for (const auto& word : spec.argv) GGEN_TRY(check_text(word, "a word of the command"));
  for (const auto& entry : spec.env) GGEN_TRY(check_text(entry, "an environment variable"));
  return check_text(spec.cwd, "the working directory");
}

}  // namespace

Supervisor::Supervisor(loop::Loop& loop) : loop_(loop), watches_(loop) {}

Supervisor::~Supervisor() {
  // All at once, then one wait after the other. Who waited for them is gone.
  kill_all(SIGKILL);
  children_.clear();
}

Result<void> Supervisor::open() {
  if (guard_) return {};
  // Who started us may have set it to be ignored: then the kernel would throw exit codes away.
  signal(SIGCHLD, SIG_DFL);
  // The descriptors of children must not be one of the three that they are copied to, which a
  // program started with closed streams would get.
  while (null_.get() <= STDERR_FILENO) {
    null_.release();
    null_.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null_) return Error::from_errno(errno, "open /dev/null");
  }
  if (!spawner_) spawner_.emplace();
  auto guard = Guard::start(*spawner_);
  if (!guard) return std::move(guard).error();
  guard_.emplace(std::move(*guard));
  return {};
}

Result<Supervisor::Id> Supervisor::start(ChildSpec spec, Child::Done done) {
  GGEN_TRY(check(spec));
  GGEN_TRY(open());
  std::int32_t* slot = guard_->take_slot();
  if (slot == nullptr) {
    return Error{ErrorKind::limit, "more than " + std::to_string(Guard::kSlots) +
                                       " commands at the same time (fewer with -j)"};
  }
  const Id id = ++last_id_;
  ChildHost& host = *this;
  auto child = std::make_unique<Child>(host, id, std::move(spec), std::move(done));
  GGEN_TRY(child->start(*spawner_, slot, null_.get()));
  if (!child->started()) {
    failed_.push_back(id);
    if (!next_turn_) next_turn_.emplace(loop_);
    if (!next_turn_->running()) next_turn_->start(0, [this] { hand_over_failed(); });
  }
  children_.emplace(id, std::move(child));
  return id;
}

void Supervisor::hand_over_failed() {
  next_turn_.reset();
  for (const Id id : std::exchange(failed_, {})) finished(id);
}

void Supervisor::finished(Id id) {
  const auto found = children_.find(id);
  if (found == children_.end()) return;
  // Out of the table first: `done` may start others, and ask for this one.
  const auto child = std::move(found->second);
  children_.erase(found);
  auto done = child->take_done();
  if (done) done(child->take_outcome());
}

bool Supervisor::kill(Id id, int signal) {
  const auto found = children_.find(id);
  return found != children_.end() && found->second->kill(signal);
}

void Supervisor::abandon(Id id) {
  const auto found = children_.find(id);
  if (found != children_.end()) found->second->abandon();
}

pid_t Supervisor::pid(Id id) const {
  const auto found = children_.find(id);
  return found == children_.end() ? 0 : found->second->pid();
}

void Supervisor::say_goodbye() {
  if (!children_.empty()) {
    std::fprintf(stderr, "bug: the guard is let go while something runs\n");
    std::abort();
  }
  guard_.reset();
}

void Supervisor::kill_all(int signal) {
  for (const auto& [id, child] : children_) child->kill(signal);
}

std::pair<char*, std::size_t> Supervisor::read_buffer() {
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kBufferSize);
  return {buffer_.get(), kBufferSize};
}

}  // namespace ggen::process
