-- What `require` is for an isolated plugin: ggen, ggen.std, the libraries that its globals have,
-- and modules in Lua that somebody else finds and reads. The same in all tiers.
-- SPDX-License-Identifier: MIT
local M = {}

local LIBRARIES = { "string", "table", "math", "os", "coroutine", "bit", "_G" }

---@param plugin string its name, for messages
---@param ggen table what `require "ggen"` gives
---@param source fun(name: string): string?, string? gives the text of a module and the name of its
---chunk, or nil when there is none; raises when it cannot be read
---@return fun(name: string): any require_module
---@return fun(text: string, chunk_name: string, ...): any run a text, in the environment
---@return fun(env: table) enter says which environment that is
function M.new(plugin, ggen, source)
  -- What lies beside the plugin in its rock, in a directory of its name.
  local own = ("ggen.plugins.%s."):format((plugin:gsub("/", ".", 1)))
  local env
  local loaded, loading = { ggen = ggen }, {}

  local function run(text, chunk_name, ...)
    local chunk, message = loadstring(text:gsub("^#[^\n]*", ""), chunk_name)
    if not chunk then error(message, 0) end
    return setfenv(chunk, env)(...)
  end

  local function require_module(name)
    if type(name) ~= "string" then error("require: a text expected, got a " .. type(name), 2) end
    if loaded[name] ~= nil then return loaded[name] end
    local part = name:match("^ggen%.std%.(.+)$")
    if name == "ggen.std" then return ggen.std end
    if part then return ggen.std[part] end
    if name:find("^ggen%.") and name:sub(1, #own) ~= own then
      error(("plugin %q may not require %q: only ggen and ggen.std are public"):format(plugin,
        name), 2)
    end
    if not name:find("^[%w_%-][%w_%-%.]*$") or name:find("%.%.") then
      error(("require: %q is no name of a module"):format(name), 0)
    end
    local text, chunk_name = source(name)
    if not text then
      error(("plugin %q: there is no module %q in Lua (modules in C, io, debug, ffi and package"
        .. " are not to be had)"):format(plugin, name), 2)
    end
    if loading[name] then error(("the module %q requires itself"):format(name), 2) end
    loading[name] = true
    local value = run(text, chunk_name, name)
    loading[name] = nil
    loaded[name] = value == nil and true or value
    return loaded[name]
  end

  return require_module, run, function(made)
    env = made
    for _, name in ipairs(LIBRARIES) do loaded[name] = env[name] end
  end
end

return M
