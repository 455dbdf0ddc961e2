// SPDX-License-Identifier: Apache-2.0
#include "store/redis_scripts.h"

#include <openssl/evp.h>

namespace gw::store {
namespace {

constexpr std::string_view kCommon = R"lua(
local P = '{gw}:'
local call = redis.call
local DAY = 86400
local function text(n) return string.format('%.0f', n) end
local function seconds(n) return text(math.max(1, n)) end
-- To the longer of what it has and `ttl`.
local function keep(key, ttl)
  if call('TTL', key) < ttl then call('EXPIRE', key, seconds(ttl)) end
end
)lua";

constexpr std::string_view kFamilies = R"lua(
local function family(id)
  local f = call('HMGET', P..'f:'..id, 'b', 'g', 'r', 'c', 'x', 'u', 's', 'v')
  if not f[1] then return nil end
  return {blob = f[1], generation = tonumber(f[2]), revoked = f[3] == '1', created = tonumber(f[4]),
          expires = tonumber(f[5]), used = tonumber(f[6]), subject = f[7], revocation = f[8]}
end
local function standing(f, now)
  local epoch = math.max(tonumber(call('GET', P..'e:'..f.subject) or '-1'), tonumber(call('GET', P..'e') or '-1'))
  if f.revoked or f.created <= epoch then return 'revoked' end
  if f.expires <= now then return 'expired' end
  return 'rotated'
end
local function token(hash)
  local v = call('GET', P..'t:'..hash)
  if not v then return nil end
  return string.sub(v, 1, 16), tonumber(string.sub(v, 17))
end
)lua";

constexpr std::string_view kRevocations = R"lua(
-- Again only widens. Returns the id in the stream.
local function record(id, kind, at, till, ends, sealed)
  local old = call('HGET', P..'rv', id)
  if old then
    local _, _, _, a, u, n = string.find(old, '^(%d+) (%-?%d+) (%-?%d+) (%d) ')
    at = math.max(at, tonumber(a))
    till = math.max(till, tonumber(u))
    ends = math.max(ends, tonumber(n))
  end
  local v = kind..' '..text(at)..' '..text(till)..' '..text(ends)..' '..sealed
  call('HSET', P..'rv', id, v)
  call('ZADD', P..'rx', text(till), id)
  -- A replica whose clock goes before ours has an hour.
  for _, due in ipairs(call('ZRANGEBYSCORE', P..'rx', '-inf', text(at - 3600), 'LIMIT', 0, 8)) do
    call('HDEL', P..'rv', due)
    call('ZREM', P..'rx', due)
  end
  return call('XADD', P..'rs', 'MAXLEN', '~', 100000, '*', 'r', id, 'v', v), at
end
)lua";

// id, token, blob, created, expires, subject, revocation, now
constexpr std::string_view kOpenFamily = R"lua(
local id, hash, blob, created, expires, subject, revocation, now = unpack(ARGV)
if call('EXISTS', P..'f:'..id, P..'t:'..hash) > 0 then
  return redis.error_reply('EXISTS there is such a family or token already')
end
local ttl = tonumber(expires) - tonumber(now) + DAY
call('HSET', P..'f:'..id, 'b', blob, 'g', '0', 'r', '0', 'c', created, 'x', expires, 'u', '0', 's', subject,
     'v', revocation)
call('EXPIRE', P..'f:'..id, seconds(ttl))
call('SET', P..'t:'..hash, id..'0', 'EX', seconds(ttl))
call('ZREMRANGEBYSCORE', P..'s:'..subject, '-inf', text(tonumber(now) - DAY))
call('ZADD', P..'s:'..subject, expires, id)
keep(P..'s:'..subject, ttl)
return 1
)lua";

// id, blob, created, expires, subject, revocation, now, generation, revoked, used, then each token and its
// generation
constexpr std::string_view kRestoreFamily = R"lua(
local id, blob, created, expires, subject, revocation, now, generation, revoked, used = unpack(ARGV, 1, 10)
if call('EXISTS', P..'f:'..id) == 1 then return 0 end
local ttl = tonumber(expires) - tonumber(now) + DAY
call('HSET', P..'f:'..id, 'b', blob, 'g', generation, 'r', revoked, 'c', created, 'x', expires, 'u', used, 's',
     subject, 'v', revocation)
