-- What an installed plugin sees of the host's objects: the public fields and methods of each class,
-- as lua/ggen/types has them. A class is known by the __name in its metatable; of others nothing is
-- seen. `needs`: what a method asks for before it does something.
-- SPDX-License-Identifier: MIT
local function set(text) return text end -- becomes one when somebody asks for its class

local OPTIONS = set("jobs io_jobs keep_going dry_run timeout output single verbose yes track")

-- The paths of a load are those of its directory, and stay as they are written: what was asked is
-- an input of the configuration.
local function reads_of_load(permissions, loading, path)
  if type(path) ~= "string" then return end
  permissions:path(path:sub(1, 1) == "/" and path or loading.dir .. "/" .. path, false)
end

-- The record of a run may be said by the path of any file.
local function reads_record(permissions, _, ref, below)
  if type(ref) ~= "string" or not (ref:find("/", 1, true) or ref:find("%.json$")) then return end
  if ref:sub(1, 1) ~= "/" then
    ref = ("%s/%s"):format(type(below) == "string" and below or require("ggen.core.fs").cwd(), ref)
  end
  permissions:path(ref, false)
end

-- Names of plugins, and code that is to run in the pipeline, stay out of what a frontend declares:
-- they would run with the rights of the pipeline.
local function declares_data(_, _, ...)
  local function look(value, depth)
    if type(value) == "function" then
      error("a frontend that is installed declares commands, and no functions", 0)
    end
    if type(value) ~= "table" or depth > 32 then return end
    for _, element in next, value do look(element, depth + 1) end
  end
  for i = 1, select("#", ...) do look((select(i, ...)), 1) end
end

local classes = {
  ["ggen.Task"] = {
    data = set("index id name workspace dir spec matrix"),
    shapes = { declaration = set("file line") },
  },
  ["ggen.Project"] = {
    data = set("dir"),
    methods = set("task count find id names name plugins phase_tasks"),
  },
  ["ggen.Run"] = {
    data = set("totals"), objects = set("project events"),
    parts = { options = OPTIONS },
    methods = set("record keep_record critical_path time_left"),
  },
  ["ggen.Host"] = {
    data = set("project_dir file environment place"), -- those after the first: of a frontend
    objects = set("screen style project now unix output_sink note"),
    parts = { options = OPTIONS },
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
    methods = set("step command log note leases output_directories clean_room"),
    needs = { step = "process" },
  },
  ["ggen.CleanRoom"] = {
    data = set("dir outside files"), methods = set("collect missed close"),
  },
  ["ggen.Loading"] = {
    data = set("dir"), methods = set("files read exists decode directories_with"),
    needs = {
      files = reads_of_load, read = reads_of_load, exists = reads_of_load, decode = reads_of_load,
      directories_with = function(permissions, loading, _, file)
        if type(file) == "string" and file:find("/", 1, true) then
          error("directories_with: the name of a file expected, without a directory", 0)
        end
        permissions:path(loading.dir, false)
      end,
    },
  },
  ["ggen.Pipeline"] = {
    data = set("name dir kind"), methods = set("task phase pool default before after"),
    needs = { task = declares_data, phase = declares_data, before = declares_data,
      after = declares_data },
  },
  ["ggen.History"] = {
    data = set("damaged"), methods = set("lines record records"),
    needs = { record = reads_record },
  },
  ["ggen.Targets"] = { methods = set("judge") },
  ["ggen.Condition"] = { data = set("text metrics"), methods = set("holds") },
  ["ggen.Delivery"] = { methods = set("resume post finish close") },
  ["ggen.Blocks"] = { methods = set("follow finish") },
  ["ggen.KeyBuilder"] = { methods = set("add env file") },
  ["ggen.async.Thread"] = { data = set("status"), methods = set("cancel") },
  ["ggen.async.Semaphore"] = { methods = set("acquire release with") },
  ["ggen.async.Future"] = { methods = set("resolve wait") },
  ["ggen.Style"] = { data = set("ok fail skip run"),
    methods = set("red green yellow blue magenta cyan dim bold") },
  ["ggen.HealthReport"] = { methods = set("ok note problem") },
  ["ggen.Hook"] = { data = set("name index after outputs exclusive") },
  ["ggen.Parser"] = { methods = set("argument option flag mutex group description epilog") },
  ["ggen.ParserArgument"] = {
    methods = set("description default args argname choices convert target hidden show_default"),
  },
  ["ggen.ParserOption"] = {
    methods = set("description default args argname choices convert target hidden show_default"
      .. " count init overwrite"),
  },
  ["ggen.Stream"] = { methods = set("read write close_write close") },
  ["ggen.LocalService"] = {
    data = set("host port dir pid"), methods = set("alive ending stop"),
  },
  -- Containers: who has an engine may start what he likes in it.
  ["ggen.docker.Engine"] = {
    data = set("name version api_version requests connections"),
    methods = set("ping info close create start stop restart pause unpause kill rename remove wait"
      .. " inspect top list put_archive exec attach volume_create volume_remove volumes logs image"
      .. " pull"),
  },
  ["ggen.docker.Shell"] = { data = set("closed tainted"), methods = set("run kill close") },
  ["ggen.docker.Owner"] = {
    methods = set("labels created create gone let_go adopt sweep close"),
  },
  ["ggen.docker.Warm"] = { methods = set("engine borrow give_back close") },
  ["ggen.docker.Seat"] = { data = set("id image"), objects = set("shell engine") },
  ["ggen.Pool"] = { methods = set("warm acquire release drain hurry") },
}

local function made(list)
  if type(list) == "table" then
    local copy = {}
    for key, inner in pairs(list) do copy[key] = made(inner) end
    return copy
  end
  local names = {}
  for name in list:gmatch("%S+") do names[name] = true end
  return names
end

-- A start has little to do with most of them.
---@type table<string, ggen.IsolationView>
return setmetatable({}, { classes = classes, __index = function(views, class)
  local texts = classes[class]
  if not texts then return nil end
  local view = {}
  for part, list in pairs(texts) do view[part] = part == "needs" and list or made(list) end
  views[class] = view
  return view
end })
