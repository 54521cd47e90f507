-- Release: gives back each lease that is still the holder's, so that the next reader need not wait.
-- KEYS  lease ...
-- ARGV  token
-- Answers how many were given back.
local released = 0
for _, lease in ipairs(KEYS) do
  if redis.call('GET', lease) == ARGV[1] then
    released = released + redis.call('DEL', lease)
  end
end
return released
