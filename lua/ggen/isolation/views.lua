-- What an installed plugin sees of the host's objects: the public fields and methods of each class,
-- as lua/ggen/types has them. A class is known by the __name in its metatable; of others nothing is
-- seen.
-- SPDX-License-Identifier: MIT
local function set(text)
  local names = {}
  for name in text:gmatch("%S+") do names[name] = true end
  return names
end

local OPTIONS = set("jobs io_jobs keep_going dry_run timeout output single verbose yes track")

---@type table<string, ggen.IsolationView>
return {
  ["ggen.Task"] = {
    data = set("index id name workspace dir spec matrix"),
    shapes = { declaration = set("file line") },
  },
  ["ggen.Project"] = {
    data = set("dir"),
    methods = set("task count find id names"),
  },
  ["ggen.Run"] = {
    data = set("totals"), objects = set("project events"),
    shapes = { options = OPTIONS },
    methods = set("record keep_record critical_path time_left"),
  },
  ["ggen.Host"] = {
    data = set("project_dir"), objects = set("screen style project now unix output_sink note"),
    shapes = { options = OPTIONS },
  },
  ["ggen.Events"] = { methods = set("note") },
  ["ggen.View"] = {
    data = set("jobs running"), objects = set("now machine"),
    methods = set("durations remaining expected memory workspace longest_refused"),
  },
  ["ggen.Machine"] = {
    data = set("cpus memory"), objects = set("free_memory memory_pressure"),
  },
  ["ggen.Context"] = {
    data = set("steps env cwd"), objects = set("task describe"),
    methods = set("step"), needs = { step = "process" },
  },
  ["ggen.History"] = { data = set("damaged"), methods = set("lines record records") },
  ["ggen.Targets"] = { methods = set("judge") },
  ["ggen.Delivery"] = { methods = set("resume post finish close") },
  ["ggen.Blocks"] = { methods = set("follow finish") },
  ["ggen.KeyBuilder"] = { methods = set("add env file") },
  ["ggen.async.Thread"] = { data = set("status"), methods = set("cancel") },
  ["ggen.async.Semaphore"] = { methods = set("acquire release with") },
  ["ggen.async.Future"] = { methods = set("resolve wait") },
  ["ggen.Style"] = { data = set("ok fail skip run"),
    methods = set("red green yellow blue magenta cyan dim bold") },
  ["ggen.Hook"] = { data = set("name index after outputs exclusive") },
  ["ggen.Parser"] = { methods = set("argument option flag mutex group description epilog") },
  ["ggen.ParserArgument"] = {
    methods = set("description default args argname choices convert target hidden show_default"),
  },
  ["ggen.ParserOption"] = {
    methods = set("description default args argname choices convert target hidden show_default"
      .. " count init overwrite"),
  },
}
