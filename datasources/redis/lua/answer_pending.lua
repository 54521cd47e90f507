-- Answer pending: whether a process may still trust local answers from before a bump. Who bumped waits
-- by its own clock, so the server's clock only decides, generously, when a dead process is forgotten.
-- KEYS  holders
-- ARGV  epoch and sequence of the bump, milliseconds until a silent process is forgotten
-- Answers 1 or 0.
local old = clock() - ARGV[3]
if holders(KEYS[1]) > old then
  return 1
end
local pending = 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local given, epoch, seen = string.match(all[i + 1], '^(%d+) (%S+) (%d+)$')
  if given and tonumber(given) < old then
    redis.call('HDEL', KEYS[1], all[i])
  elseif given and (epoch ~= ARGV[1] or tonumber(seen) < tonumber(ARGV[2])) then
    pending = 1
  end
end
return pending
