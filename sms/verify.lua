-- Compares one guess and, when it is right, uses the code up in the same step.
--   KEYS[1]  the challenge of one phone and purpose
--   KEYS[2]  the log of this phone's wrong guesses
--   ARGV     MAC of the guess, browser, tries per challenge,
--            failures per hour, the hour in ms, mark of this guess
-- Answers {word, number}: ok; missing; used; expired; wrong with the tries left;
-- dead (all tries are used); locked with the ms to wait.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local c = redis.call('HMGET', KEYS[1], 'mac', 'browser', 'until', 'tries', 'used')
if not c[2] or c[2] ~= ARGV[2] then return {'missing', 0} end
if c[5] then return {'used', 0} end
if tonumber(c[3]) <= now then return {'expired', 0} end
local tries, most = tonumber(c[4]), tonumber(ARGV[3])
if tries >= most then return {'dead', 0} end
local failures, hour = tonumber(ARGV[4]), tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now - hour))
if redis.call('ZCARD', KEYS[2]) >= failures then
  local blocking = redis.call('ZREVRANGE', KEYS[2], failures - 1, failures - 1, 'WITHSCORES')
  return {'locked', math.max(1, tonumber(blocking[2]) + hour - now)}
end
if c[1] == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'mac')
  redis.call('HSET', KEYS[1], 'used', '1')
  return {'ok', 0}
end
redis.call('HSET', KEYS[1], 'tries', tostring(tries + 1))
redis.call('ZADD', KEYS[2], string.format('%.0f', now), ARGV[6])
redis.call('PEXPIRE', KEYS[2], hour)
if tries + 1 >= most then return {'dead', 0} end
return {'wrong', most - tries - 1}
