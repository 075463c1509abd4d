-- What the built-in plugins of kind watch leave out.
-- SPDX-License-Identifier: MIT
local registry = require("ggen.registry")

describe("a plugin for watching", function()
  local function left(name, params, paths)
    local plugin = registry.load(name)
    local impl = plugin.setup(registry.params(plugin, name, params, {}), {})
    local events, kept = {}, {}
    for i, path in ipairs(paths) do events[i] = { path = path, kind = "changed", time = i } end
    for i, event in ipairs(impl:batch(events)) do kept[i] = event.path end
    return kept
  end

  it("all: leaves nothing out", function()
    assert.same({ "a", "b~" }, left("watch.all", nil, { "a", "b~" }))
  end)

  it("patterns: leaves out what editors write beside files", function()
    assert.same({ "a.c", "src/b.c", ".config" }, left("watch.patterns", nil, { "a.c", "a.c~",
      ".a.c.swp", "src/.b.c.swx", "src/b.c", "src/#b.c#", "src/.#b.c", "4913", ".config" }))
  end)

  it("patterns: goes by globs to leave out, and globs to keep", function()
    assert.same({ "src/a.c" }, left("watch.patterns", { ignore = "**/*.md", only = { "src/**" } },
      { "src/a.c", "src/a.md", "docs/b.c" }))
    assert.same({ "a.txt~" }, left("watch.patterns", { "*.md" }, { "a.txt~", "a.md" }))
  end)

  it("patterns: says which glob is wrong", function()
    local ok, problem = pcall(left, "watch.patterns", { ignore = "src/[a" }, {})
    assert.is_false(ok)
    assert.matches('field "ignore": glob "src/[a"', tostring(problem), 1, true)
  end)
end)
