/* Takes what it is told to: memory, then the time of a processor, then time alone. The work of tasks
 * whose durations and sizes are to be known. Knows nothing of ggen-lua.
 * Usage: work MEGABYTES BUSY-SECONDS IDLE-SECONDS
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double busy(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const size_t bytes = (size_t)atol(argv[1]) * 1000000;
  char* memory = bytes > 0 ? malloc(bytes) : NULL;
  if (bytes > 0) {
    if (memory == NULL) return 1;
    memset(memory, 1, bytes);
  }
  const double end = busy() + atof(argv[2]);
  while (busy() < end) {
  }
  const double idle = atof(argv[3]);
  nanosleep(&(struct timespec){(time_t)idle, (long)((idle - (double)(time_t)idle) * 1e9)}, NULL);
  /* Read again, so that nobody leaves it out. */
  const int wrong = memory != NULL && memory[bytes / 2] != 1;
  free(memory);
  return wrong;
}
