-- ggen-lua version
-- SPDX-License-Identifier: MIT
return {
  summary = "Print the version",
  usage = "ggen-lua version",
  raw = true,
  run = function(args)
    if args[1] == "-h" or args[1] == "--help" then
      io.write("Usage: ggen-lua version\n\nPrints the version of ggen-lua.\n")
      return 0
    end
    io.write("ggen-lua ", require("ggen.version"), "\n")
    return 0
  end,
}