call('EXPIRE', P..'f:'..id, seconds(ttl))
for i = 11, #ARGV, 2 do call('SET', P..'t:'..ARGV[i], id..ARGV[i + 1], 'EX', seconds(ttl)) end
call('ZADD', P..'s:'..subject, expires, id)
keep(P..'s:'..subject, ttl)
return 1
)lua";

// token, successor, now, grace or -1, access_until
constexpr std::string_view kRotate = R"lua(
local hash, successor = ARGV[1], ARGV[2]
local now, grace, access_until = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local id, generation = token(hash)
local f = id and family(id)
if not f then return {'unknown'} end
local state = standing(f, now)
if state ~= 'rotated' then return {state, id, f.blob, text(f.used)} end

if generation == f.generation then
  if call('EXISTS', P..'t:'..successor) == 1 then
    return redis.error_reply('EXISTS there is such a token already')
  end
  call('HSET', P..'f:'..id, 'g', text(generation + 1), 'u', text(now))
  call('SET', P..'t:'..successor, id..text(generation + 1), 'EX', seconds(call('TTL', P..'f:'..id)))
  return {'rotated', id, f.blob, text(now)}
end

-- The previous token was used when the current one was made.
if generation + 1 == f.generation and grace >= 0 and now - f.used <= grace then
  local family_of, current = token(successor)
  if family_of ~= id or current ~= f.generation then
    return redis.error_reply('KEY the key of refresh tokens is not the one of the last refresh')
  end
  return {'repeated', id, f.blob, text(f.used)}
end

-- RFC 9700 4.14.2: one of the two who hold this token is not its owner.
call('HSET', P..'f:'..id, 'r', '1')
return {'reused', id, f.blob, text(f.used), (record(id, '1', now, access_until, 1, f.revocation))}
)lua";

// token, now
constexpr std::string_view kFindFamily = R"lua(
local id = token(ARGV[1])
local f = id and family(id)
if not f then return {'unknown'} end
return {standing(f, tonumber(ARGV[2])), id, f.blob, text(f.used)}
)lua";

// subject, now
constexpr std::string_view kListFamilies = R"lua(
local found = {}
for _, id in ipairs(call('ZREVRANGE', P..'s:'..ARGV[1], 0, 4999)) do
  local f = family(id)
  if f and standing(f, tonumber(ARGV[2])) == 'rotated' then
    found[#found + 1] = id
    found[#found + 1] = f.blob
    found[#found + 1] = text(f.used)
  end
end
return found
)lua";

// id, kind, at, until, ends, sealed, family or subject
constexpr std::string_view kRevoke = R"lua(
local kind, ends, named = ARGV[2], tonumber(ARGV[5]), ARGV[7]
local at, till = tonumber(ARGV[3]), tonumber(ARGV[4])
local stream_id, widened = record(ARGV[1], kind, at, till, ends, ARGV[6])
if ends == 0 then return stream_id end
if kind == '1' and call('EXISTS', P..'f:'..named) == 1 then call('HSET', P..'f:'..named, 'r', '1') end
if kind == '2' then
  local key = P..'e:'..named
  local last = call('ZREVRANGE', P..'s:'..named, 0, 0, 'WITHSCORES')
  local ttl = math.max(till, tonumber(last[2] or '0')) - at + DAY
  ttl = math.max(ttl, call('TTL', key))
  call('SET', key, text(math.max(widened, tonumber(call('GET', key) or '-1'))), 'EX', seconds(ttl))
end
if kind == '3' then call('SET', P..'e', text(math.max(widened, tonumber(call('GET', P..'e') or '-1')))) end
return stream_id
)lua";

// now, failures, within, lock, longest, nonce, then for each counter its id, followed by the ids of subjects
constexpr std::string_view kReserveAttempt = R"lua(
local now, failures, within = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local lock, longest = tonumber(ARGV[4]), tonumber(ARGV[5])
local function lock_of(id)
  local v = call('GET', P..'l:'..id)
  if not v then return 0, 0 end
  local _, _, till, times = string.find(v, '^(%-?%d+) (%d+)$')
  return tonumber(till), tonumber(times)
end
-- What is refused is not counted: knocking at a locked door must not keep it locked.
local wait = 0
for i = 7, #ARGV do wait = math.max(wait, (lock_of(string.sub(ARGV[i], 1, 16))) - now) end
if wait > 0 then return {0, wait} end
for i = 7, #ARGV do
  local id = string.sub(ARGV[i], 1, 16)
  local attempts = P..'a:'..id
  call('ZADD', attempts, text(now + within), ARGV[6]..i)
  call('ZREMRANGEBYSCORE', attempts, '-inf', text(now))
  if call('ZCARD', attempts) >= failures then
    -- The last attempt that is allowed locks the door behind it; if it succeeds, it is opened.
    call('DEL', attempts)
    local till, times = lock_of(id)
    if till <= now - DAY then times = 0 end
    local spell, n = lock, 0
    while n < times and spell < longest do
      spell = spell * 2
      n = n + 1
    end
    till = math.max(till, now + math.min(spell, longest))
    call('SET', P..'l:'..id, text(till)..' '..text(times + 1), 'EX', seconds(till - now + DAY))
  else
    call('EXPIRE', attempts, seconds(within))
  end
  for at = 17, #ARGV[i], 16 do
    local pairs_of = P..'k:'..string.sub(ARGV[i], at, at + 15)
    call('SADD', pairs_of, id)
    keep(pairs_of, within + longest + DAY)
  end
end
return {1, 0}
)lua";

