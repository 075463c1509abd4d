/* SPDX-License-Identifier: MIT */
#include "catalog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

static int by_sku(const void *a, const void *b) {
  return strcmp(((const struct product *)a)->sku, ((const struct product *)b)->sku);
}

static bool append(struct catalog *catalog, const struct product *product, struct problem *why) {
  struct product *items = realloc(catalog->items, (catalog->size + 1) * sizeof *items);
  if (items == NULL) return problem_set(why, "out of memory");
  items[catalog->size++] = *product;
  catalog->items = items;
  return true;
}

static bool read_all(struct catalog *catalog, struct lines *lines, struct problem *why) {
  enum line line;
  while ((line = lines_next(lines, why)) == kLineRead) {
    struct product product;
    const char *wrong = product_read(lines->text, &product);
    if (wrong != NULL) return lines_refuse(lines, why, wrong);
    if (!append(catalog, &product, why)) return false;
  }
  return line == kLineEnd;
}

static bool sort(struct catalog *catalog, const char *path, struct problem *why) {
  if (catalog->size > 1) qsort(catalog->items, catalog->size, sizeof *catalog->items, by_sku);
  for (size_t i = 1; i < catalog->size; i++) {
    if (strcmp(catalog->items[i - 1].sku, catalog->items[i].sku) == 0)
      return problem_set(why, "%s: %s is listed twice", path, catalog->items[i].sku);
  }
  return true;
}

bool catalog_load(struct catalog *catalog, const char *path, struct problem *why) {
  *catalog = (struct catalog){0};
  struct lines lines;
  if (!lines_open(&lines, path, why)) return false;
  bool read = read_all(catalog, &lines, why);
  lines_close(&lines);
  if (read && sort(catalog, path, why)) return true;
  catalog_free(catalog);
  return false;
}

void catalog_free(struct catalog *catalog) {
  free(catalog->items);
  *catalog = (struct catalog){0};
}

static bool write_all(const struct catalog *catalog, FILE *to) {
  if (fputs(product_header, to) < 0) return false;
  for (size_t i = 0; i < catalog->size; i++) {
    if (!product_write(to, &catalog->items[i])) return false;
  }
  return fflush(to) == 0;
}

bool catalog_save(const struct catalog *catalog, const char *path, struct problem *why) {
  char fresh[4096];
  if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
    return problem_set(why, "path too long: %.80s...", path);
  FILE *to = fopen(fresh, "w");
  if (to == NULL) return problem_set(why, "cannot write %.80s: %s", fresh, strerror(errno));
  bool written = write_all(catalog, to);
  if (fclose(to) != 0) written = false;
  if (written && rename(fresh, path) == 0) return true;
  problem_set(why, "cannot write %s: %s", path, strerror(errno));
  remove(fresh);
  return false;
}

struct product *catalog_find(const struct catalog *catalog, const char *sku, struct problem *why) {
  for (size_t low = 0, high = catalog->size; low < high;) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(sku, catalog->items[middle].sku);
    if (order == 0) return &catalog->items[middle];
    if (order < 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  problem_set(why, "no product %s", sku);
  return NULL;
}

bool product_change_stock(struct product *product, int64_t change, struct problem *why) {
  int64_t stock;
  if (__builtin_add_overflow(product->stock, change, &stock))
    return problem_set(why, "too many %s", product->sku);
  if (stock < 0)
    return problem_set(why, "only %" PRId64 " of %s left", product->stock, product->sku);
  product->stock = stock;
  return true;
}
