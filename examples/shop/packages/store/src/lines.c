/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include <errno.h>
#include <string.h>

bool lines_open(struct lines *lines, const char *path, struct problem *why) {
  *lines = (struct lines){.file = fopen(path, "r"), .path = path};
  if (lines->file != NULL) return true;
  return problem_set(why, "cannot read %s: %s", path, strerror(errno));
}

enum line lines_next(struct lines *lines, struct problem *why) {
  while (fgets(lines->text, sizeof lines->text, lines->file) != NULL) {
    lines->number++;
    size_t length = strcspn(lines->text, "\n");
    if (lines->text[length] == '\0' && !feof(lines->file)) {
      lines_refuse(lines, why, "line too long");
      return kLineBad;
    }
    lines->text[length] = '\0';
    if (length > 0 && lines->text[0] != '#') return kLineRead;
  }
  if (!ferror(lines->file)) return kLineEnd;
  problem_set(why, "cannot read %s: %s", lines->path, strerror(errno));
  return kLineBad;
}

bool lines_refuse(const struct lines *lines, struct problem *why, const char *what) {
  return problem_set(why, "%s:%d: %s", lines->path, lines->number, what);
}

void lines_close(struct lines *lines) {
  fclose(lines->file);
  lines->file = NULL;
}
