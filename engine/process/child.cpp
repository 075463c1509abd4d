// SPDX-License-Identifier: MIT
#include "process/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "process/group.h"
#include "process/own_peak.h"

namespace ggen::process {

namespace {

// One child may take this many buffers in a turn of the loop, then it is another one's turn.
constexpr int kReadsPerTurn = 4;
// What may still be in a pipe: its largest size, in our smallest buffers.
constexpr int kReadsToDrain = 32;
constexpr ssize_t kFullPipe = 64 * 1024;  // as the kernel makes them
// So that the writer rarely sleeps: 1 GB into a file took 0.91 s with the kernel's 64 KiB, 0.73 s
// with 256 KiB, 0.66 s with this and 0.65 s with 1 MiB. What a user may have of it is limited
// (/proc/sys/fs/pipe-user-pages-soft, mostly 64 MiB).
constexpr int kLargePipe = 512 * 1024;
constexpr int kTimeoutCode = 124;
constexpr int kReapMilliseconds = 2000;

double now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

Result<void> open_pipe(Fd& ours, Fd& theirs, bool we_write) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error::from_errno(errno, "open a pipe");
  ours.reset(ends[we_write ? 1 : 0]);
  theirs.reset(ends[we_write ? 0 : 1]);
  return {};
}

}  // namespace

void Child::Pipe::close(loop::WatchSet& watches) {
  watches.forget(watch);
  fd.reset();
}

void Child::Pipe::set_nonblocking(int access) {
  if (nonblocking || !fd) return;
  GGEN_BUG_IF(fcntl(fd.get(), F_SETFL, O_NONBLOCK | access) != 0, "a pipe without flags");
  nonblocking = true;
}

Child::Child(ChildHost& host, std::uint64_t id, ChildSpec spec, Done done)
    : host_(host), id_(id), spec_(std::move(spec)), done_(std::move(done)) {}

Child::~Child() {
  if (state_ == State::running || state_ == State::exited) {
    signal_group(SIGKILL);
    // A process in a system call that cannot be interrupted would let us wait for ever.
    pollfd wait{pipes_[kExit].fd.get(), POLLIN, 0};
    if (state_ == State::exited || poll(&wait, 1, kReapMilliseconds) > 0) reap();
  }
  if (terminal_) terminal_->take_back();
  for (Pipe& pipe : pipes_) pipe.close(host_.watches());
  if (slot_ != nullptr) host_.give_back_slot(slot_);
}

Result<void> Child::start(Spawner& spawner, std::int32_t* slot, int null_fd) {
  slot_ = slot;
  std::array<Fd, 3> theirs;
  std::array<int, 3> stdio = {-1, -1, -1};
  if (!spec_.interactive) {
    for (const int tag : {kOut, kErr}) {
      GGEN_TRY(open_pipe(pipes_[tag].fd, theirs[tag + 1], false));
      stdio[tag + 1] = theirs[tag + 1].get();
    }
    if (spec_.stdin_from == Stdin::null) stdio[0] = null_fd;
    if (spec_.stdin_from == Stdin::bytes) {
      GGEN_TRY(open_pipe(pipes_[kIn].fd, theirs[0], true));
      stdio[0] = theirs[0].get();
    }
  }

  SpawnRequest request{spec_.argv, spec_.env, spec_.cwd, stdio};
  if (spec_.interactive) prepare_interactive(request);
  request.slot = slot;
  started_at_ = now();
  SpawnResult result = spawner.spawn(request);
  if (auto* failure = std::get_if<SpawnFailure>(&result)) {
    for (Pipe& pipe : pipes_) pipe.fd.reset();
    if (terminal_) terminal_->take_back();
    outcome_.code = failure->exit_code();
    outcome_.failure = std::move(*failure);
    state_ = State::finished;
    return {};
  }
  auto& spawned = std::get<Spawned>(result);
  pid_ = spawned.pid;
  our_peak_ = own_peak_memory();
  pipes_[kExit].fd = std::move(spawned.pidfd);
  outcome_.started = true;
  state_ = State::running;

  if (terminal_) watch_for_stops();
  for (const int tag : {kOut, kErr, kExit}) {
    Pipe& pipe = pipes_[tag];
    if (!pipe.fd) continue;
    GGEN_TRY_ASSIGN(pipe.watch, host_.watches().add(pipe.fd.get(), EPOLLIN, *this, tag));
  }
  if (pipes_[kIn].fd) {
    theirs[0].reset();
    pipes_[kIn].set_nonblocking(O_WRONLY);
    write_stdin();
  }
  if (spec_.timeout > 0) {
    timer_.emplace(host_.loop());
    timer_->start(spec_.timeout, [this] { on_timeout(); });
  }
  return {};
}

