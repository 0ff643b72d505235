-- Counts one code against every limit, or refuses and counts nothing.
--   KEYS[i]  a log of the codes of one phone, address, network, browser or of
--            the whole site: a sorted set of unique marks by time in ms
--   ARGV[1]  mark of this code
--   ARGV[2]  hash of the phone
--   ARGV[3]  how many limits follow: key number, window in ms, most in the window
--   then     number of the key that logs the phones of an address, window, most
-- Answers {0, 0}, or {number of the limit that refused, ms until it would not}.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local count = tonumber(ARGV[3])
local keep = {}
for i = 1, count do
  local key = KEYS[tonumber(ARGV[1 + i * 3])]
  local window = tonumber(ARGV[2 + i * 3])
  local most = tonumber(ARGV[3 + i * 3])
  keep[key] = math.max(keep[key] or 0, window)
  local from = '(' .. string.format('%.0f', now - window)
  if redis.call('ZCOUNT', key, from, '+inf') >= most then
    local blocking = redis.call('ZREVRANGE', key, most - 1, most - 1, 'WITHSCORES')
    return {i, math.max(1, tonumber(blocking[2]) + window - now)}
  end
end
local phones = KEYS[tonumber(ARGV[4 + count * 3])]
local day = tonumber(ARGV[5 + count * 3])
local most = tonumber(ARGV[6 + count * 3])
redis.call('ZREMRANGEBYSCORE', phones, '-inf', string.format('%.0f', now - day))
if not redis.call('ZSCORE', phones, ARGV[2]) and redis.call('ZCARD', phones) >= most then
  local oldest = redis.call('ZRANGE', phones, 0, 0, 'WITHSCORES')
  return {count + 1, math.max(1, tonumber(oldest[2]) + day - now)}
end
redis.call('ZADD', phones, string.format('%.0f', now), ARGV[2])
redis.call('PEXPIRE', phones, day)
for key, window in pairs(keep) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now - window))
  redis.call('ZADD', key, string.format('%.0f', now), ARGV[1])
  redis.call('PEXPIRE', key, window)
end
return {0, 0}
