-- Which commands of a make.toml are written for bash and would be run by sh.
-- SPDX-License-Identifier: MIT
local bash = require("ggen.make_toml.bash")
local source = require("ggen.make_toml.source")

local M = {}

local SH = { sh = true, ["/bin/sh"] = true, ["/usr/bin/sh"] = true, dash = true,
  ["@shell"] = true }

-- What runs a command: a text is run by the shell of its phase, a script may name its own.
local function runs_in_sh(command, shell)
  local runner = type(command) == "table" and command.runner or shell or "sh"
  return SH[runner] ~= nil
end

local function note(self, line, key, what)
  local notes = self.notes
  notes[#notes + 1] = { line = line, kind = "bash", key = key, text = "needs bash for " .. what,
    hint = '; write shell = "bash" in the phase, or in [project] for all of them' }
end

-- The line in which a command begins: of the key that has its text, or of its place in a list.
local KEYS = { "command", "commands", "script" }
local function line_of(self, container, index, line)
  for _, key in ipairs(KEYS) do
    local value = container and container[key]
    if type(value) == "string" then return self:line(container, key) end
    if type(value) == "table" and type(value[index]) == "string" then
      return self:line(value, key == "script" and 1 or index)
    end
  end
  return line
end

-- Looks through a list of commands; one note is enough for each.
local function look(self, commands, shell, line, key, container)
  for i, command in ipairs(commands) do
    local text = type(command) == "string" and command or command.script
    if text and runs_in_sh(command, shell) then
      local what = bash.needs(text)
      if what then return note(self, line_of(self, container, i, line), key, what) end
    end
  end
end

---@param self ggen.make_toml.Source
---@param model ggen.make_toml.Model
function M.note(self, model)
  for _, phase in ipairs(model.phases) do
    local key = source.join(phase.dialect, phase.name)
    local shell = phase.shell or model.shell
    local container = self.root[phase.dialect][phase.name]
    look(self, phase.commands, shell, phase.line, key, container)
    for name, entry in pairs(phase.environments) do
      look(self, entry.commands or {}, entry.shell or shell, entry.line,
        source.join(key .. ".env", name), container.env and container.env[name])
    end
  end
  for _, hook in ipairs(model.hooks) do
    look(self, hook.commands or {}, hook.shell or model.shell, hook.line, hook.key)
  end
  for _, key in ipairs({ "on_error", "on_success" }) do
    local outcome = model[key]
    if outcome then
      look(self, outcome.commands or {}, outcome.shell or model.shell, outcome.line,
        "hooks." .. key)
    end
  end
  for _, script in ipairs(model.scripts) do
    look(self, { script.command }, model.shell, script.line, source.join("scripts", script.name))
  end
end

return M
