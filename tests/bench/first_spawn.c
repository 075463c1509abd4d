/* How long after a program's start its first child runs: takes the time, starts the command, waits, and reads the
 * time that the child (stamp.c) has written to FILE. Prints median and smallest in milliseconds.
 * Usage: first_spawn ROUNDS FILE command [args...]
 * SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kRounds = 500 };

extern char** environ;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int by_value(const void* a, const void* b) {
  const long long x = *(const long long*)a;
  const long long y = *(const long long*)b;
  return (x > y) - (x < y);
}

/* Nanoseconds, or -1. */
static long long measure(const char* stamp, char** argv) {
  unlink(stamp);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  pid_t pid;
  int status;
  const long long start = now();
  const int error = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
    fprintf(stderr, "first_spawn: %s failed\n", argv[0]);
    return -1;
  }
  FILE* file = fopen(stamp, "r");
  long long child = 0;
  const int read = file != NULL && fscanf(file, "%lld", &child) == 1;
  if (file != NULL) fclose(file);
  if (!read) fprintf(stderr, "first_spawn: nothing in %s\n", stamp);
  return read ? child - start : -1;
}

int main(int argc, char** argv) {
  static long long taken[kRounds];
  const int rounds = argc > 3 ? atoi(argv[1]) : 0;
  if (rounds < 1 || rounds > kRounds) {
    fprintf(stderr, "usage: first_spawn ROUNDS FILE command [args...]\n");
    return 2;
  }
  /* Round 0 warms up the caches and is not counted. */
  for (int round = 0; round <= rounds; round++) {
    const int place = round == 0 ? 0 : round - 1;
    taken[place] = measure(argv[2], argv + 3);
    if (taken[place] < 0) return 1;
  }
  qsort(taken, (size_t)rounds, sizeof *taken, by_value);
  printf("%.3f\t%.3f\n", (double)taken[rounds / 2] / 1e6, (double)taken[0] / 1e6);
  return 0;
}
