-- How many specs passed and failed: filled by clean_end.lua, read by run.lua.
-- SPDX-License-Identifier: MIT
return { passed = 0, failed = 0 }
