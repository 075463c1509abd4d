---@meta
-- The types of what plugins send and keep: ggen.http, ggen.delivery, ggen.files, ggen.random.
-- SPDX-License-Identifier: MIT

---Requests over HTTP and HTTPS. Connections are kept alive and shared by the whole run,
---certificates are verified, redirects are not followed. Proxies are those of the environment
---(`http_proxy`, `https_proxy`, `no_proxy`), but this machine (localhost, 127.x.x.x, [::1], unix
---sockets) is asked without one. It needs libcurl (on Debian and Ubuntu the package libcurl4),
---which is loaded with the first request.
---@class ggen.http
local http = {}

---Asks and waits for the whole answer. A status such as 404 is an answer, too; there is none when
---nobody could be reached in time. Refused while a pipeline is loading.
---@async
---@param options ggen.HttpRequest
---@return ggen.HttpResponse? response
---@return string? message why there is none
---@return ggen.HttpProblem? problem the same in a word
function http.request(options) end

---@class ggen.HttpRequest
---@field url string `http://` or `https://`
---@field method? string GET, unless it stands here
---@field headers? table<string, string|number>
---@field body? string
---@field timeout? ggen.Duration for all of it, 60 s unless it stands here; 0 is no limit
---@field connect_timeout? ggen.Duration until there is a connection, 10 s; 0 is no limit
---@field first_byte_timeout? ggen.Duration until the first byte of the answer; no limit
---@field max_bytes? ggen.Size of the body of the answer, 16 MiB; with `save` or `on_data` no limit
---@field body_file? string path of a file to send, instead of `body`
---@field save? string path of a file that the body of a good answer (2xx) goes to, all or nothing;
---that of another answer is in `body` of the response
---@field on_data? fun(bytes: string): boolean? gets the body of a good answer (2xx) piece by piece,
---and may not wait; false: the rest is not wanted
---@field unix_socket? string path of a socket to connect to; the host of the URL is only a header
---@field ca_file? string certificates to trust instead of the system's
---@field cert_file? string a certificate to show to the server (PEM)
---@field key_file? string its key (PEM)

---What a server answered.
---@class ggen.HttpResponse
---@field status integer
---@field headers table<string, string> names in lower case; repeated ones are joined by ", "
---@field body string unless it was saved or handed over
---@field size integer bytes of the body, also then
---@field reused boolean no new connection was made
---@field stopped boolean `on_data` did not want the rest

---Asks for a connection that is ours after the answer: 101, or 200 without a length of a body. As
---the calls of container engines that attach to something. No TLS, no proxies. Unless `headers`
---say otherwise, it asks with `Connection: Upgrade` and `Upgrade: tcp`.
---@async
---@param options ggen.HttpUpgrade
---@return ggen.Stream? stream
---@return ggen.HttpResponse|string response what was answered, or why there is no stream
---@return ggen.HttpProblem|"status"? problem the same in a word; "status": another answer
---@return ggen.HttpResponse? refusal the other answer, with up to 1 MiB of its body
function http.upgrade(options) end

---A connection that is to be taken over.
---@class ggen.HttpUpgrade
---@field unix_socket? string path of a socket to connect to; or:
---@field host? string a name or an address
---@field port? integer
---@field method? string POST, unless it stands here
---@field path string with its query, from "/" on
---@field headers? table<string, string|number>
---@field body? string
---@field timeout? ggen.Duration until the answer is there, 60 s unless it stands here; 0: no limit

---A connection in both directions. Whoever has it closes it; one that nobody holds any more is
---closed, too.
---@class ggen.Stream
local Stream = {}

---The next bytes, as many as have come. While nobody asks nothing is read, so that the other side
---has to wait. One at a time.
---@async
---@return string? bytes nil at the end
---@return string? message when it did not end well
function Stream:read() end

---Waits until the system has taken the bytes.
---@async
---@param bytes string
---@return boolean? written
---@return string? message
function Stream:write(bytes) end

---Ends what we send; the other side may go on.
---@async
---@return boolean? done
---@return string? message
function Stream:close_write() end

---Ends it in both directions. Who waits for it is told.
function Stream:close() end

