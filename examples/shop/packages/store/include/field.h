/* One line of tab-separated fields, read or written one field at a time; used by the generated records. */
/* SPDX-License-Identifier: MIT */
#ifndef FIELD_H
#define FIELD_H

#include <stdio.h>

#include "money.h"

struct fields {
  const char *next; /* NULL once the last field has been read */
};

struct fields fields_of(const char *line);
bool fields_end(const struct fields *from);

/* False if the field is missing, empty, too long or not of its kind. */
bool field_text(struct fields *from, char *text, size_t size);
bool field_count(struct fields *from, int64_t *count);
bool field_money(struct fields *from, money *amount);

/* `end` is the tab or newline that follows the field. */
bool field_put_text(FILE *to, const char *text, char end);
bool field_put_count(FILE *to, int64_t count, char end);
bool field_put_money(FILE *to, money amount, char end);

/* A whole number of at most 15 digits, not negative. */
bool count_parse(const char *text, int64_t *count);

#endif