// ids
constexpr std::string_view kClearAttempts = R"lua(
for _, id in ipairs(ARGV) do call('DEL', P..'a:'..id, P..'l:'..id) end
return 1
)lua";

// subject, address, now
constexpr std::string_view kRememberAddress = R"lua(
local key, now = P..'ad:'..ARGV[1], tonumber(ARGV[3])
local seen = tonumber(call('HGET', key, ARGV[2]) or '0')
call('HSET', key, ARGV[2], text(math.max(seen, now)))
if call('HLEN', key) > 64 then
  local all = call('HGETALL', key)
  for i = 1, #all, 2 do
    if tonumber(all[i + 1]) <= now - 30 * DAY then call('HDEL', key, all[i]) end
  end
end
call('EXPIRE', key, 31 * DAY)
return 1
)lua";

// the account's counter, subject
constexpr std::string_view kUnlock = R"lua(
call('DEL', P..'a:'..ARGV[1], P..'l:'..ARGV[1])
for _, id in ipairs(call('SMEMBERS', P..'k:'..ARGV[2])) do call('DEL', P..'a:'..id, P..'l:'..id) end
call('DEL', P..'k:'..ARGV[2])
return 1
)lua";

constexpr std::string_view kRecords = R"lua(
local kind, id = ARGV[1], ARGV[2]
local key, index = P..'r'..kind..':'..id, P..'ri'..kind
local function owned(owner) return P..'ro'..kind..':'..owner end
local function put(owner, till, now, digest, sealed)
  local before = call('HGET', key, 'o')
  local ttl = till - now
  call('HSET', key, 'o', owner, 'u', text(till), 'd', digest, 'b', sealed)
  call('EXPIRE', key, seconds(ttl))
  if before and before ~= '' and before ~= owner then call('SREM', owned(before), id) end
  call('SADD', index, id)
  if owner ~= '' then
    call('SADD', owned(owner), id)
    keep(owned(owner), ttl)
  end
  -- Those that ended by themselves leave the index a few at a time.
  for _, some in ipairs(call('SRANDMEMBER', index, 3)) do
    if call('EXISTS', P..'r'..kind..':'..some) == 0 then call('SREM', index, some) end
  end
end
)lua";

// kind, id, owner, until, now, digest, sealed
constexpr std::string_view kPutRecord = R"lua(
put(ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], ARGV[7])
return 1
)lua";

// The same, and the digest of what it replaces; empty: nothing is there.
constexpr std::string_view kSwapRecord = R"lua(
if (call('HGET', key, 'd') or '') ~= ARGV[8] then return 0 end
put(ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], ARGV[7])
return 1
)lua";

// kind, id, now, whether the owner's others go, too
constexpr std::string_view kTakeRecord = R"lua(
local f = call('HMGET', key, 'b', 'u', 'o')
if not f[1] or tonumber(f[2]) <= tonumber(ARGV[3]) then return false end
call('DEL', key)
call('SREM', index, id)
if f[3] == '' then return f[1] end
call('SREM', owned(f[3]), id)
if ARGV[4] == '1' then
  for _, other in ipairs(call('SMEMBERS', owned(f[3]))) do
    call('DEL', P..'r'..kind..':'..other)
    call('SREM', index, other)
  end
  call('DEL', owned(f[3]))
