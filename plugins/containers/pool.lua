-- Containers that tasks lease: made before they are wanted, as new for each task, gone at the end.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")
local container_pool = require("ggen.std.container_pool")

-- What the table of a pipeline stands for; a container that does not fit has failed the check of
-- the params before.
local function specs_of(params)
  local specs = {}
  for name, given in pairs(params.containers) do
    specs[name] = assert(container_pool.check(given))
  end
  return specs
end

-- What does not fit together only when all is seen.
local function problem(params, specs)
  if not params.memory then return nil end
  for name, spec in pairs(specs) do
    if not spec.memory then
      return ("container %q does not say how much memory it may use, and the pool has a budget"
        .. ' (memory = "512MiB")'):format(name)
    end
    if spec.memory > params.memory then
      return ("container %q may use %s, and all of the pool together %s"):format(name,
        ggen.units.format_size(spec.memory), ggen.units.format_size(params.memory))
    end
  end
end

---@type ggen.Plugin
return {
  name = "pool",
  kind = "containers",
  version = "1.0.0",
  api = 1,
  desc = "Containers that tasks lease, kept warm",
  rest = "containers",
  permissions = { "process" },
  params = {
    containers = { type = "map", of = { type = "record", fields = container_pool.fields,
      check = container_pool.problem }, default = {},
      desc = "The containers by name, written as the table itself: db = { image = ... }" },
    memory = { type = "size", desc = "What all containers together may use; each says its own" },
    keep = { type = "duration", desc = "How long they stay, paused, for the next run of the project"
      .. " (default: they go with the run)" },
    timeout = { type = "duration", default = "60s",
      desc = "How long a task waits for a container" },
    engine = { type = "string",
      desc = 'Instead of the usual places: "unix:///path", "tcp://HOST:PORT"' },
    predict = { type = "boolean", default = true,
      desc = "Begin by the expected times of the tasks; false: when a task wants one" },
  },
  services = function(params)
    local values = {}
    for name, spec in pairs(specs_of(params)) do
      local value = container_pool.value(spec)
      value.lease = spec.lease
      value.reset = spec.reset
      values[name] = value
    end
    return values
  end,
  setup = function(params, host)
    local specs = specs_of(params)
    local message = problem(params, specs)
    if message then return nil, message end
    local pool, tasks = nil, {}

    -- Nothing is read and nobody is asked before a task wants a container.
    local function the_pool()
      if not pool then
        pool = container_pool.open({ containers = specs, memory = params.memory,
          keep = params.keep, timeout = params.timeout, predict = params.predict,
          engine = params.engine, project_dir = host.project_dir,
          note = function(level, text, id) host.note(level, text, tasks[id]) end })
      end
      return pool
    end

    -- The pool knows tasks by their ids.
    local function named(request)
      local copy = {}
      for key, value in pairs(request) do copy[key] = value end
      copy.task = request.task.id
      tasks[copy.task] = request.task
      return copy
    end

    return {
      warm = function(_, wants)
        local copies = {}
        for i, want in ipairs(wants) do copies[i] = named(want) end
        the_pool():warm(copies)
      end,
      acquire = function(_, request) return the_pool():acquire(named(request)) end,
      release = function(_, lease, result) the_pool():release(lease, result) end,
      check = function(_, names)
        local engine, why = ggen.std.docker.connect({ host = params.engine })
        for _, name in ipairs(names) do
          if not engine and not specs[name].fallback then return why end
        end
        for _, name in ipairs(engine and names or {}) do
          local image, text, kind = engine:image(specs[name].image)
          if not image and (kind ~= "no_such_image" or specs[name].pull == "never") then
            return ("container %q: %s"):format(name, text)
          end
        end
      end,
      drain = function(_, how) if pool then pool:drain(how and how.interrupted) end end,
      hurry = function() if pool then pool:hurry() end end,
    }
  end,
}
