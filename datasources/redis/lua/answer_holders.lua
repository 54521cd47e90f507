-- Answer holders: what the scripts about leases on local answers begin with.
-- The hash of holders has per process "when its lease was given, epoch, sequence that it has seen", beside:
-- @instance  the server's run id
-- @since     when the hash was begun: leases that were given before may be missing in it
local function holders(key)
  local found = redis.call('HMGET', key, '@instance', '@since')
  local here = instance()
  if found[1] == here and found[2] then
    return tonumber(found[2])
  end
  local since = clock()
  redis.call('DEL', key)
  redis.call('HSET', key, '@instance', here, '@since', since)
  return since
end
