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

    local function path_in(dir) return dir .. "/" .. file end

    return {
      detect = function(_, dir)
        local loading = ggen.loading()
        return loading ~= nil and loading:exists(path_in(dir))
      end,
      load = function(_, dir, pipeline)
        local text, message = ggen.loading():read(path_in(dir))
        if not text then error(("%s: %s"):format(path_in(dir), message), 0) end
        local number = 0
        for line in text:gmatch("[^\n]+") do
          number = number + 1
          local name, command = line:match("^(%S+):%s*(.+)$")
          if not name then error(("%s:%d: name: command expected"):format(file, number), 0) end
          pipeline:task(name, { run = command }, { file = file, line = number })
        end
      end,
    }
  end,
}
