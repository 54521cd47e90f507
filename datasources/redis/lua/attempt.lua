-- Attempt: counts one attempt in each window, unless one of the windows is full already.
-- KEYS  window ...
-- ARGV  length of a window in milliseconds, then how many attempts each window allows
-- Answers 0 when the attempt was counted, else the milliseconds until the full window ends.
for i, window in ipairs(KEYS) do
  if tonumber(redis.call('GET', window) or '0') >= tonumber(ARGV[i + 1]) then
    return math.max(redis.call('PTTL', window), 1)
  end
end
for _, window in ipairs(KEYS) do
  if redis.call('INCR', window) == 1 then
    redis.call('PEXPIRE', window, ARGV[1])
  end
end
return 0
