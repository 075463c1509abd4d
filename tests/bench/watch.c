/* Runs a command and looks every few milliseconds at the processes that come from it: how many with a
 * certain name there are at once, and what memory all with that name have together. Prints one line:
 * seconds, most processes at once, most resident memory at once in KiB. Knows nothing of ggen-lua.
 * Usage: watch NAME command [args...]         NAME: as in /proc/PID/stat, such as cc1
 * Standard output of the command goes to /dev/null; a command that fails ends this with 1.
 * SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kProcesses = 65536, kEveryMs = 3 };

extern char** environ;

struct process {
  int pid;
  int parent;
  int named;
  long pages;
};

static struct process processes[kProcesses];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_pid(const void* a, const void* b) {
  return ((const struct process*)a)->pid - ((const struct process*)b)->pid;
}

/* /proc/PID/stat: "pid (name) state ppid ..."; the resident pages are the 24th field. */
static int read_process(const char* pid, const char* name, struct process* process) {
  char path[300];
  char text[1024];
  snprintf(path, sizeof path, "/proc/%s/stat", pid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return 0;
  text[size] = '\0';
  char* open_at = strchr(text, '(');
  char* close_at = strrchr(text, ')');
  if (open_at == NULL || close_at == NULL) return 0;
  *close_at = '\0';
  char state;
  if (sscanf(close_at + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d"
             " %*u %*u %ld", &state, &process->parent, &process->pages) != 3) {
    return 0;
  }
  process->pid = atoi(pid);
  process->named = state != 'Z' && state != 'X' && strcmp(open_at + 1, name) == 0;
  return 1;
}

static int is_below(int pid, int top, int count) {
  while (pid > 1) {
    if (pid == top) return 1;
    const struct process key = {.pid = pid};
    const struct process* found = bsearch(&key, processes, (size_t)count, sizeof key, by_pid);
    if (found == NULL || found->parent == pid) return 0;
    pid = found->parent;
  }
  return 0;
}

static void look(const char* name, int top, int* most, long* most_pages) {
  DIR* proc = opendir("/proc");
  if (proc == NULL) return;
  int count = 0;
  for (struct dirent* entry; count < kProcesses && (entry = readdir(proc)) != NULL;) {
    if (isdigit((unsigned char)entry->d_name[0]) && read_process(entry->d_name, name, &processes[count])) {
      count++;
    }
  }
  closedir(proc);
  qsort(processes, (size_t)count, sizeof *processes, by_pid);
  int found = 0;
  long pages = 0;
  for (int i = 0; i < count; i++) {
    if (!processes[i].named || !is_below(processes[i].pid, top, count)) continue;
    found++;
    pages += processes[i].pages;
  }
  if (found > *most) *most = found;
  if (pages > *most_pages) *most_pages = pages;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: watch NAME command [args...]\n");
    return 2;
  }
  /* What loses its parent stays ours. */
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  const double start = now();
  pid_t pid;
  const int error = posix_spawnp(&pid, argv[2], &files, NULL, argv + 2, environ);
  if (error != 0) {
    fprintf(stderr, "watch: %s: %s\n", argv[2], strerror(error));
    return 1;
  }
  int most = 0;
  int status = 0;
  long pages = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    look(argv[1], getpid(), &most, &pages);
    nanosleep(&(struct timespec){.tv_nsec = kEveryMs * 1000000L}, NULL);
  }
  printf("%.6f\t%d\t%ld\n", now() - start, most, pages * (sysconf(_SC_PAGESIZE) / 1024));
  if (status != 0) fprintf(stderr, "watch: %s ended with status %#x\n", argv[2], status);
  return status != 0;
}
