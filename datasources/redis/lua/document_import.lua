-- Document import: registers all of the documents, or none of them.
-- KEYS  texts, facts, times of import, generation
-- ARGV  new generation, most documents, 1 to import only into an empty registry, then id, text, fact ...
-- Answers {'conflict', id ...}, {'full', held}, {'held'} or {'stored', how many are new}.
if ARGV[3] == '1' and redis.call('EXISTS', KEYS[4]) == 1 then
  return {'held'}
end
local conflicts, new = {'conflict'}, 0
for i = 4, #ARGV, 3 do
  local held = redis.call('HGET', KEYS[1], ARGV[i])
  if not held then
    new = new + 1
  elseif held ~= ARGV[i + 1] then
    conflicts[#conflicts + 1] = ARGV[i]
  end
end
if #conflicts > 1 then
  return conflicts
end
local held = redis.call('HLEN', KEYS[1])
if held + new > tonumber(ARGV[2]) then
  return {'full', held}
end
local now = redis.call('TIME')[1]
for i = 4, #ARGV, 3 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 2])
  redis.call('HSET', KEYS[3], ARGV[i], now)
end
redis.call('SET', KEYS[4], ARGV[1])
return {'stored', new}
