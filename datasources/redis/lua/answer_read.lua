-- Answer read: a kept answer with its age, and who may make it anew where it is missing or old.
-- KEYS  versions, answer, lease
-- ARGV  proposed epoch, token ('' to look only), lease in milliseconds, milliseconds of freshness
-- Answers epoch, sequence, whether the lease is now the reader's; then, where an answer is good:
-- its age in milliseconds, its sequence, its tags, its body.
local epoch, sequence = current(KEYS[1], ARGV[1])
local found = redis.call('HMGET', KEYS[2], 'epoch', 'sequence', 'tags', 'filled')
local age = false
if found[1] == epoch and unchanged(KEYS[1], found[3], tonumber(found[2])) then
  age = math.max(0, clock() - tonumber(found[4]))
end
local claimed = 0
if ARGV[2] ~= '' and (not age or age >= tonumber(ARGV[4])) then
  if redis.call('SET', KEYS[3], ARGV[2], 'NX', 'PX', ARGV[3]) then
    claimed = 1
  end
end
if not age then
  return {epoch, sequence, claimed}
end
return {epoch, sequence, claimed, age, tonumber(found[2]), found[3], redis.call('HGET', KEYS[2], 'body')}