---Why there is no answer: the request is no request, libcurl is not there or the URL is not one of
---HTTP, the name has no address, nobody listens there, the certificate is not trusted, a limit of
---time, the connection ended early, a limit of size, the answer is no HTTP, a file could not be
---read or written.
---@alias ggen.HttpProblem
---| "invalid"
---| "unsupported"
---| "resolve"
---| "refused"
---| "tls"
---| "timeout"
---| "closed"
---| "limit"
---| "protocol"
---| "file"

---Sends letters over HTTP beside a run: one after another; again, ever later, when nobody was
---reached or the answer was 429, 502, 503 or 504 (Retry-After is honoured). What is unsent at the
---end goes to an outbox on the disk, which is bounded (64 letters, 8 MiB; the oldest go first).
---@class ggen.delivery
local delivery = {}

---Makes one, which sends nothing yet.
---@param options ggen.DeliveryOptions
---@return ggen.Delivery
function delivery.new(options) end

---Reads a Retry-After header: seconds, or a date.
---@param text string?
---@param now number seconds since 1970
---@return number? seconds
function delivery.retry_after(text, now) end

---What somebody else says, as one short line that can be shown: without control characters, and not
---cut within a letter.
---@param text string
---@param most integer? bytes (200)
---@return string
function delivery.said(text, most) end

---@class ggen.DeliveryOptions
---@field name string whose letters these are: letters and digits
---@field dir string of the outbox
---@field request fun(kind: string): ggen.HttpRequest how a letter is sent: url, headers, timeout
---@field answered? fun(kind: string, response: ggen.HttpResponse): string? of a letter that was
---taken; returns what the user should know
---@field limits? { files: integer, bytes: integer } of the outbox
---@field ask? function instead of ggen.http.request
---@field sleep? function instead of ggen.async.sleep
---@field now? fun(): number monotonic seconds
---@field unix? fun(): number seconds since 1970
---@field jitter? fun(): number from 0 to 1

---What became of the letters.
---@class ggen.DeliveryReport
---@field sent integer letters
---@field kept integer letters that a later run will send
---@field lost integer letters that nobody will
---@field problem string? the last thing that went wrong
---@field note string? what `answered` returned

---Sends letters one after another.
---@class ggen.Delivery
local Delivery = {}

---Sends what earlier runs left behind.
function Delivery:resume() end

---Sends a letter when its turn comes; returns at once.
---@param kind string letters and digits
---@param body string
function Delivery:post(kind, body) end

---Waits until all is sent, but not for long. What is left then goes to the outbox.
---@async
---@param seconds number
---@return ggen.DeliveryReport
function Delivery:finish(seconds) end

---Ends it at once; for close() of a plugin.
---@return ggen.DeliveryReport
function Delivery:close() end

---Small files that plugins read and keep. While a pipeline is loading they may only be read.
---@class ggen.files
local files = {}

---The bytes of a file; one that is larger than `most` is refused. While a pipeline is loading it
---becomes an input of the configuration.
---@param path string
---@param most? integer bytes (4 MiB)
---@return string? bytes
---@return string? message
function files.read(path, most) end

---Makes the file hold exactly these bytes: whoever reads it sees the old ones or the new ones.
---Directories above it are made.
---@param path string
---@param bytes string
---@return boolean? done
---@return string? message
function files.write(path, bytes) end

---Changes a file of JSON; of several runs that do it at once each sees what the one before it left.
---@param path string
---@param change fun(value: any, problem: string?): any gets what the file holds, nil when there is
---none or it is damaged (then also why); returns what it is to hold, nil to leave it as it is. Must
---not wait.
---@return boolean? done
---@return string? message
function files.update(path, change) end

---Calls a function while no other run does the same. It may wait; whoever comes meanwhile stands
---still, so it has to be short.
---@param path string what is held: a file of that name and `.lock` stays
---@param fn fun(): any
---@return any
function files.hold(path, fn) end

---Calls a function unless another run does the same just now. Nobody waits for anybody, so it may
---take its time.
---@param path string what is held: a file of that name and `.lock` stays
---@param fn fun(): any
---@param part? string of what the file stands for: others of its parts may be held meanwhile
---@return boolean called false: another run has it
---@return any
function files.try(path, fn, part) end

---Randomness of the system.
---@class ggen.random
local random = {}

---Makes a name that nobody else has.
---@param bytes integer
---@return string hex two digits for each byte, from the system; never all zeros
function random.hex(bytes) end
