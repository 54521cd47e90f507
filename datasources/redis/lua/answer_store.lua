-- Answer store: keeps an answer whose tags are as they were before its data was read, and gives the
-- lease back either way.
-- KEYS  versions, answer, lease
-- ARGV  token, epoch and sequence from before the data was read, tags, body, milliseconds to live
-- Answers 1 when it was kept, else 0.
local kept = 0
local found = redis.call('HMGET', KEYS[1], '@epoch', '@instance')
if found[1] == ARGV[2] and found[2] == instance() and unchanged(KEYS[1], ARGV[4], tonumber(ARGV[3])) then
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[2], 'epoch', ARGV[2], 'sequence', ARGV[3], 'tags', ARGV[4],
    'filled', clock(), 'body', ARGV[5])
  redis.call('PEXPIRE', KEYS[2], ARGV[6])
  kept = 1
end
if redis.call('GET', KEYS[3]) == ARGV[1] then
  redis.call('DEL', KEYS[3])
end
return kept