void Child::prepare_interactive(SpawnRequest& request) {
  terminal_ = Terminal::open();
  if (!terminal_) return;
  if (!terminal_->is_ours()) {
    terminal_.reset();
    leads_group_ = false;
    request.group = Group::ours;
    return;
  }
  request.terminal = terminal_->fd();
  terminal_->lent();
}

// Its pidfd tells of its end only.
void Child::watch_for_stops() {
  auto signal = loop::Signal::start(host_.loop(), SIGCHLD, [this] { stop_with_it(); });
  // Without it a stopped child would only not be noticed.
  if (signal) on_child_.emplace(std::move(*signal));
  // What it did before that sent a signal to nobody.
  stop_with_it();
}

void Child::stop_with_it() {
  siginfo_t info{};
  const auto id = static_cast<id_t>(pid_);
  if (state_ != State::running || waitid(P_PID, id, &info, WSTOPPED | WNOHANG) != 0) return;
  if (info.si_pid == pid_) terminal_->suspend_with(pid_);
}

void Child::on_ready(int tag, std::uint32_t) {
  in_callback_ = true;
  switch (tag) {
    case kOut:
    case kErr: read_pipe(tag, kReadsPerTurn); break;
    case kIn: write_stdin(); break;
    case kExit: on_exit(); break;
  }
  in_callback_ = false;
  finish_if_done();
}

void Child::read_pipe(int tag, int rounds) {
  Pipe& pipe = pipes_[static_cast<std::size_t>(tag)];
  for (int round = 0; round < rounds && pipe.fd; ++round) {
    const auto [buffer, space] = host_.read_buffer();
    const ssize_t size = read(pipe.fd.get(), buffer, space);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return pipe.close(host_.watches());
    deliver(tag, {buffer, static_cast<std::size_t>(size)});
    if (!pipe.large && size >= kFullPipe) {
      // It writes faster than we read; the kernel may refuse, then it stays as it is.
      if (pipe.fd) fcntl(pipe.fd.get(), F_SETPIPE_SZ, kLargePipe);
      pipe.large = true;
    } else if (static_cast<std::size_t>(size) < space) {
      return;
    }
    pipe.set_nonblocking(O_RDONLY);
  }
}

void Child::deliver(int tag, std::string_view bytes) {
  outcome_.bytes += bytes.size();
  if (spec_.capture > 0) {
    std::string& kept = tag == kOut ? outcome_.out : outcome_.err;
    const std::size_t room = spec_.capture - kept.size();
    kept.append(bytes.substr(0, room));
    if (bytes.size() > room) outcome_.truncated = true;
  }
  // The sink may abandon this child, and with it let go of the sink.
  if (const auto sink = spec_.output) sink->write(tag == kOut ? Stream::out : Stream::err, bytes);
}

void Child::write_stdin() {
  Pipe& pipe = pipes_[kIn];
  const std::string& bytes = spec_.stdin_bytes;
  while (stdin_written_ < bytes.size()) {
    const ssize_t size =
        write(pipe.fd.get(), bytes.data() + stdin_written_, bytes.size() - stdin_written_);
    if (size >= 0) {
      stdin_written_ += static_cast<std::size_t>(size);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) break;  // EPIPE: it does not want to read the rest, which is its right
    if (pipe.watch != 0) return;
    fcntl(pipe.fd.get(), F_SETPIPE_SZ, kLargePipe);
    auto watch = host_.watches().add(pipe.fd.get(), EPOLLOUT, *this, kIn);
    if (!watch) break;
    pipe.watch = *watch;
    return;
  }
  pipe.close(host_.watches());
  spec_.stdin_bytes = std::string();
  stdin_written_ = 0;
}

