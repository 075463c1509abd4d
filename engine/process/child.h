// One running child from its start to its result. It is finished when its exit and the end of both
// of its pipes have come, whichever is last; until then it is not reaped, so that its pid and its
// group stay ours. Knows nothing of other children: the supervisor owns it.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "loop/signal.h"
#include "loop/timer.h"
#include "loop/watch_set.h"
#include "process/sink.h"
#include "process/spawn.h"
#include "process/terminal.h"

namespace ggen::process {

enum class Stdin { null, inherit, bytes };

struct ChildSpec {
  std::vector<std::string> argv;
  std::vector<std::string> env;  // "NAME=value", nothing else is inherited
  std::string cwd;               // empty: ours
  Stdin stdin_from = Stdin::null;
  std::string stdin_bytes;
  // All three streams are ours, nothing is read, and the terminal is its own while it runs. (In a
  // background job of a shell the terminal is not ours to give: then it stays in our group.)
  bool interactive = false;
  std::shared_ptr<Sink> output;  // gets both streams; may be empty
  std::size_t capture = 0;       // bytes to keep of each stream
  double timeout = 0;            // seconds until TERM; 0: none
  double grace = 5;              // seconds from TERM to KILL
  double drain = 1;              // seconds that the pipes may stay open after the exit
};

struct Usage {
  double wall = 0;  // seconds from the start to the exit
  double user = 0;  // CPU seconds, of it and of what it waited for
  double sys = 0;
  // Bytes of the largest process among them. Linux counts the memory of the process that it was
  // cloned from up to the exec: 0, unknown, when it took no more than we did by then.
  std::uint64_t peak_memory = 0;
};

struct Outcome {
  int code = 0;    // of the exit; 128 + signal; 124 timed out; 126 or 127 not started
  int signal = 0;  // that ended it; 0: none
  bool timed_out = false;
  bool started = false;
  std::optional<SpawnFailure> failure;  // why it was not started
  Usage usage;
  std::string out;  // what was captured
  std::string err;
  bool truncated = false;    // there was more to capture
  bool left_behind = false;  // something that it started outlived it (and was killed)
  std::uint64_t bytes = 0;   // read from both pipes
};

// What a child needs of its supervisor.
class ChildHost {
 public:
  virtual loop::Loop& loop() = 0;
  virtual loop::WatchSet& watches() = 0;
  // A buffer for reading, valid until the next call.
  virtual std::pair<char*, std::size_t> read_buffer() = 0;
  // Called once, as the last thing a child does: it may be destroyed now.
  virtual void finished(std::uint64_t id) = 0;
  virtual void give_back_slot(std::int32_t* slot) = 0;

 protected:
  ~ChildHost() = default;
};

class Child final : public loop::Watcher {
 public:
  using Done = std::function<void(Outcome)>;

  Child(ChildHost& host, std::uint64_t id, ChildSpec spec, Done done);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  // A child that still runs is killed with its group, and waited for.
  ~Child();

  // Errors: no descriptors are left. Everything else, also that the program does not exist, is an
  // outcome that comes through host.finished().
  Result<void> start(Spawner& spawner, std::int32_t* slot, int null_fd);

  // False when it has finished.
  bool kill(int signal);
  // Kills it, forgets who waits for it, and reads no more.
  void abandon();

  pid_t pid() const { return pid_; }
  bool started() const { return outcome_.started; }
  Outcome take_outcome() { return std::move(outcome_); }
  Done take_done() { return std::move(done_); }

 private:
  enum class State { starting, running, exited, finished };
  // Which descriptor became ready.
  enum Tag { kOut = 0, kErr = 1, kIn = 2, kExit = 3 };
  struct Pipe {
    Fd fd;
    loop::WatchSet::Id watch = 0;
    bool large = false;
    // The end of ours; the child's is the program's own business. The first read after an event
    // cannot wait, and most children need no other, so that it is set when a second one comes.
    bool nonblocking = false;

    void close(loop::WatchSet& watches);
    void set_nonblocking(int access);
  };

  void on_ready(int tag, std::uint32_t events) override;
  // Returns at the end of the pipe, when it is empty, or after `rounds` full buffers.
  void read_pipe(int tag, int rounds);
  void deliver(int tag, std::string_view bytes);
  void write_stdin();
  // Chooses group and terminal of an interactive child.
  void prepare_interactive(SpawnRequest& request);
  void watch_for_stops();
  void stop_with_it();
  void on_exit();
  void on_timeout();
  void on_drained();
  void finish_if_done();
  void finish();
  void reap();
  void signal_group(int signal) const;

  ChildHost& host_;
  const std::uint64_t id_;
  ChildSpec spec_;
  Done done_;
  Outcome outcome_;
  State state_ = State::starting;
  pid_t pid_ = 0;
  std::array<Pipe, 4> pipes_;  // by Tag; the last one is the pidfd
  std::size_t stdin_written_ = 0;
  std::int32_t* slot_ = nullptr;
  bool leads_group_ = true;
  std::optional<Terminal> terminal_;      // while it has that
  std::optional<loop::Signal> on_child_;  // and may be stopped from there
  double started_at_ = 0;
  std::uint64_t our_peak_ = 0;        // at its start
  std::optional<loop::Timer> timer_;  // time-out, then grace; after the exit: drain
  bool terminating_ = false;          // the time-out sent its TERM
  bool in_callback_ = false;          // a sink that is called may come back to us
};

}  // namespace ggen::process
