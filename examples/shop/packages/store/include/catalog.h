/* The products of the shop, sorted by sku, kept in one file of product records. */
/* SPDX-License-Identifier: MIT */
#ifndef CATALOG_H
#define CATALOG_H

#include "problem.h"
#include "records.h"

struct catalog {
  struct product *items;
  size_t size;
};

/* A catalog that was loaded is freed by catalog_free; one that was refused needs nothing. */
bool catalog_load(struct catalog *catalog, const char *path, struct problem *why);
void catalog_free(struct catalog *catalog);

/* Written whole to a new file which then takes the place of the old one. */
bool catalog_save(const struct catalog *catalog, const char *path, struct problem *why);

struct product *catalog_find(const struct catalog *catalog, const char *sku, struct problem *why);

/* Adds to the stock, or takes from it when `change` is negative; it never falls below zero. */
bool product_change_stock(struct product *product, int64_t change, struct problem *why);

#endif
