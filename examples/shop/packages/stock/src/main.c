/* stock: looks at the catalog and changes how much is in stock. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "commands.h"

static int usage(void) {
  for (int i = 0; i < command_count; i++) {
    const struct command *command = &commands[i];
    fprintf(stderr, "%s stock CATALOG %s%s%s\n", i == 0 ? "usage:" : "      ", command->name,
            command->arguments[0] == '\0' ? "" : " ", command->arguments);
  }
  return 2;
}

int main(int count, char **arguments) {
  if (count < 3) return usage();
  for (int i = 0; i < command_count; i++) {
    const struct command *command = &commands[i];
    if (strcmp(command->name, arguments[2]) != 0) continue;
    if (count - 3 < command->least || count - 3 > command->most) return usage();
    struct problem why;
    if (command->run(arguments[1], arguments + 3, &why)) return 0;
    fprintf(stderr, "stock: %s\n", why.text);
    return 1;
  }
  return usage();
}
