-- Spend: gives back what earlier operations did not use, then lets each order take from all of its
-- buckets or from none. All amounts are millionths of a unit, so that sums are exact.
-- KEYS  bucket ...
-- ARGV  for each bucket: capacity, refill a second, what is given back (a negative one is charged);
--       then the orders one after another: how many buckets, and for each its place in KEYS and what is
--       wanted of it. Both are packed as little-endian doubles.
-- Answers for each order: 1 or 0, taken or not, then the level of each of its buckets after that.
-- A bucket is 'level time', its time in microseconds of this server; one that is absent is full.
local MILLION = 1000000
local time = redis.call('TIME')
local now = time[1] * MILLION + time[2]

local function fill(held, capacity, refill)
  local level, at = string.match(held or '', '^(-?%d+) (%d+)$')
  if not level then
    return capacity, now, false
  end
  level, at = tonumber(level), tonumber(at)
  if at > now then -- the clock went back: no time has passed, and it goes on from here
    return math.min(capacity, level), now, true
  end
  local gained = math.floor((now - at) * refill / MILLION)
  if level + gained >= capacity then
    return capacity, now, false
  end
  if gained > 0 then -- only the time that was paid for has passed: no fraction is lost
    at = math.min(now, at + math.ceil(gained * MILLION / refill))
  end
  return level + gained, at, false
end

local held = redis.call('MGET', unpack(KEYS))
local buckets = {}
for i = 1, #KEYS do
  local capacity, refill, given = struct.unpack('<ddd', ARGV[1], i * 24 - 23)
  local level, at, changed = fill(held[i], capacity, refill)
  level = math.min(capacity, level + given)
  buckets[i] = {capacity = capacity, refill = refill, level = level, at = at,
                changed = changed or given ~= 0}
end

local answers, position = {}, 1
while position <= #ARGV[2] do
  local count = struct.unpack('<d', ARGV[2], position)
  local first = position + 8
  local enough = 1
  for i = 0, count - 1 do
    local place, wanted = struct.unpack('<dd', ARGV[2], first + i * 16)
    if wanted > 0 and buckets[place].level < wanted then
      enough = 0
    end
  end
  answers[#answers + 1] = enough
  for i = 0, count - 1 do
    local place, wanted = struct.unpack('<dd', ARGV[2], first + i * 16)
    local bucket = buckets[place]
    if enough == 1 and wanted > 0 then
      bucket.level, bucket.changed = bucket.level - wanted, true
    end
    answers[#answers + 1] = bucket.level
  end
  position = first + count * 16
end

for i, bucket in ipairs(buckets) do
  local missing = bucket.capacity - bucket.level
  if missing <= 0 then
    if held[i] then
      redis.call('DEL', KEYS[i])
    end
  elseif bucket.changed then
    local value = string.format('%.0f %.0f', bucket.level, bucket.at)
    if bucket.refill > 0 then -- forgotten only when it is full again
      local milliseconds = math.ceil(missing / bucket.refill * 1000) + 1000
      redis.call('SET', KEYS[i], value, 'PX', string.format('%.0f', milliseconds))
    else
      redis.call('SET', KEYS[i], value)
    end
  end
end
return answers
