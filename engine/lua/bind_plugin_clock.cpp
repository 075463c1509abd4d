// ggen.core.plugin_clock: how long calls of plugins take, without what they wait for, and the end
// of a run whose loop a plugin does not let go on.
//
// Lua runs on one thread, so there is one current call: that of the innermost frame of the
// coroutine that runs. Entering, leaving and switching coroutines each read the clock once. A timer
// signal looks now and then whether the loop has had a turn since; if not for too long, it ends the
// program with the name of the plugin: hooks of Lua do not fire in machine code nor in C functions,
// and an error raised there could be caught. What is on the disk is right at any time, as after a
// SIGKILL.
//
// A function that is kept to be called later (ref.h) is called for the method that handed it over,
// as a call of its own, and so is a coroutine that is started within a call.
// SPDX-License-Identifier: MIT
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <deque>
#include <lua.hpp>
#include <string>
#include <string_view>

#include "lua/plugin_clock.h"
#include "lua/signal_timer.h"

namespace ggen::lua {

int open_plugin_clock(lua_State* L);

namespace {
using Nanoseconds = std::int64_t;
enum class Counts { sum, longest, nothing };
}  // namespace

// A plugin's method, or the functions that it hands over; the first slot is what belongs to no
// plugin though it runs inside of one.
struct PluginSlot {
  std::string plugin;
  std::string what;  // "method priority"
  Nanoseconds budget = 0;
  Counts counts = Counts::sum;  // of the stretches of a call, between which it waited
  Nanoseconds later_budget = 0;
  bool must_not_wait = false;
  PluginSlot* later = nullptr;  // of what it hands over, once it has; itself when it is that
  std::uint64_t over = 0;       // calls that took longer
  Nanoseconds worst = 0;
};

namespace {

constexpr Nanoseconds kSecond = 1'000'000'000;
using Slot = PluginSlot;
constexpr std::size_t kOutside = 0;

// One call. Its number is its place in `frames` and how often that has been used.
struct Frame {
  Slot* slot = nullptr;
  Frame* outer = nullptr;
  Nanoseconds busy = 0;
  double number = 0;
  bool open = false;
  bool must_not_wait = false;
};
constexpr std::uint64_t kMostFrames = 1 << 24;

std::deque<Slot> slots(1);
std::deque<Frame> frames;
Frame* spare = nullptr;  // chained by `outer`
bool any_over = false;
Frame* current = nullptr;
Nanoseconds since = 0;  // of the current call, or of its going on after a wait

// What the signal handler sees.
std::atomic<const Slot*> watched = nullptr;
std::atomic<std::uint64_t> turns = 0;  // calls that the loop made

Nanoseconds monotonic() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

// What a thread did until some moment. A call that was only kept from the processor by others was
// not slow; with each long stretch of one this is looked at.
struct Usage {
  Nanoseconds at = 0;
  Nanoseconds computed = 0;
  long waits = 0;  // how often it gave the processor up by itself
};
Usage known;
constexpr Nanoseconds kStale = 100'000;
constexpr Nanoseconds kLong = 2'000'000;

Usage usage(Nanoseconds now) {
  rusage used{};
  getrusage(RUSAGE_THREAD, &used);
  const auto of = [](const timeval& time) { return time.tv_sec * kSecond + time.tv_usec * 1000; };
  return {now, of(used.ru_utime) + of(used.ru_stime), used.ru_nvcsw};
}

void end_stretch(Nanoseconds now) {
  if (current == nullptr || current->slot == &slots[kOutside]) return;
  Nanoseconds busy = now - since;
  if (busy >= kLong) {
    const Usage used = usage(now);
    if (used.waits == known.waits) busy = std::min(busy, used.computed - known.computed);
    known = used;
  }
  if (current->slot->counts == Counts::longest) {
    current->busy = std::max(current->busy, busy);
  } else {
    current->busy += busy;
  }
}

void begin_stretch(Frame* frame, Nanoseconds now) {
  if (current == nullptr || frame == nullptr) {
    turns.store(turns.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  current = frame;
  since = now;
  const Slot* slot = frame == nullptr || frame->slot == &slots[kOutside] ? nullptr : frame->slot;
  watched.store(slot, std::memory_order_relaxed);
  if (slot != nullptr && now - known.at > kStale) known = usage(now);
}

Frame* find(double number) {
  if (current != nullptr && current->number == number) return current;
  const std::size_t index = static_cast<std::uint64_t>(number) % kMostFrames;
  if (index >= frames.size()) return nullptr;
  Frame* frame = &frames[index];
  return frame->open && frame->number == number ? frame : nullptr;
}

Frame* open_frame(Slot* slot, Frame* outer) {
  Frame* frame = nullptr;
  if (spare == nullptr) {
    frame = &frames.emplace_back();
    frame->number = static_cast<double>(frames.size() - 1);
  } else {
    frame = spare;
    spare = frame->outer;
    frame->number += static_cast<double>(kMostFrames);
  }
  frame->slot = slot;
  frame->outer = outer;
  frame->busy = 0;
  frame->open = true;
  frame->must_not_wait = false;
  return frame;
}

void close_frame(Frame* frame) {
  Slot& slot = *frame->slot;
  if (frame->busy > slot.budget && slot.counts != Counts::nothing && &slot != &slots[kOutside]) {
    any_over = true;
    ++slot.over;
    slot.worst = std::max(slot.worst, frame->busy);
  }
  frame->open = false;
  frame->outer = spare;
  spare = frame;
}

Frame* enter(Slot* slot) {
  const Nanoseconds now = monotonic();
  end_stretch(now);
  Frame* frame = open_frame(slot, current);
  frame->must_not_wait = slot->must_not_wait;
  begin_stretch(frame, now);
  return frame;
}

// Calls inside of it that were left by a yield end with it.
void leave(Frame* frame) {
  Frame* inner = current;
  while (inner != nullptr && inner != frame) inner = inner->outer;
  if (inner == nullptr) {  // of a coroutine that does not run
    close_frame(frame);
    return;
  }
  const Nanoseconds now = monotonic();
  end_stretch(now);
  Frame* outer = frame->outer;
  while (current != frame) {
    Frame* next = current->outer;
    close_frame(current);
    current = next;
  }
  close_frame(frame);
  begin_stretch(outer, now);
}

Nanoseconds check_seconds(lua_State* L, int index) {
  return static_cast<Nanoseconds>(std::min(luaL_checknumber(L, index), 1e9) * kSecond);
}

// slot(plugin, what, budget, later, counts, must_not_wait) -> number for enter(). what: "method
// priority"; budget: seconds that a call may be busy, with counts = "longest" from one wait to the
// next, with "nothing" without an end; later: the same for a function that it hands over
int clock_slot(lua_State* L) {
  const Nanoseconds budget = check_seconds(L, 3);
  const Nanoseconds later = check_seconds(L, 4);
  constexpr const char* kCounts[] = {"sum", "longest", "nothing", nullptr};
  const auto counts = static_cast<Counts>(luaL_checkoption(L, 5, "sum", kCounts));
  const std::string_view plugin = luaL_checkstring(L, 1);
  const std::string_view what = luaL_checkstring(L, 2);
  Slot& slot = slots.emplace_back();
  slot.plugin = plugin;
  slot.what = what;
  slot.budget = budget;
  slot.later_budget = later;
  slot.counts = counts;
  slot.must_not_wait = lua_toboolean(L, 6) != 0;
  lua_pushnumber(L, static_cast<lua_Number>(slots.size() - 1));
  return 1;
}

// enter(slot) -> call: the plugin's code begins; slot 0: what is none of a plugin's begins
int clock_enter(lua_State* L) {
  const auto index = static_cast<std::size_t>(lua_tonumber(L, 1));
  luaL_argcheck(L, index < slots.size(), 1, "a slot expected");
  const Frame* frame = enter(&slots[index]);
  lua_pushnumber(L, frame->number);
  return 1;
}

// leave(call): it has ended, and calls inside of it that were left by a yield
int clock_leave(lua_State* L) {
  Frame* frame = find(luaL_checknumber(L, 1));
  if (frame != nullptr) leave(frame);
  return 0;
}

// switch(call?) -> call?: another coroutine goes on, in that call; the one that was current
int clock_switch(lua_State* L) {
  Frame* next = lua_type(L, 1) == LUA_TNUMBER ? find(lua_tonumber(L, 1)) : nullptr;
  Frame* before = current;
  if (next != before) {
    const Nanoseconds now = monotonic();
    end_stretch(now);
    begin_stretch(next, now);
  }
  if (before == nullptr) return 0;
  lua_pushnumber(L, before->number);
  return 1;
}

// held() -> whether the coroutine that runs is in a call that must not wait. What such a call
// starts, in coroutines of their own, may.
int clock_held(lua_State* L) {
  const Frame* frame = current;
  while (frame != nullptr && !frame->must_not_wait) frame = frame->outer;
  lua_pushboolean(L, frame != nullptr ? 1 : 0);
  return 1;
}

// fork() -> call?: for a coroutine that is started within a call, one of its own of the same
// method; of one that has no budget it is one of what it hands over
int clock_fork(lua_State* L) {
  if (current == nullptr || current->slot == &slots[kOutside]) return 0;
  const bool counts = current->slot->counts != Counts::nothing;
  Slot* slot = counts ? current->slot : handed_over_by();
  lua_pushnumber(L, open_frame(slot, nullptr)->number);
  return 1;
}

// raised(call, message): what a plugin has started failed, and nobody waits for it; does not return
int clock_raised(lua_State* L) {
  const Frame* frame = find(luaL_checknumber(L, 1));
  luaL_argcheck(L, frame != nullptr && frame->slot != &slots[kOutside], 1, "a call expected");
  plugin_raised(*frame->slot, luaL_checkstring(L, 2));
}

// over() -> { { plugin, what, count, worst, budget, each } }, in the order of their first calls,
// nil for none; what was told is not told again
int clock_over(lua_State* L) {
  if (!any_over) return 0;
  any_over = false;
  lua_newtable(L);
  int count = 0;
  for (Slot& slot : slots) {
    if (slot.over == 0) continue;
    lua_createtable(L, 0, 6);
    lua_pushlstring(L, slot.plugin.data(), slot.plugin.size());
    lua_setfield(L, -2, "plugin");
    lua_pushlstring(L, slot.what.data(), slot.what.size());
    lua_setfield(L, -2, "what");
    lua_pushboolean(L, slot.counts == Counts::longest ? 1 : 0);
    lua_setfield(L, -2, "each");
    lua_pushnumber(L, static_cast<lua_Number>(slot.over));
    lua_setfield(L, -2, "count");
    lua_pushnumber(L, static_cast<lua_Number>(slot.worst) / kSecond);
    lua_setfield(L, -2, "worst");
    lua_pushnumber(L, static_cast<lua_Number>(slot.budget) / kSecond);
    lua_setfield(L, -2, "budget");
    lua_rawseti(L, -2, ++count);
    slot.over = 0;
    slot.worst = 0;
  }
  return 1;
}

// The watch ---------------------------------------------------------------------------------------

constexpr int kExitCode = 1;
constexpr std::uint64_t kLooks = 10;  // in the time that a plugin has
std::string last_words;               // what is said behind the names

// In a signal handler nothing may be allocated.
class Line {
 public:
  void add(std::string_view text) {
    for (const char c : text) {
      if (size_ == sizeof(text_)) return;
      const auto byte = static_cast<unsigned char>(c);
      text_[size_++] = byte < 0x20 || byte == 0x7f ? '?' : c;
    }
  }
  void write_out() {
    if (size_ == sizeof(text_)) --size_;
    text_[size_++] = '\n';
    // Nothing can be done about a failed write.
    [[maybe_unused]] auto written = write(STDERR_FILENO, text_, size_);
  }

 private:
  char text_[1024];
  std::size_t size_ = 0;
};

// A program that was stopped for a while, or got no processor, has missed signals: it has as long
// as ever.
void on_look(int) {
  static std::uint64_t turn = 0;
  static std::uint64_t looks = 0;
  const Slot* slot = watched.load(std::memory_order_relaxed);
  const std::uint64_t now = turns.load(std::memory_order_relaxed);
  if (slot == nullptr || now != turn) {
    turn = now;
    looks = 0;
    return;
  }
  if (++looks < kLooks) return;
  Line line;
  line.add("ggen-lua: plugin \"");
  line.add(slot->plugin);
  line.add("\", ");
  line.add(slot->what);
  line.add(last_words);
  line.write_out();
  _exit(kExitCode);
}

// watch(seconds, last words): from now on a plugin that does not let the loop go on for so long
// ends the program
int clock_watch(lua_State* L) {
  static SignalTimer timer;
  const double limit = luaL_checknumber(L, 1);
  luaL_argcheck(L, limit > 0, 1, "a time above zero expected");
  last_words = luaL_checkstring(L, 2);
  const auto between =
      std::max(nanoseconds_of(limit) / std::int64_t{kLooks}, std::chrono::nanoseconds(1));
  if (auto begun = timer.start(SIGRTMIN, on_look, between, between); !begun) {
    return luaL_error(L, "%s", begun.error().message.c_str());
  }
  return 0;
}

constexpr luaL_Reg kFunctions[] = {{"enter", clock_enter}, {"fork", clock_fork},
                                   {"held", clock_held},   {"leave", clock_leave},
                                   {"over", clock_over},   {"raised", clock_raised},
                                   {"slot", clock_slot},   {"switch", clock_switch},
                                   {"watch", clock_watch}, {nullptr, nullptr}};

}  // namespace

PluginSlot* handed_over_by() {
  if (current == nullptr || current->slot == &slots[kOutside]) return nullptr;
  PluginSlot& slot = *current->slot;
  if (slot.later == nullptr) {
    PluginSlot& later = slots.emplace_back();
    later.plugin = slot.plugin;
    later.what = "a function that " + slot.what + " handed over";
    later.budget = slot.later_budget;
    later.later_budget = slot.later_budget;
    later.later = &later;
    slot.later = &later;
  }
  return slot.later;
}

HandedOverCall::HandedOverCall(PluginSlot* slot) {
  if (slot != nullptr) frame_ = enter(slot);
}

HandedOverCall::~HandedOverCall() {
  if (frame_ != nullptr) leave(static_cast<Frame*>(frame_));
}

void plugin_raised(const PluginSlot& slot, std::string_view message) {
  std::string text(message.substr(0, message.find("\nstack traceback:")));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  std::fprintf(stderr,
               "ggen-lua: plugin \"%s\", %s: it raised an error, so the run ends here: %s\n",
               slot.plugin.c_str(), slot.what.c_str(), text.c_str());
  std::fflush(stderr);
  _exit(kExitCode);
}

int open_plugin_clock(lua_State* L) {
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
