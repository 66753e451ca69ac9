-- What scripts/load lets wrk send: one request in ten is a query, the others push 100 lines as JSON.
-- Arguments: the second since the epoch at which the lines begin. Prints, at the end, how many pushes
-- were sent, how many acknowledged, the bytes of text in a push, the queries answered, and what else
-- was answered.
local lines = 100
local filler = string.rep("the quick brown fox jumps over the lazy dog ", 3)
local threads = {}

function setup(thread)
  thread:set("id", #threads)
  threads[#threads + 1] = thread
end

function init(args)
  base = tonumber(args[1])
  count, sent, taken, answered, refused, bytes = 0, 0, 0, 0, 0, 0
  path = "/loki/api/v1/query_range?limit=50&start=" .. base .. "&end=" .. base + 1800 ..
      "&query=%7Bapp%3D%22load%22%7D%20%7C%3D%20%22request%2077%22"
  first = ""
end

function request()
  count = count + 1
  if count % 10 == 0 then return wrk.format("GET", path) end
  local values = {}
  for i = 1, lines do
    local number = sent * lines + i
    local text = string.format("level=info request %d of %d %s", number, id, filler)
    bytes = bytes + #text
    values[i] = string.format('["%d%06d000","%s"]', base + math.floor(number / 1e6), number % 1e6, text)
  end
  sent = sent + 1
  return wrk.format("POST", "/loki/api/v1/push", { ["Content-Type"] = "application/json" },
    string.format('{"streams":[{"stream":{"app":"load","thread":"%d"},"values":[%s]}]}', id,
      table.concat(values, ",")))
end

function response(status, _, body)
  if status == 204 then
    taken = taken + 1
  elseif status == 200 then
    answered = answered + 1
  else
    refused = refused + 1
    if first == "" then first = status .. " " .. body end
  end
end

function done(summary)
  local sums = { sent = 0, taken = 0, answered = 0, refused = 0, bytes = 0 }
  local words = ""
  for _, thread in ipairs(threads) do
    for name in pairs(sums) do sums[name] = sums[name] + thread:get(name) end
    if words == "" then words = thread:get("first") end
  end
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write +
      summary.errors.timeout
  io.write(string.format("LOAD %d %d %d %d %d %d %d %s\n", sums.sent * lines, sums.taken * lines,
    sums.answered, sums.refused, failed, sums.bytes, summary.duration / 1000, words))
end
