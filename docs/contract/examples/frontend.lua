-- Reads tasks.txt: one task a line, "name: command".
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "lines",
  kind = "frontend",
  version = "1.0.0",
  api = 1,
  desc = "Take the lines of a text file as tasks",
  setup = function(_, host)
    local ggen = require "ggen"
    local file = host.file or "tasks.txt"

    local function read(dir)
      local loading = ggen.loading()
      return loading and loading:read(dir .. "/" .. file)
    end

    return {
      detect = function(_, dir) return read(dir) ~= nil end,
      load = function(_, dir, pipeline)
        local number = 0
        for line in read(dir):gmatch("[^\n]+") do
          number = number + 1
          local name, command = line:match("^(%S+):%s*(.+)$")
          if not name then error(("%s:%d: name: command expected"):format(file, number), 0) end
          pipeline:task(name, { run = command })
        end
      end,
    }
  end,
}
