/* Writes the time at which it started, CLOCK_MONOTONIC in nanoseconds, to a file. The task of first_spawn.
 * Usage: stamp FILE
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <time.h>

int main(int argc, char** argv) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  FILE* file = argc == 2 ? fopen(argv[1], "w") : NULL;
  if (file == NULL) return 1;
  fprintf(file, "%lld\n", (long long)t.tv_sec * 1000000000 + t.tv_nsec);
  return fclose(file) == 0 ? 0 : 1;
}
