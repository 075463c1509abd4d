/* What the stock program can do; each returns false with the reason. */
/* SPDX-License-Identifier: MIT */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "problem.h"

struct command {
  const char *name;
  const char *arguments; /* as shown in the help */
  int least, most;       /* how many arguments it takes, the catalog's path not counted */
  bool (*run)(const char *path, char **arguments, struct problem *why);
};

extern const struct command commands[];
extern const int command_count;

#endif
