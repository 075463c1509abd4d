/* Reads a file line by line, without comments and empty lines. Knows nothing of what the lines mean. */
/* SPDX-License-Identifier: MIT */
#ifndef LINES_H
#define LINES_H

#include <stdio.h>

#include "problem.h"

struct lines {
  FILE *file;
  const char *path;
  char text[256]; /* the line just read, without its newline */
  int number;
};

bool lines_open(struct lines *lines, const char *path, struct problem *why);

enum line { kLineRead, kLineEnd, kLineBad };
enum line lines_next(struct lines *lines, struct problem *why);

/* "path:number: what", false as problem_set. */
bool lines_refuse(const struct lines *lines, struct problem *why, const char *what);
void lines_close(struct lines *lines);

#endif
