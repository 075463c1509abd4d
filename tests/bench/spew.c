/* Prints many lines of text as fast as it can: what a task with a lot of output does.
 * Usage: spew BYTES
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { kLine = 64, kBlock = 64 * 1024 };

int main(int argc, char** argv) {
  static char block[kBlock];
  memset(block, 'x', sizeof block);
  for (int i = kLine - 1; i < kBlock; i += kLine) block[i] = '\n';

  long long left = argc == 2 ? atoll(argv[1]) : 0;
  while (left > 0) {
    const ssize_t written = write(1, block, left < kBlock ? (size_t)left : kBlock);
    if (written < 0) return 1;
    left -= written;
  }
  return 0;
}
