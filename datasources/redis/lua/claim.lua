-- Claim: takes the lease of each value that is still the one its reader found wanting.
-- KEYS  value, lease, value, lease ...
-- ARGV  token, lease in milliseconds, then what the reader found in each value ('' for nothing)
-- Answers per value: a string, the value that was stored meanwhile;
-- 1, the lease is the reader's, who loads; 0, the lease is another's, whose value will come.
local answers = {}
for i = 1, #KEYS, 2 do
  local found = redis.call('GET', KEYS[i])
  local n = (i + 1) / 2
  if found and found ~= ARGV[2 + n] then
    answers[n] = found
  elseif redis.call('SET', KEYS[i + 1], ARGV[1], 'NX', 'PX', ARGV[2]) then
    answers[n] = 1
  else
    answers[n] = 0
  end
end
return answers
