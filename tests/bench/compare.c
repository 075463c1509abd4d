/* Runs commands in turn (A B C A B C ...), so that the noise of the machine meets all of them alike, and
 * prints one line for each: median seconds, smallest seconds, largest peak memory in KiB, the median over
 * the rounds of (seconds of the first command / seconds of this one), and the median seconds that the
 * processors worked for it. Knows nothing of ggen-lua.
 * Usage: compare ROUNDS [-o FILE] [-b SCRIPT] command [args...] [::: command [args...]]...
 * Standard output of the commands goes to /dev/null or FILE, their errors to ours; a command that fails
 * ends everything. SCRIPT is run by `sh -c` before each command, with the command's number as $1; its
 * time is not counted.
 * SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { kCommands = 8, kRounds = 500 };

extern char** environ;

struct command {
  char** argv;
  double seconds[kRounds];
  double busy[kRounds];
  double ratio[kRounds];
  long peak;
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double of(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }

static int run(struct command* command, int round, const char* output) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0644);

  const double start = now();
  pid_t pid;
  const int error = posix_spawnp(&pid, command->argv[0], &files, NULL, command->argv, environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) {
    fprintf(stderr, "compare: %s: %s\n", command->argv[0], strerror(error));
    return 0;
  }
  int status;
  struct rusage usage;
  if (wait4(pid, &status, 0, &usage) < 0) return 0;
  command->seconds[round] = now() - start;
  command->busy[round] = of(usage.ru_utime) + of(usage.ru_stime);
  if (usage.ru_maxrss > command->peak) command->peak = usage.ru_maxrss;
  if (status != 0) fprintf(stderr, "compare: %s ended with status %#x\n", command->argv[0], status);
  return status == 0;
}

static int prepare(char* script, int number) {
  char digits[12];
  snprintf(digits, sizeof digits, "%d", number);
  struct command command = {.argv = (char*[]){"sh", "-c", script, "sh", digits, NULL}};
  return run(&command, 0, "/dev/null");
}

static int by_value(const void* a, const void* b) {
  const double x = *(const double*)a;
  const double y = *(const double*)b;
  return (x > y) - (x < y);
}

/* Sorts the values. */
static double median(double* values, int count) {
  qsort(values, (size_t)count, sizeof *values, by_value);
  return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static int usage(void) {
  fprintf(stderr,
          "usage: compare ROUNDS [-o FILE] [-b SCRIPT] command [args...] [::: command [args...]]...\n");
  return 2;
}

int main(int argc, char** argv) {
  static struct command commands[kCommands];
  int count = 0;
  const int rounds = argc > 2 ? atoi(argv[1]) : 0;
  if (rounds < 1 || rounds > kRounds) return usage();
  int at = 2;
  const char* output = "/dev/null";
  char* script = NULL;
  for (; argc > at + 2 && argv[at][0] == '-'; at += 2) {
    if (strcmp(argv[at], "-o") == 0) {
      output = argv[at + 1];
    } else if (strcmp(argv[at], "-b") == 0) {
      script = argv[at + 1];
    } else {
      return usage();
    }
  }
  commands[count++].argv = argv + at;
  for (; at < argc; at++) {
    if (strcmp(argv[at], ":::") != 0) continue;
    if (count == kCommands) return usage();
    argv[at] = NULL;
    commands[count++].argv = argv + at + 1;
  }

  /* Round 0 warms up the caches and is not counted. */
  for (int round = 0; round <= rounds; round++) {
    const int place = round == 0 ? 0 : round - 1;
    for (int i = 0; i < count; i++) {
      if (commands[i].argv[0] == NULL) return usage();
      if (script != NULL && !prepare(script, i + 1)) return 1;
      if (!run(&commands[i], place, output)) return 1;
      if (round == 0) commands[i].peak = 0;
      commands[i].ratio[place] = commands[0].seconds[place] / commands[i].seconds[place];
    }
  }
  for (int i = 0; i < count; i++) {
    const double middle = median(commands[i].seconds, rounds);
    printf("%.6f\t%.6f\t%ld\t%.4f\t%.6f\n", middle, commands[i].seconds[0], commands[i].peak,
           median(commands[i].ratio, rounds), median(commands[i].busy, rounds));
  }
  return 0;
}
