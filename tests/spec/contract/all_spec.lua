-- Every kind has its contract suite, and a spec in this folder that runs it over the built-in
-- plugins of the kind.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")
local registry = require("ggen.registry")

local FOLDER = assert(debug.getinfo(1, "S").source:match("^@(.*)/"))

describe("the contract suite", function()
  local texts = {}
  for i, path in ipairs(assert(fs.glob(FOLDER, { "*_spec.lua" }))) do
    texts[i] = assert(fs.read(FOLDER .. "/" .. path))
  end
  local text = table.concat(texts)

  for _, kind in ipairs(registry.kind_names()) do
    it("knows the kind " .. kind .. ", and a spec runs it", function()
      assert.is_table(require("ggen.contract." .. kind).calls)
      assert.matches(("wrong_plugins.good(%q"):format(kind), text, 1, true)
      for _, name in ipairs(registry.builtin()) do
        if name:find(kind .. ".", 1, true) == 1 then
          assert.matches(("wrong_plugins.builtin(%q"):format(kind), text, 1, true)
        end
      end
    end)
  end

  it("knows each method that a plugin may have", function()
    local missing = {}
    for kind, entry in pairs(registry.kinds) do
      for method in pairs(entry.methods) do
        if not require("ggen.contract." .. kind).calls[method] then
          missing[#missing + 1] = kind .. "." .. method
        end
      end
    end
    assert.same({}, missing)
  end)
end)
