-- Answer state: what the other answer scripts begin with; it runs nothing by itself.
-- The hash of versions holds per tag the number of its last bump, beside:
-- @epoch     a name that never comes again; an answer of another epoch is good for nothing
-- @instance  the server's run id: one that restarted or took over may lack the latest bumps
-- @sequence  how many bumps this epoch has seen
local function clock()
  local now = redis.call('TIME')
  return now[1] * 1000 + math.floor(now[2] / 1000)
end

local function instance()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end

local function begin(versions, epoch)
  redis.call('DEL', versions)
  redis.call('HSET', versions, '@epoch', epoch, '@instance', instance(), '@sequence', 0)
  return epoch, 0
end

-- The epoch and its sequence; whatever was lost begins the epoch that the caller proposes.
local function current(versions, proposed)
  local found = redis.call('HMGET', versions, '@epoch', '@instance', '@sequence')
  if found[1] and found[2] == instance() then
    return found[1], tonumber(found[3])
  end
  return begin(versions, proposed)
end

-- Whether none of the tags (a text, one a line) was bumped after `sequence`.
local function unchanged(versions, tags, sequence)
  local names = {}
  for tag in string.gmatch(tags, '[^\n]+') do
    names[#names + 1] = tag
  end
  if #names == 0 then
    return true
  end
  for _, version in ipairs(redis.call('HMGET', versions, unpack(names))) do
    if version and tonumber(version) > sequence then
      return false
    end
  end
  return true
end
