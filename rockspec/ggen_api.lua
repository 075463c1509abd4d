-- The levels of the plugin contract that the types of this rock describe.
-- SPDX-License-Identifier: MIT
return {
  level = 1,
  kinds = { cache = 1, command = 1, containers = 1, executor = 1, fingerprint = 1, frontend = 1,
    hooks = 1, observer = 1, scheduler = 1, store = 1, watch = 1, workspaces = 1 },
}
