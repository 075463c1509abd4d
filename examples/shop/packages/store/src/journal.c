/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"

typedef bool sale_visitor(void *state, const struct sale *sale);

static bool each_sale(const char *path, sale_visitor *visit, void *state, struct problem *why) {
  struct lines lines;
  if (!lines_open(&lines, path, why)) return false;
  enum line line;
  while ((line = lines_next(&lines, why)) == kLineRead) {
    struct sale sale;
    const char *wrong = sale_read(lines.text, &sale);
    if (wrong == NULL && !visit(state, &sale)) wrong = "the sum is too large";
    if (wrong != NULL) {
      lines_refuse(&lines, why, wrong);
      line = kLineBad;
      break;
    }
  }
  lines_close(&lines);
  return line == kLineEnd;
}

static bool note_receipt(void *state, const struct sale *sale) {
  int64_t *next = state;
  if (sale->receipt >= *next) *next = sale->receipt + 1;
  return true;
}

bool journal_next(const char *path, int64_t *receipt, struct problem *why) {
  *receipt = 1;
  if (access(path, F_OK) != 0 && errno == ENOENT) return true;
  return each_sale(path, note_receipt, receipt, why);
}

static bool write_all(FILE *to, int64_t receipt, const struct cart *cart) {
  if (ftell(to) == 0 && fputs(sale_header, to) < 0) return false;
  for (size_t i = 0; i < cart->size; i++) {
    const struct cart_line *line = &cart->lines[i];
    struct sale sale = {.receipt = receipt, .quantity = line->quantity, .total = line->total};
    memcpy(sale.sku, line->product->sku, sizeof sale.sku);
    if (!sale_write(to, &sale)) return false;
  }
  return fflush(to) == 0;
}

bool journal_append(const char *path, int64_t receipt, const struct cart *cart,
                    struct problem *why) {
  FILE *to = fopen(path, "a");
  bool written = to != NULL && fseek(to, 0, SEEK_END) == 0 && write_all(to, receipt, cart);
  if (to != NULL && fclose(to) != 0) written = false;
  if (written) return true;
  return problem_set(why, "cannot write %s: %s", path, strerror(errno));
}

struct search {
  const char *sku;
  struct journal_sum *sum;
};

static bool add_sale(void *state, const struct sale *sale) {
  struct search *search = state;
  if (strcmp(sale->sku, search->sku) != 0) return true;
  return !__builtin_add_overflow(search->sum->quantity, sale->quantity, &search->sum->quantity) &&
         !__builtin_add_overflow(search->sum->total, sale->total, &search->sum->total);
}

bool journal_sum(const char *path, const char *sku, struct journal_sum *sum, struct problem *why) {
  *sum = (struct journal_sum){0};
  struct search search = {sku, sum};
  return each_sale(path, add_sale, &search, why);
}
