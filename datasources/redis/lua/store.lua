-- Store: writes each value whose lease is still the writer's, and gives the lease back.
-- A lease that ran out or was forgotten writes nothing: what was loaded under it may be old.
-- KEYS  value, lease, value, lease ...
-- ARGV  token, then value and its milliseconds to live for each
-- Answers how many were written.
local written = 0
for i = 1, #KEYS, 2 do
  if redis.call('GET', KEYS[i + 1]) == ARGV[1] then
    redis.call('SET', KEYS[i], ARGV[i + 1], 'PX', ARGV[i + 2])
    redis.call('DEL', KEYS[i + 1])
    written = written + 1
  end
end
return written
