/* SPDX-License-Identifier: MIT */
#include "field.h"

#include <inttypes.h>
#include <string.h>

struct fields fields_of(const char *line) {
  return (struct fields){line};
}

bool fields_end(const struct fields *from) {
  return from->next == NULL;
}

bool field_text(struct fields *from, char *text, size_t size) {
  if (from->next == NULL) return false;
  size_t length = strcspn(from->next, "\t\n");
  if (length == 0 || length >= size) return false;
  memcpy(text, from->next, length);
  text[length] = '\0';
  from->next = from->next[length] == '\t' ? from->next + length + 1 : NULL;
  return true;
}

bool count_parse(const char *text, int64_t *count) {
  size_t digits = strspn(text, "0123456789");
  if (digits == 0 || digits > 15 || text[digits] != '\0') return false;
  *count = 0;
  for (; *text != '\0'; text++) *count = *count * 10 + (*text - '0');
  return true;
}

bool field_count(struct fields *from, int64_t *count) {
  char text[kMoneyText];
  return field_text(from, text, sizeof text) && count_parse(text, count);
}

bool field_money(struct fields *from, money *amount) {
  char text[kMoneyText];
  return field_text(from, text, sizeof text) && money_parse(text, amount);
}

bool field_put_text(FILE *to, const char *text, char end) {
  return fprintf(to, "%s%c", text, end) >= 0;
}

bool field_put_count(FILE *to, int64_t count, char end) {
  return fprintf(to, "%" PRId64 "%c", count, end) >= 0;
}

bool field_put_money(FILE *to, money amount, char end) {
  char text[kMoneyText];
  return field_put_text(to, money_format(amount, text), end);
}
