-- Event add: puts events at the end of the stream, in their order; one that it has or has passed is
-- left out, so that telling an event twice changes nothing.
-- KEYS  stream
-- ARGV  entries that the stream holds at least, then for each event: its entry id, the position of
--       the event before it, its id, its kind, when it occurred, its payload.
-- Answers how many were added.
-- Parts of an entry id are 64-bit numbers, more than Lua can count: compared as digits.
local function beyond(a, b)
  if #a ~= #b then
    return #a > #b
  end
  return a > b
end

local function split(entry)
  return string.match(entry, '^(%d+)-(%d+)$')
end

local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local high, low = '', ''
if last then
  high, low = split(last[1])
end
local added = 0
for i = 2, #ARGV, 6 do
  local major, minor = split(ARGV[i])
  if beyond(major, high) or (major == high and beyond(minor, low)) then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], ARGV[i], 'p', ARGV[i + 1], 'i', ARGV[i + 2],
      'k', ARGV[i + 3], 't', ARGV[i + 4], 'd', ARGV[i + 5])
    high, low = major, minor
    added = added + 1
  end
end
return added
