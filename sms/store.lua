-- Puts a new challenge in the place of the one before it.
--   KEYS[1]  the challenge of one phone and purpose
--   ARGV     MAC of the code, browser, life in ms, how long to remember in ms
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'mac', ARGV[1], 'browser', ARGV[2],
  'until', string.format('%.0f', now + ARGV[3]), 'tries', '0')
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
