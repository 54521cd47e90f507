-- Answer bump: takes out of use every answer that carries one of the tags, and tells all processes.
-- KEYS  versions, holders
-- ARGV  proposed epoch, channel, most tags that are remembered, tag ...
-- Answers epoch and sequence.
local epoch, sequence = current(KEYS[1], ARGV[1])
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[3]) then
  epoch, sequence = begin(KEYS[1], ARGV[1])
end
sequence = sequence + 1
redis.call('HSET', KEYS[1], '@sequence', sequence)
local tags = {}
for i = 4, #ARGV do
  redis.call('HSET', KEYS[1], ARGV[i], sequence)
  tags[#tags + 1] = ARGV[i]
end
redis.call('PUBLISH', ARGV[2], epoch .. '\n' .. sequence .. '\n' .. table.concat(tags, '\n'))
return {epoch, sequence}
