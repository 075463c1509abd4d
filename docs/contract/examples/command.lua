-- ggen-lua hello [NAME]
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "hello",
  kind = "command",
  version = "1.0.0",
  api = 1,
  desc = "Greet somebody",
  params = { greeting = { type = "string", default = "Hello", desc = "What it says first" } },
  setup = function(params)
    return {
      args = function(_, parser)
        parser:argument("name", "Whom to greet."):default("you")
      end,
      run = function(_, args)
        print(params.greeting .. ", " .. args.name)
        return 0
      end,
    }
  end,
}
