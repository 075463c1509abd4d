-- Starts a task only while what runs fits the machine: processors, memory, disk and network. What a
-- task does not declare (weight = { cpu, memory, io }) is one processor, none when it says io, and
-- the memory that it took at most in its last runs. The order is that of another scheduler.
-- SPDX-License-Identifier: MIT

-- Reading the kernel's files takes longer than all the rest.
local LOOK_EVERY = 0.1 -- seconds

---@type ggen.Plugin
return {
  name = "resource",
  kind = "scheduler",
  version = "1.0.0",
  api = 1,
  desc = "Start a task only while what runs fits the machine",
  params = {
    over = { type = "string", default = "critical-path", desc = "The scheduler that gives the"
      .. " order: a name, or a file" },
    memory = { type = "size", desc = "What the tasks may take at once (default: --memory, or what"
      .. " the machine has)" },
    cpu = { type = "number", min = 0, desc = "Processors that they may take (default: -j)" },
    pressure = { type = "number", min = 0, max = 100, default = 10, desc = "Percent of the time in"
      .. " which somebody waited for memory, above which nothing more starts" },
    reserve = { type = "number", min = 0, max = 1, default = 0.05, desc = "Share of the memory that"
      .. " stays free whatever the tasks are expected to take" },
    patience = { type = "integer", min = 1, default = 8, desc = "So many tasks may overtake one"
      .. " that does not fit; then all wait until it does" },
  },
  setup = function(params)
    local over = params.over:find("[./]") and params.over or "scheduler." .. params.over
    local looked, short = -math.huge, false

    -- Whether the machine itself says that it has no memory left.
    local function is_short(view, limit)
      local now = view.now()
      if now - looked < LOOK_EVERY then return short end
      looked = now
      local pressure = view.machine.memory_pressure()
      short = pressure ~= nil and pressure > params.pressure
        or view.machine.free_memory() < params.reserve * limit
      return short
    end

    local function need(view, task)
      local weight = task.spec.weight or {}
      local io = weight.io == true and 0 or weight.io or 0
      -- What says that it waits, and nothing of processors, needs none.
      return weight.cpu or (weight.io and weight.io ~= 0 and 0 or 1), view:memory(task), io
    end

    return {
      over = { name = over },

      admit = function(_, task, view)
        if #view.running == 0 then return true end
        local first, overtaken = view:longest_refused()
        if first and overtaken >= params.patience and first ~= task.index then return false end
        local limit = params.memory or view.machine.memory
        local cpu, memory, io = need(view, task)
        for _, running in ipairs(view.running) do
          local its_cpu, its_memory, its_io = need(view, running.task)
          cpu, memory, io = cpu + its_cpu, memory + its_memory, io + its_io
        end
        if cpu > (params.cpu or view.jobs) or memory > limit or io > 1 then return false end
        return not is_short(view, limit)
      end,
    }
  end,
}
