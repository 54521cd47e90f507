-- Document touch: notes that registered documents were used, and keeps used texts for longer.
-- KEYS  facts, times of last use, then texts that are kept under their hashes ...
-- ARGV  milliseconds to live, then ids of registered documents ...
-- Answers how many were still there.
local now, found = redis.call('TIME')[1], 0
for i = 2, #ARGV do
  if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 then
    redis.call('HSET', KEYS[2], ARGV[i], now)
    found = found + 1
  end
end
for i = 3, #KEYS do
  found = found + redis.call('PEXPIRE', KEYS[i], ARGV[1])
end
return found
