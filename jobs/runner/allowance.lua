-- One request of a connection: 0 when it may be sent now, else the milliseconds until it is worth asking again.
-- KEYS: the moments of the requests of the last while, those of them that were retries, the mark of waiting fresh work.
-- ARGV: the most requests, in so many milliseconds, 1 for a retry, a name for this request.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local most, span, retry = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1'
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - span)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - span)

local function free_at(key)
  local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return math.max(oldest[2] + span - now, 1)
end

if retry and redis.call('EXISTS', KEYS[3]) == 1 then
  -- Fresh changes wait: retries get a quarter, and at least one, so that they are not given up altogether.
  if redis.call('ZCARD', KEYS[2]) >= math.max(math.floor(most / 4), 1) then
    return math.max(math.min(free_at(KEYS[2]), redis.call('PTTL', KEYS[3])), 1)
  end
end
if redis.call('ZCARD', KEYS[1]) >= most then
  local wait = free_at(KEYS[1])
  if not retry then redis.call('SET', KEYS[3], '1', 'PX', wait + span) end
  return wait
end
for number, key in ipairs({KEYS[1], KEYS[2]}) do
  if number == 1 or retry then
    redis.call('ZADD', key, now, ARGV[4])
    redis.call('PEXPIRE', key, span)
  end
end
return 0
