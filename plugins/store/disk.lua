-- The cache of this machine. The engine itself works on it: here is what a pipeline may choose.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "disk",
  kind = "store",
  version = "1.0.0",
  api = 1,
  desc = "Results in a directory of this machine, shared by all checkouts",
  permissions = { "fs:$directory" },
  params = {
    directory = { type = "string", desc = "Absolute path (default: $GGEN_CACHE_DIR, else"
      .. " $XDG_CACHE_HOME/ggen-lua, else ~/.cache/ggen-lua)" },
    max_size = { type = "size", default = "5GiB", desc = "What it may hold" },
    ttl = { type = "duration", desc = "Results older than this are not served" },
    mode = { type = "enum", values = { "readwrite", "read", "write" }, default = "readwrite",
      desc = "What it is used for" },
  },
  setup = function(params)
    return { machine = true, directory = params.directory, limit = params.max_size,
      mode = params.mode, ttl = params.ttl }
  end,
}
