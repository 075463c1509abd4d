-- What a plugin says of its params: mistakes in it are the plugin's, and say where they are.
-- SPDX-License-Identifier: MIT
local param_schema = require("ggen.param_schema")
local registry = require("ggen.registry")

describe("the params of a plugin", function()
  local function problem(spec) return param_schema.problem({ a = spec }) end

  it("are right in every built-in plugin", function()
    for _, name in ipairs(registry.builtin()) do
      assert.is_nil(param_schema.problem(registry.load(name).params), name)
    end
  end)

  it("may be of every type", function()
    for _, spec in ipairs({ { type = "integer", min = 1, default = 1, desc = "x" },
      { type = "enum", values = { "b" }, default = "b" }, { type = "boolean", default = false },
      { type = "list", of = { type = "string" }, single = true, default = { "x" } },
      { type = "map", of = { type = "record", fields = { b = { type = "size" } } } },
      { type = "union", any_of = { { type = "size" }, { type = "any" } }, expects = "x" } }) do
      assert.is_nil(problem(spec))
    end
  end)

  it("name what is wrong", function()
    local wrong = {
      ['params.a: expected a table as { type = "string", desc = "..." }, got a string'] = "string",
      ["params.a: unexpected element (fields have names: name = value)"] = { "string" },
      ['params.a: field "type" is missing'] = { desc = "x" },
      ['params.a: unknown type "strng" (did you mean "string"?)'] = { type = "strng" },
      ['params.a: unknown field "defalt" (did you mean "default"?)'] = { type = "any", defalt = 1 },
      ["params.a.min: expected a number, got a string"] = { type = "integer", min = "1" },
      ['params.a: type "list" needs the field "of"'] = { type = "list", default = {} },
      ['params.a: type "enum" needs the field "values"'] = { type = "enum", default = "x" },
      ['params.a.of.fields.b.any_of[1]: unknown type "x"'] = { type = "list", of = {
        type = "record", fields = { b = { type = "union", any_of = { { type = "x" } } } } } },
      ["params.a: its default does not fit: must be at least 1, is 0"] = { type = "integer",
        min = 1, default = 0 },
    }
    for message, spec in pairs(wrong) do assert.equal(message, problem(spec)) end
    assert.matches("^params.a: its default cannot be checked: .*boo$", problem({ type = "string",
      default = "", check = function() error("boo") end }))
  end)

  it("are looked at before a plugin is set up", function()
    local checked, message = registry.check({ name = "x", kind = "scheduler", version = "1.0.0",
      api = 1, desc = "x", params = { b = { type = "strng" } }, setup = function() end })
    assert.is_nil(checked)
    assert.equal('params.b: unknown type "strng" (did you mean "string"?)', message)
  end)
end)