void Child::on_exit() {
  outcome_.usage.wall = now() - started_at_;
  state_ = State::exited;
  on_child_.reset();
  if (terminal_) terminal_->take_back();
  pipes_[kExit].close(host_.watches());
  timer_.reset();
  // Mostly the ends of the pipes have been read by now, or are among the events of this turn.
  if (pipes_[kOut].fd || pipes_[kErr].fd) {
    timer_.emplace(host_.loop());
    timer_->start(spec_.drain, [this] { on_drained(); });
  }
}

// Something holds the pipes open that the child has left behind.
void Child::on_drained() {
  // The loop may have been busy all the time: what was written before counts as read in time.
  in_callback_ = true;
  for (const int tag : {kOut, kErr}) {
    pipes_[static_cast<std::size_t>(tag)].set_nonblocking(O_RDONLY);
    read_pipe(tag, kReadsToDrain);
  }
  in_callback_ = false;
  for (const int tag : {kOut, kErr}) {
    if (!pipes_[static_cast<std::size_t>(tag)].fd) continue;
    outcome_.left_behind = true;
    pipes_[static_cast<std::size_t>(tag)].close(host_.watches());
  }
  finish_if_done();
}

void Child::on_timeout() {
  if (terminating_) return signal_group(SIGKILL);
  outcome_.timed_out = true;
  terminating_ = true;
  signal_group(SIGTERM);
  // A stopped process would get its TERM only when somebody lets it go on.
  signal_group(SIGCONT);
  timer_->start(spec_.grace, [this] { on_timeout(); });
}

bool Child::kill(int signal) {
  if (state_ != State::running && state_ != State::exited) return false;
  signal_group(signal);
  return true;
}

void Child::signal_group(int signal) const {
  // Not reaped yet, so neither number can belong to anybody else.
  ::kill(leads_group_ ? -pid_ : pid_, signal);
}

void Child::abandon() {
  done_ = nullptr;
  spec_.output.reset();
  spec_.capture = 0;
  for (const int tag : {kOut, kErr, kIn}) {
    pipes_[static_cast<std::size_t>(tag)].close(host_.watches());
  }
  timer_.reset();
  if (state_ == State::running || state_ == State::exited) signal_group(SIGKILL);
  // After the exit nothing else would come. What calls a sink finishes by itself.
  if (!in_callback_) finish_if_done();
}

void Child::finish_if_done() {
  if (state_ == State::exited && !pipes_[kOut].fd && !pipes_[kErr].fd) finish();
}

void Child::finish() {
  timer_.reset();
  pipes_[kIn].close(host_.watches());
  reap();
  host_.finished(id_);
}

void Child::reap() {
  state_ = State::finished;
  // Before the leader is reaped, which keeps the number of the group from being used again.
  if (leads_group_) signal_group(SIGKILL);
  if (slot_ != nullptr) host_.give_back_slot(std::exchange(slot_, nullptr));
  int status = 0;
  rusage usage{};
  while (wait4(pid_, &status, 0, &usage) < 0) {
    if (errno == EINTR) continue;
    // Somebody in this process waits for children that are not theirs. Anything but a success.
    outcome_.failure = {SpawnFailure::Part::system, Error::from_errno(errno, "wait for a child")};
    outcome_.code = outcome_.failure->exit_code();
    return;
  }
  if (leads_group_ && group_outlived_leader(pid_)) outcome_.left_behind = true;
  outcome_.usage.user = seconds(usage.ru_utime);
  outcome_.usage.sys = seconds(usage.ru_stime);
  outcome_.usage.peak_memory =
      known_peak_memory(static_cast<std::uint64_t>(usage.ru_maxrss) * 1024, our_peak_);
  if (WIFSIGNALED(status)) {
    outcome_.signal = WTERMSIG(status);
    if (terminal_) terminal_->restore_modes();
    outcome_.code = 128 + outcome_.signal;
  } else {
    outcome_.code = WEXITSTATUS(status);
  }
  if (outcome_.timed_out) outcome_.code = kTimeoutCode;
}

}  // namespace ggen::process
