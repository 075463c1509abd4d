/* The least that a test program needs: it counts the checks that fail and names their lines. */
/* SPDX-License-Identifier: MIT */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>

static int check_count;
static int check_failures;

#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)
#define CHECK_TEXT(actual, expected) check_text((actual), (expected), __FILE__, __LINE__)

static inline void check_that(int holds, const char *condition, const char *file, int line) {
  check_count++;
  if (holds) return;
  check_failures++;
  fprintf(stderr, "%s:%d: not true: %s\n", file, line, condition);
}

static inline void check_text(const char *actual, const char *expected, const char *file,
                              int line) {
  check_count++;
  if (strcmp(actual, expected) == 0) return;
  check_failures++;
  fprintf(stderr, "%s:%d: expected \"%s\", got \"%s\"\n", file, line, expected, actual);
}

static inline int check_result(const char *name) {
  printf("%s: %d checks, %d failed\n", name, check_count, check_failures);
  return check_failures > 0;
}

/* A file of the test's own, written anew. */
static inline const char *check_file(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  check_that(file != NULL && fputs(text, file) >= 0, "the test can write its file", path, 0);
  if (file != NULL) fclose(file);
  return path;
}

#endif
