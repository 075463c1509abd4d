/* The rate at which this machine starts processes: a plain C program that does nothing but
 * posix_spawn and wait, WIDTH in flight. What ggen-lua is compared with; knows nothing of it.
 * Usage: spawn_loop N WIDTH command [args...]
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char** environ;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: spawn_loop N WIDTH command [args...]\n");
    return 2;
  }
  const long total = atol(argv[1]);
  const long width = atol(argv[2]);
  long started = 0;
  long running = 0;
  long failed = 0;
  const double start = now();
  while (started < total || running > 0) {
    while (running < width && started < total) {
      pid_t pid;
      const int error = posix_spawnp(&pid, argv[3], NULL, NULL, argv + 3, environ);
      if (error != 0) {
        fprintf(stderr, "spawn_loop: %s: %s\n", argv[3], strerror(error));
        return 1;
      }
      ++started;
      ++running;
    }
    int status;
    if (waitpid(-1, &status, 0) < 0) {
      if (errno == EINTR) continue;
      perror("spawn_loop: waitpid");
      return 1;
    }
    --running;
    if (status != 0) ++failed;
  }
  const double seconds = now() - start;
  printf("%ld children, %ld in flight, %ld failed: %.3f s, %.0f a second\n", total, width, failed,
         seconds, (double)total / seconds);
  return failed == 0 ? 0 : 1;
}
