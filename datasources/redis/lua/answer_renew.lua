-- Answer renew: lets a process trust its local answers for one lease more, if it has seen every bump.
-- KEYS  versions, holders
-- ARGV  proposed epoch, process, epoch and sequence that it has seen
-- Answers epoch, sequence and whether the lease was given.
local epoch, sequence = current(KEYS[1], ARGV[1])
holders(KEYS[2])
local given = 0
if ARGV[3] == epoch and tonumber(ARGV[4]) == sequence then
  redis.call('HSET', KEYS[2], ARGV[2], clock() .. ' ' .. epoch .. ' ' .. sequence)
  given = 1
end
return {epoch, sequence, given}
