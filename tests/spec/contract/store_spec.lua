-- The contract suite by the kind store.
-- SPDX-License-Identifier: MIT
local wrong_plugins = require("wrong_plugins")

describe("the contract suite of stores", function()
  -- Results on a server; the suite has one.
  local GOOD = [[
    local gets = 0
    local function url(name) return "http://cache.test/" .. params.level .. "/" .. name end
    local function ask(request)
      local response, message = ggen.http.request(request)
      if not response then return nil, request.method .. " " .. request.url .. ": " .. message end
      return response
    end
    local function stored(request)
      local response, message = ask(request)
      if not response then return nil, message end
      return response.status < 300 or nil, response.status >= 300 and "refused" or nil
    end
    local self = {
      get = function(_, key)
        gets = gets + 1
        local response, message = ask({ method = "GET", url = url(key) })
        if not response then return nil, message end
        return response.status == 200 and response.body or nil
      end,
      put = function(_, key, bytes)
        return stored({ method = "PUT", url = url(key), body = bytes })
      end,
      has = function(_, digests)
        local all = {}
        for _, digest in ipairs(digests) do
          local response, message = ask({ method = "HEAD", url = url(digest) })
          if not response then return nil, message end
          all[digest] = response.status == 200
        end
        return all
      end,
      blob_put = function(_, digest, path)
        return stored({ method = "PUT", url = url(digest), body_file = path })
      end,
      blob_get = function(_, digest, path)
        local response, message = ask({ method = "GET", url = url(digest), save = path })
        if not response then return nil, message end
        return response.status == 200
      end,
      stats = function() return { gets = gets } end,
    }
  ]]
  local function with(text) return GOOD .. text .. "\nreturn self" end

  wrong_plugins.good("store", with(""))
  wrong_plugins.builtin("store")
  wrong_plugins.describe("store", {
    { "has no method at all", "setup", "return {}", "a store hands out what it has" },
    { "says another mode", "setup", with("self.mode = 'readonly'"), 'and not "readonly"' },
    { "only reads, and has nothing to read with", "setup", with([[
      self.mode, self.get, self.blob_get = "read", nil, nil]]), "a store hands out what it has" },
    { "hands out results without their files", "setup", with("self.blob_get = nil"),
      "a store has both get and blob_get, or neither" },
    { "keeps results without their files", "setup", with("self.blob_put = nil"),
      "a store has both put and blob_put, or neither" },
    { "sorts the digests that it was given", "arguments", with([[
      local has = self.has
      self.has = function(_, digests)
        digests[#digests] = nil
        return has(_, digests)
      end]]), "removed argument 1[" },
    { "answers with a table", "answers", with([[
      self.get = function() return { "bytes" } end]]), "the bytes that were put" },
    { "lists what it has", "answers", with([[
      self.has = function(_, digests) return digests end]]), "a table of the digests" },
    { "waits to say how it did", "waits", with([[
      self.stats = function() ggen.async.sleep(1) return {} end]]), "it must not wait" },
    { "keeps state beside its instances", "instances", with([[
      self.stats = function() state.n = (state.n or 0) + 1 return state end]]),
      "beside an instance with other options" },
    { "says nothing of a server that is not there", "errors", with([[
      self.get = function(_, key)
        local response = ask({ method = "GET", url = url(key) })
        return response and response.status == 200 and response.body or nil
      end]]), "is not passed over in silence: nil and a message, or an error" },
    { "says something else of a server that is not there", "errors", with([[
      self.get = function(_, key)
        local response = ask({ method = "GET", url = url(key) })
        if not response then return nil, "no luck" end
        return response.status == 200 and response.body or nil
      end]]), "an error names what failed" },
    { "leaves a file open", "leaks", with([[
      self.stats = function() state.file = io.open("/dev/null") return {} end]]),
      "open file(s)" },
    { "asks again by chance", "schedules", with([[
      local get = self.get
      self.get = function(_, key)
        ggen.async.sleep(math.random())
        return get(_, key)
      end]]), "the same seed" },
    { "cuts what is large", "gives back what was put", with([[
      local get = self.get
      self.get = function(_, key)
        local bytes, message = get(_, key)
        return bytes and bytes:sub(1, 1000), message
      end]]), "byte for byte" },
    { "gives the last result whatever it was asked for", "makes nothing up", with([[
      local put, get, last = self.put, self.get, nil
      self.put = function(_, key, bytes)
        last = bytes
        return put(_, key, bytes)
      end
      self.get = function(_, key)
        local bytes, message = get(_, key)
        if message then return nil, message end
        return bytes or last
      end]]), "a key that was never put" },
    { "knows keys by their beginning", "tells keys apart", with([[
      local get, put = self.get, self.put
      self.get = function(_, key) return get(_, key:sub(1, 16)) end
      self.put = function(_, key, bytes) return put(_, key:sub(1, 16), bytes) end]]),
      "each key has its own bytes" },
    { "has nothing where there are no bytes", "tells keys apart", with([[
      local get = self.get
      self.get = function(_, key)
        local bytes, message = get(_, key)
        if bytes ~= "" then return bytes, message end
      end]]), "also when there are none" },
    { "remembers the key of the last call", "keeps calls apart", with([[
      local get, asked = self.get, nil
      self.get = function(_, key)
        asked = key
        ggen.async.sleep(0.01)
        return get(_, asked)
      end]]), "each gets its own" },
    { "takes the file of the host away", "blobs come back", with([[
      local blob_put = self.blob_put
      self.blob_put = function(_, digest, path)
        local done, message = blob_put(_, digest, path)
        if done then os.remove(path) end
        return done, message
      end]]), "changed that file, or took it away" },
    { "gives other bytes for a blob", "blobs come back", with([[
      local blob_get = self.blob_get
      self.blob_get = function(_, digest, path)
        local done, message = blob_get(_, digest, path)
        if done then
          local file = io.open(path, "ab")
          file:write("x")
          file:close()
        end
        return done, message
      end]]), "the file has the bytes of the blob" },
  })
end)
