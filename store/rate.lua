-- KEYS[1]: a bucket. ARGV: tokens a second, tokens wanted, tokens left for others.
-- Answers how many tokens were taken; see Rates.Take.
local persecond, want, reserve = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(bucket[1]), tonumber(bucket[2])
if not tokens or not at then
  tokens, at = persecond, now
end
tokens = math.min(persecond, tokens + math.max(0, now - at) / 1000 * persecond)
local got = want
if want > 0 then
  got = math.max(0, math.min(want, math.floor(tokens - reserve)))
end
tokens = math.min(persecond, tokens - got)
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
redis.call('PEXPIRE', KEYS[1], 60000)
return got
