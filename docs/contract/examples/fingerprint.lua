-- Results of another compiler are other results: what $CC names, and the file with its version.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "toolchain",
  kind = "fingerprint",
  version = "1.0.0",
  api = 1,
  desc = "Put the tool chain into the keys of tasks",
  params = {
    file = { type = "string", default = "toolchain.txt", desc = "The file with its version" },
    tag = { type = "string", default = "native", desc = "Tasks with this tag depend on it" },
  },
  setup = function(params)
    return {
      inputs = "content",
      parts = function(_, task, key)
        for _, tag in ipairs(task.spec.tags or {}) do
          if tag == params.tag then
            key:add("toolchain", "1")
            key:env("CC")
            key:file(params.file)
          end
        end
      end,
    }
  end,
}