end
return f[1]
)lua";

// kind, owner or empty, now
constexpr std::string_view kListRecords = R"lua(
local set = id == '' and index or owned(id)
local found = {}
for _, each in ipairs(call('SMEMBERS', set)) do
  local f = call('HMGET', P..'r'..kind..':'..each, 'b', 'u')
  if f[1] and tonumber(f[2]) > tonumber(ARGV[3]) then
    found[#found + 1] = each
    found[#found + 1] = f[1]
  end
end
return found
)lua";

// name, who, milliseconds
constexpr std::string_view kLead = R"lua(
local key = P..'ld:'..ARGV[1]
local leader = call('GET', key)
if leader and leader ~= ARGV[2] then return 0 end
call('SET', key, ARGV[2], 'PX', ARGV[3])
return 1
)lua";

// id, interval, capacity, wanted, day, quota, wanted: see RateLease. The clock is that of Redis.
constexpr std::string_view kLease = R"lua(
local id, interval, capacity, want = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local day, quota, quota_want = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local time = call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local rate, today = P..'rl:'..id, P..'rd:'..id..':'..day
local used, granted, spent, from_quota = 0, 0, 0, 0
if interval > 0 then
  used = math.max(0, tonumber(call('GET', rate) or '0') - now)
  granted = math.max(0, math.min(want, math.floor((capacity - used) / interval)))
end
if quota > 0 then
  spent = tonumber(call('GET', today) or '0')
  from_quota = math.max(0, math.min(quota_want, quota - spent))
end
-- A request needs both.
if interval > 0 and quota > 0 and (granted == 0 or from_quota == 0) then granted, from_quota = 0, 0 end
if granted > 0 then
  used = used + granted * interval
  call('SET', rate, text(now + used), 'PX', seconds(math.ceil(used / 1000)))
end
if from_quota > 0 then
  spent = spent + from_quota
  call('SET', today, text(spent), 'EX', 2 * DAY)
end
return {granted, text(used), from_quota, spent}
)lua";

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string all;
  for (const std::string_view part : parts) all += part;
  return all;
}

}  // namespace

RedisScript::RedisScript(std::string_view body, Use use) : body_(body), use_(use) {
  // That by which Redis knows it; nothing rests on its strength.
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(body_.data(), body_.size(), digest, &length, EVP_sha1(), nullptr);
  static constexpr char kHex[] = "0123456789abcdef";
  for (unsigned i = 0; i < length; ++i) {
    sha_ += kHex[digest[i] >> 4];
    sha_ += kHex[digest[i] & 15];
  }
}

const RedisScripts& RedisScripts::all() {
  constexpr auto kReads = RedisScript::Use::reads, kWrites = RedisScript::Use::writes;
  static const RedisScripts scripts{
      RedisScript(joined({kCommon, kOpenFamily}), kWrites),
      RedisScript(joined({kCommon, kRestoreFamily}), kWrites),
      RedisScript(joined({kCommon, kFamilies, kRevocations, kRotate}), kWrites),
      RedisScript(joined({kCommon, kFamilies, kFindFamily}), kReads),
      RedisScript(joined({kCommon, kFamilies, kListFamilies}), kReads),
      RedisScript(joined({kCommon, kRevocations, kRevoke}), kWrites),
      RedisScript(joined({kCommon, kReserveAttempt}), kWrites),
      RedisScript(joined({kCommon, kClearAttempts}), kWrites),
      RedisScript(joined({kCommon, kRememberAddress}), kWrites),
      RedisScript(joined({kCommon, kUnlock}), kWrites),
      RedisScript(joined({kCommon, kRecords, kPutRecord}), kWrites),
      RedisScript(joined({kCommon, kRecords, kTakeRecord}), kWrites),
      RedisScript(joined({kCommon, kRecords, kListRecords}), kReads),
      RedisScript(joined({kCommon, kRecords, kSwapRecord}), kWrites),
      RedisScript(joined({kCommon, kLead}), kWrites),
      RedisScript(joined({kCommon, kLease}), kWrites),
  };
  return scripts;
}

}  // namespace gw::store
