// ggen.core.watchdog: ends Lua code that does not end by itself (a pipeline.lua that loops).
//
// A timer signal on the main thread sets a count hook, which raises in whatever Lua function is
// running: the way in which the luajit program itself reacts to Ctrl-C. Hooks do not fire in
// compiled loops, so the caller loads with the compiler off. Code that catches the error and goes
// on gets it again and again; when that does not help either (a C function that does not return),
// the program ends, with the message alone.
// SPDX-License-Identifier: MIT
#include <chrono>
#include <csignal>
#include <iterator>
#include <lua.hpp>
#include <string>
#include <unistd.h>

#include "lua/signal_timer.h"
#include "lua/state.h"

namespace ggen::lua {

int open_watchdog(lua_State* L);

namespace {

constexpr int kSignal = SIGVTALRM;
constexpr int kExitCode = 2;
constexpr int kTries = 10;
constexpr std::chrono::milliseconds kBetweenTries{100};

// The signal handler can reach nothing else.
lua_State* watched = nullptr;
volatile sig_atomic_t fired = 0;
std::string message;
SignalTimer timer;

void stop_hook(lua_State* L, lua_Debug* where) {
  // Off again at once: handlers of this error must be able to run.
  lua_sethook(watched, nullptr, 0, 0);
  lua_getinfo(L, "Sl", where);
  if (where->currentline > 0) {
    lua_pushfstring(L, "%s:%d: %s", where->short_src, where->currentline, message.c_str());
  } else {
    lua_pushstring(L, message.c_str());
  }
  lua_error(L);
}

void on_signal(int) {
  if (watched == nullptr) return;
  fired = fired + 1;
  if (fired <= kTries) {
    lua_sethook(watched, stop_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
    return;
  }
  // Only calls that are safe in a signal handler; nothing can be done about a failed write.
  [[maybe_unused]] auto a = write(STDERR_FILENO, "ggen-lua: ", 10);
  [[maybe_unused]] auto b = write(STDERR_FILENO, message.data(), message.size());
  [[maybe_unused]] auto c = write(STDERR_FILENO, "\n", 1);
  _exit(kExitCode);
}

void disarm() {
  if (watched == nullptr) return;
  timer.stop();
  lua_sethook(watched, nullptr, 0, 0);
  watched = nullptr;
}

// start(seconds, message): from now on Lua code has that long until stop() is called.
int watchdog_start(lua_State* L) {
  const double limit = luaL_checknumber(L, 1);
  luaL_argcheck(L, limit > 0, 1, "a time above zero expected");
  disarm();
  message = luaL_checkstring(L, 2);
  fired = 0;
  watched = main_state(L);
  if (auto begun = timer.start(kSignal, on_signal, nanoseconds_of(limit), kBetweenTries); !begun) {
    watched = nullptr;
    return luaL_error(L, "%s", begun.error().message.c_str());
  }
  return 0;
}

// stop() -> true when the time had run out
int watchdog_stop(lua_State* L) {
  disarm();
  lua_pushboolean(L, fired != 0);
  return 1;
}

// Signals that have come since exit_on_third_signal(), and what libuv wants done with them.
volatile sig_atomic_t signals_seen = 0;
struct sigaction loop_action[3];
constexpr int kEndingSignals[] = {SIGINT, SIGTERM, SIGHUP};

void on_ending_signal(int number, siginfo_t* info, void* context) {
  signals_seen = signals_seen + 1;
  if (signals_seen >= 3) _exit(130);
  for (std::size_t i = 0; i < std::size(kEndingSignals); ++i) {
    if (kEndingSignals[i] != number) continue;
    const struct sigaction& next = loop_action[i];
    if ((next.sa_flags & SA_SIGINFO) != 0)
      next.sa_sigaction(number, info, context);
    else if (next.sa_handler != SIG_DFL && next.sa_handler != SIG_IGN)
      next.sa_handler(number);
  }
}

// exit_on_third_signal(): the last resort against code that does not let the loop run (a Lua
// function that computes for ever, a terminal that takes no output). To be called when the loop
// listens to the signals; from then on the third of SIGINT, SIGTERM and SIGHUP ends the program
// with code 130 at once. The guard process ends what still runs.
int watchdog_exit_on_third_signal(lua_State*) {
  signals_seen = 0;
  for (std::size_t i = 0; i < std::size(kEndingSignals); ++i) {
    struct sigaction current {};
    sigaction(kEndingSignals[i], nullptr, &current);
    if (current.sa_sigaction == on_ending_signal || current.sa_handler == SIG_DFL) continue;
    loop_action[i] = current;
    current.sa_sigaction = on_ending_signal;
    current.sa_flags |= SA_SIGINFO;
    sigaction(kEndingSignals[i], &current, nullptr);
  }
  return 0;
}

// exit(code): ends the program now, with threads that look at files and cannot be told to stop. The
// guard process ends what still runs.
int watchdog_exit(lua_State* L) { _exit(static_cast<int>(luaL_checkinteger(L, 1))); }

constexpr luaL_Reg kFunctions[] = {{"exit", watchdog_exit},
                                   {"exit_on_third_signal", watchdog_exit_on_third_signal},
                                   {"start", watchdog_start},
                                   {"stop", watchdog_stop},
                                   {nullptr, nullptr}};

}  // namespace

int open_watchdog(lua_State* L) {
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
