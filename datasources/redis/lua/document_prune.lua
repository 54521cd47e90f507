-- Document prune: removes the documents that were neither imported nor used for a time.
-- KEYS  texts, facts, times of import, times of last use, generation
-- ARGV  new generation, seconds, 1 to remove and 0 only to tell
-- Answers their ids.
local before = redis.call('TIME')[1] - ARGV[2]
local imported, unused = redis.call('HGETALL', KEYS[3]), {}
for i = 1, #imported, 2 do
  local used = redis.call('HGET', KEYS[4], imported[i])
  if math.max(tonumber(imported[i + 1]), tonumber(used or '0')) <= before then
    unused[#unused + 1] = imported[i]
  end
end
if ARGV[3] == '1' and #unused > 0 then
  for _, id in ipairs(unused) do
    for n = 1, 4 do
      redis.call('HDEL', KEYS[n], id)
    end
  end
  redis.call('SET', KEYS[5], ARGV[1])
end
return unused
