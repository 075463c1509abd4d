/* What went wrong, in words for a person. Knows nothing of what asks. */
/* SPDX-License-Identifier: MIT */
#ifndef PROBLEM_H
#define PROBLEM_H

#include <stdbool.h>

struct problem {
  char text[200];
};

/* Always false, so that a function can end with: return problem_set(why, ...) */
bool problem_set(struct problem *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
