// SPDX-License-Identifier: MIT
#include "process/group.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "base/fd.h"

namespace ggen::process {

namespace {

constexpr unsigned long kExiting = 4;  // PF_EXITING of the kernel

struct Stat {
  pid_t group = 0;
  bool ended_by_itself = false;
};

// /proc/PID/stat: pid (name) state ppid pgrp ... flags is the 9th field, exit_code the 52nd.
bool read_stat(int proc, const char* pid, Stat& stat) {
  const Fd file(openat(proc, (std::string(pid) + "/stat").c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return false;
  std::array<char, 1024> text{};
  if (read(file.get(), text.data(), text.size() - 1) <= 0) return false;
  // The name may hold anything, a parenthesis too.
  char* at = std::strrchr(text.data(), ')');
  if (at == nullptr) return false;
  std::array<const char*, 53> fields{};
  char* rest = nullptr;
  std::size_t count = 3;
  for (char* f = strtok_r(at + 1, " \n", &rest); f != nullptr && count < fields.size();
       f = strtok_r(nullptr, " \n", &rest)) {
    fields[count++] = f;
  }
  if (count < fields.size()) return false;
  stat.group = std::atoi(fields[5]);
  const bool ending = *fields[3] == 'Z' || *fields[3] == 'X' ||
                      (std::strtoul(fields[9], nullptr, 10) & kExiting) != 0;
  stat.ended_by_itself = ending && (std::atoi(fields[52]) & 0x7f) != SIGKILL;
  return true;
}

}  // namespace

bool group_outlived_leader(pid_t group) {
  if (kill(-group, 0) != 0) return errno == EPERM;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  if (!proc) return true;
  while (const dirent* entry = readdir(proc.get())) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    Stat stat;
    if (!read_stat(dirfd(proc.get()), entry->d_name, stat)) continue;
    if (stat.group == group && !stat.ended_by_itself) return true;
  }
  return false;
}

}  // namespace ggen::process
