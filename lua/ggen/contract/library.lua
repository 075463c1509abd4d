-- Lua's own libraries in the world of the contract suite: their clock is the one that is turned,
-- chance is that of the seed, files are those of the world, and no program is started past it. What
-- changes the whole program is written down as harm. Plugins in processes of their own have the
-- clock and the chance of here.
-- SPDX-License-Identifier: MIT
local process = require("ggen.isolation.process")

local M = {}

local NO_SPACE = 28 -- ENOSPC

-- What a process has to ask the host for.
local BORROWED = { ["os.time"] = { os, "time" }, ["os.date"] = { os, "date" },
  ["os.clock"] = { os, "clock" }, ["math.random"] = { math, "random" } }

-- All that is replaced goes by this: fn(world, ...) is called instead, while a world is entered.
local replace_by

local function install(replace, current)
  replace_by = function(module, name, make)
    replace(module, name, name == "open" and "io_open" or name, function(real)
      local inside = make(real)
      return function(...)
        local world = current()
        if world then return inside(world, ...) end
        return real(...)
      end
    end)
  end
end

local function replace_time()
  replace_by(os, "time", function(real)
    return function(world, when)
      if when ~= nil then return real(when) end
      world:looked()
      return math.floor(world:unix())
    end
  end)
  replace_by(os, "date", function(real)
    return function(world, format, when)
      if when ~= nil then return real(format, when) end
      world:looked()
      return real(format or "%c", math.floor(world:unix()))
    end
  end)
  replace_by(os, "clock", function()
    return function(world)
      world:looked()
      return world:monotonic()
    end
  end)
end

local function replace_chance()
  replace_by(math, "random", function(real)
    return function(world, ...)
      if world.strict then world:did("a random number") end
      return real(...)
    end
  end)
  replace_by(math, "randomseed", function(real)
    return function(world, seed)
      world:harm("math.randomseed")
      return real(seed)
    end
  end)
end

-- A program that is waited for without the loop: nothing else moves meanwhile.
local function blocks(name)
  return function()
    return function()
      error(name .. "() was called: all else stands still until it ends (ggen.std.sh.run waits)", 2)
    end
  end
end

local function replace_programs()
  -- A plugin that ends the program would end the suite with it.
  replace_by(os, "exit", function()
    return function() error("os.exit() was called: the program is the host's to end", 2) end
  end)
  replace_by(os, "execute", blocks("os.execute"))
  replace_by(io, "popen", blocks("io.popen"))
end

local function file_function(name, writes, which)
  return function(real)
    return function(world, ...)
      local path = select(which or 1, ...)
      if type(path) == "string" then
        local refused = world:touches(("%s %s"):format(name, (...)), path, writes)
        if refused then return nil, refused, NO_SPACE end
      end
      return real(...)
    end
  end
end

-- What is shown is an effect, and no line on the screen of whoever tests.
local function shows(what, from)
  return function(real)
    return function(world, ...)
      if from and (...) ~= io.stdout and (...) ~= io.stderr then return real(...) end
      local parts = {}
      for i = from or 1, select("#", ...) do parts[#parts + 1] = tostring((select(i, ...))) end
      world:did(what .. ": " .. table.concat(parts, "\t"))
      if from then return (...) end
    end
  end
end

local function replace_files()
  replace_by(io, "open", function(real)
    return function(world, path, mode)
      local writes = type(mode) == "string" and mode:find("[wa+]") ~= nil
      local refused = world:touches((world.failing and writes and "write " or "io.open ")
        .. tostring(path), path, writes)
      if refused then return nil, refused, NO_SPACE end
      return real(path, mode)
    end
  end)
  replace_by(io, "lines", file_function("io.lines"))
  replace_by(os, "remove", file_function("os.remove", true))
  replace_by(os, "rename", file_function("os.rename", true, 2))
  replace_by(os, "tmpname", function(real)
    return function(world)
      local path = real()
      world:wrote(path)
      return path
    end
  end)
  replace_by(_G, "print", shows("print"))
  replace_by(io, "write", shows("io.write"))
  replace_by(getmetatable(io.stdout).__index, "write", shows("shown", 2))
end

-- What one plugin sets for all: `is_set` says whether a call sets something.
local function replace_settings()
  local function harmful(module, name, shown, is_set)
    replace_by(module, name, function(real)
      return function(world, ...)
        if is_set(...) then world:harm(shown) end
        return real(...)
      end
    end)
  end
  local function anything(...) return select("#", ...) > 0 end
  local function nothing(...) return select("#", ...) == 0 end
  harmful(os, "setlocale", "os.setlocale", function(locale) return locale ~= nil end)
  harmful(_G, "collectgarbage", "collectgarbage", function(option)
    return option ~= nil and option ~= "collect" and option ~= "count" and option ~= "step"
  end)
  harmful(io, "output", "io.output", anything)
  harmful(io, "input", "io.input", anything)
  harmful(debug, "sethook", "debug.sethook", anything)
  harmful(jit, "off", "jit.off", nothing)
  harmful(jit, "on", "jit.on", nothing)
  harmful(jit, "flush", "jit.flush", nothing)
end

---Puts the functions in place.
---@param replace fun(module: table, name: string, key: string, make: fun(real: function): function)
---@param current fun(): ggen.contract.World? the world that is entered
function M.replace(replace, current)
  install(replace, current)
  replace_time()
  replace_chance()
  replace_programs()
  replace_files()
  replace_settings()
  process.borrowed = {}
  for name, place in pairs(BORROWED) do
    process.borrowed[name] = function(...) return place[1][place[2]](...) end
  end
end

return M
