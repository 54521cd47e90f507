-- Document register: keeps a text under its hash, unless its client has brought too many new ones.
-- KEYS  text, count of the client's new texts
-- ARGV  text, milliseconds to live, most new texts of one client, milliseconds they are counted for
-- Answers 1, stored; 0, known already and renewed; -1, refused for the count.
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 0
end
if tonumber(redis.call('GET', KEYS[2]) or '0') >= tonumber(ARGV[3]) then
  return -1
end
if redis.call('INCR', KEYS[2]) == 1 then
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
