// SPDX-License-Identifier: Apache-2.0
#include "store/redis_store.h"

#include <pthread.h>

#include <algorithm>
#include <future>
#include <utility>

#include "base/log.h"

namespace gw::store {
namespace {

using resp::Value;

constexpr std::size_t kMostFamilies = 1000;

// Times are kept in whole seconds; rounding up never cuts short what was configured.
std::string seconds_text(Duration duration) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(duration).count());
}

std::string hex_text(std::uint64_t number) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += kHex[number >> shift & 15];
  return text;
}

Result<std::monostate> read_done(const Value&) {
  return std::monostate{};
}
Result<bool> read_yes(const Value& reply) {
  if (reply.kind != Value::Kind::integer) return unexpected_reply();
  return reply.integer == 1;
}

// "known:ADDRESS:SUBJECT": either may have colons, so each of them may be where the subject begins.
std::string possible_subjects(const RedisCodec& codec, std::string_view key) {
  constexpr std::string_view kKnown = "known:";
  constexpr int kMostColons = 16;
  std::string ids;
  if (!key.starts_with(kKnown)) return ids;
  std::size_t at = kKnown.size();
  for (int i = 0; i < kMostColons; ++i) {
    at = key.find(':', at);
    if (at == std::string_view::npos) break;
    ids += codec.subject_id(key.substr(++at));
  }
  return ids;
}

Duration shortest_timeout(Duration timeout) {
  return std::max<Duration>(timeout, 1ms);
}

}  // namespace

RedisStore::RedisStore(Options options)
    : options_(std::move(options)),
      sealer_(options_.encryption_keys),
      client_(loop_, deadlines_, dialer_, options_.redis),
      tail_(loop_, deadlines_, dialer_, options_.redis,
            [this](const Revocation& revocation) { feed_.publish(revocation); }) {}

Result<std::unique_ptr<RedisStore>> RedisStore::open(Options options) {
  options.redis.timeout = shortest_timeout(options.redis.timeout);
  std::unique_ptr<RedisStore> store(new RedisStore(std::move(options)));
  if (Status started = store->start(); !started) return started.error();
  return store;
}

RedisStore::~RedisStore() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

Status RedisStore::start() {
  std::promise<Status> opened;
  auto answer = opened.get_future();
  on_open_ = [&opened](Status status) { opened.set_value(std::move(status)); };
  client_.on_connected([this] { prove(); });
  loop_.post([this] { client_.start(); });
  thread_ = std::thread([this] { loop_.run(); });
  pthread_setname_np(thread_.native_handle(), "store");
  if (answer.wait_for(options_.start_timeout) == std::future_status::ready) return answer.get();
  // The promise goes: nobody may keep it.
  std::promise<Status> withdrawn;
  loop_.post([&] {
    if (on_open_) {
      on_open_ = {};
      opened.set_value(store_error("not reached: " + client_.trouble()));
    }
    withdrawn.set_value({});
  });
  (void)withdrawn.get_future().get();
  return answer.get();
}

StoreHealth RedisStore::health() const {
  const std::lock_guard lock(mutex_);
  StoreHealth health = health_;
  health.lag = tail_.lag();
  return health;
}

template <class T, class MakeWords, class Read>
net::Operation RedisStore::ask(net::EventLoop& loop, const RedisScript& script, MakeWords words, Read read,
                               Done<T> done) {
  auto work = [this, &script, words = std::move(words), read = std::move(read)](auto finish) mutable {
    run(script, words(), [read = std::move(read), finish](Result<Value> reply) mutable {
      if (!reply) return finish(reply.error());
      finish(read(*reply));
    });
  };
  return submit<T>(loop, std::move(work), std::move(done));
}

// Notes how it is, and makes an error of what Redis calls one.
RedisStore::Reply RedisStore::judged(Reply done) {
  return [this, done = std::move(done)](Result<Value> reply) mutable {
    {
      const std::lock_guard lock(mutex_);
      health_.up = reply.ok();
      health_.trouble = reply ? std::string() : reply.error().detail;
      health_.reconnects = client_.reconnects();
    }
    if (reply && reply->kind == Value::Kind::error) return done(store_error(reply->text));
    done(std::move(reply));
  };
}

void RedisStore::call(const Words& words, Reply done) {
  client_.call({words.begin(), words.end()}, judged(std::move(done)));
}

// A Redis that dies takes with it what none of its replicas has: what is acknowledged some have.
RedisStore::Reply RedisStore::after_replicas(Reply done) {
  return [this, done = std::move(done)](Result<Value> reply) mutable {
    if (!reply || reply->kind == Value::Kind::error) return done(std::move(reply));
    const std::string replicas = std::to_string(options_.replicas);
    const std::string timeout = std::to_string(options_.redis.timeout.count());
    client_.call({"WAIT", replicas, timeout},
                 [this, reply = std::move(reply), done = std::move(done)](Result<Value> have) mutable {
                   if (!have) return done(std::move(have));
                   if (have->integer < static_cast<std::int64_t>(options_.replicas))
                     return done(store_error("too few replicas of redis have what was written"));
                   done(std::move(reply));
                 });
  };
}

void RedisStore::run(const RedisScript& script, Words words, Reply done) {
  const bool waits = script.writes() && options_.replicas > 0;
  if (waits) done = after_replicas(std::move(done));
  std::vector<std::string_view> command{"EVALSHA", script.sha(), "1", kRedisPrefix};
  command.insert(command.end(), words.begin(), words.end());
  client_.call(command, [this, &script, words, done = judged(std::move(done))](Result<Value> reply) mutable {
    if (!reply || !reply->is_error("NOSCRIPT")) return done(std::move(reply));
    std::vector<std::string_view> whole{"EVAL", script.body(), "1", kRedisPrefix};
    whole.insert(whole.end(), words.begin(), words.end());
    client_.call(whole, std::move(done));
  });
}

// Before the answer: who learns that a session has ended finds it ended.
void RedisStore::publish(const Revocation& revocation, const std::string& stream_id) {
  if (tail_.is_news(stream_id)) feed_.publish(revocation);
}

net::Operation RedisStore::open_family(net::EventLoop& loop, Family family, std::string token_hash,
                                       WallSeconds now, Done<std::monostate> done) {
  auto words = [this, family = std::move(family), hash = std::move(token_hash), now] {
    const Revocation session{RevokedKind::session, family.id, 0, 0};
    return Words{codec_->family_id(family.id),      hash,
                 codec_->seal_family(family),       std::to_string(family.created_at),
                 std::to_string(family.expires_at), codec_->subject_id(family.subject),
                 codec_->seal_revocation(session),  std::to_string(now)};
  };
  return ask<std::monostate>(loop, RedisScripts::all().open_family, std::move(words), read_done,
                             std::move(done));
}

net::Operation RedisStore::rotate(net::EventLoop& loop, Presented token, WallSeconds now,
                                  Done<Rotation> done) {
  const WallSeconds access_until = token.access_until;
  auto words = [token = std::move(token), now] {
    return Words{token.hash, token.successor_hash, std::to_string(now),
                 token.grace > Duration::zero() ? seconds_text(token.grace) : "-1",
                 std::to_string(token.access_until)};
  };
  auto read = [this, now, access_until](const Value& reply) -> Result<Rotation> {
    auto rotation = codec_->read_rotation(reply);
    if (!rotation) return rotation;
    const bool serves =
        rotation->outcome == RotateOutcome::rotated || rotation->outcome == RotateOutcome::repeated;
    if (serves && rotation->family.expires_at <= now) rotation->outcome = RotateOutcome::expired;
    if (rotation->outcome == RotateOutcome::reused && reply.list.size() == 5)
      publish({RevokedKind::session, rotation->family.id, now, access_until}, reply.list[4].text);
    return rotation;
  };
  return ask<Rotation>(loop, RedisScripts::all().rotate, std::move(words), std::move(read), std::move(done));
}

net::Operation RedisStore::find_family(net::EventLoop& loop, std::string token_hash, WallSeconds now,
                                       Done<Rotation> done) {
  auto words = [hash = std::move(token_hash), now] { return Words{hash, std::to_string(now)}; };
  auto read = [this](const Value& reply) { return codec_->read_rotation(reply); };
  return ask<Rotation>(loop, RedisScripts::all().find_family, std::move(words), std::move(read),
                       std::move(done));
}

net::Operation RedisStore::list_families(net::EventLoop& loop, std::string subject, WallSeconds now,
                                         Done<std::vector<Family>> done) {
  auto words = [this, subject = std::move(subject), now] {
    return Words{codec_->subject_id(subject), std::to_string(now)};
  };
  auto read = [this](const Value& reply) -> Result<std::vector<Family>> {
    std::vector<Family> found;
    for (std::size_t i = 0; i + 2 < reply.list.size(); i += 3) {
      auto family = codec_->open_family(reply.list[i].text, reply.list[i + 1].text, reply.list[i + 2].text);
      if (!family) return family.error();
      found.push_back(std::move(*family));
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Family& a, const Family& b) { return a.created_at > b.created_at; });
    if (found.size() > kMostFamilies) found.resize(kMostFamilies);
    return found;
  };
  return ask<std::vector<Family>>(loop, RedisScripts::all().list_families, std::move(words), std::move(read),
                                  std::move(done));
}

net::Operation RedisStore::revoke(net::EventLoop& loop, Revocation revocation, Done<std::monostate> done) {
  auto words = [this, revocation] { return words_of(revocation); };
  auto read = [this, revocation](const Value& reply) -> Result<std::monostate> {
    if (reply.kind != Value::Kind::text) return unexpected_reply();
    publish(revocation, reply.text);
    return std::monostate{};
  };
  return ask<std::monostate>(loop, RedisScripts::all().revoke, std::move(words), std::move(read),
                             std::move(done));
}

net::Operation RedisStore::watch_revocations(net::EventLoop& loop, RevocationWatcher on_revoked) {
  return feed_.watch(loop, std::move(on_revoked));
}

net::Operation RedisStore::load_revocations(net::EventLoop& loop, WallSeconds now,
                                            Done<std::vector<Revocation>> done) {
  auto work = [this, now](auto finish) {
    scan_revocations("0", std::make_shared<std::vector<Revocation>>(), now, std::move(finish));
  };
  return submit<std::vector<Revocation>>(loop, std::move(work), std::move(done));
}

// By pieces: whatever comes meanwhile, the feed tells.
void RedisStore::scan_revocations(std::string cursor, std::shared_ptr<std::vector<Revocation>> found,
                                  WallSeconds now, Callback<void(Result<std::vector<Revocation>>)> finish) {
  call({"HSCAN", std::string(kRedisPrefix) + "rv", std::move(cursor), "COUNT", "1000"},
       [this, found = std::move(found), now, finish = std::move(finish)](Result<Value> reply) mutable {
         if (!reply) return finish(reply.error());
         if (reply->list.size() != 2) return finish(unexpected_reply());
         const std::vector<Value>& pairs = reply->list[1].list;
         for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
           auto revocation = codec_->open_revocation(pairs[i].text, pairs[i + 1].text);
           if (!revocation) return finish(revocation.error());
           if (revocation->until > now) found->push_back(std::move(*revocation));
         }
         const std::string next = reply->list[0].text;
         if (next != "0") return scan_revocations(next, std::move(found), now, std::move(finish));
         finish(std::move(*found));
       });
}

net::Operation RedisStore::reserve_attempt(net::EventLoop& loop, std::vector<std::string> keys,
                                           LockoutPolicy policy, WallSeconds now, Done<Attempt> done) {
  if (policy.failures == 0) {
    return submit<Attempt>(
        loop, [](auto finish) { finish(Attempt()); }, std::move(done));
  }
  auto words = [this, keys = std::move(keys), policy, now] {
    Words all{std::to_string(now),
              std::to_string(policy.failures),
              seconds_text(policy.within),
              seconds_text(policy.lock),
              seconds_text(std::max(policy.lock, policy.longest_lock)),
              make_random_bytes(12)};
    for (const std::string& key : keys)
      all.push_back(codec_->id_of("counter", key) + possible_subjects(*codec_, key));
    return all;
  };
  auto read = [](const Value& reply) -> Result<Attempt> {
    if (reply.list.size() != 2) return unexpected_reply();
    return Attempt{reply.list[0].integer == 1, std::chrono::seconds(reply.list[1].integer)};
  };
  return ask<Attempt>(loop, RedisScripts::all().reserve_attempt, std::move(words), std::move(read),
                      std::move(done));
}

net::Operation RedisStore::clear_attempts(net::EventLoop& loop, std::vector<std::string> keys,
                                          Done<std::monostate> done) {
  auto words = [this, keys = std::move(keys)] {
    Words ids;
    for (const std::string& key : keys) ids.push_back(codec_->id_of("counter", key));
    return ids;
  };
  return ask<std::monostate>(loop, RedisScripts::all().clear_attempts, std::move(words), read_done,
                             std::move(done));
}

net::Operation RedisStore::remember_address(net::EventLoop& loop, std::string subject, std::string address,
                                            WallSeconds now, Done<std::monostate> done) {
  auto words = [this, subject = std::move(subject), address = std::move(address), now] {
    return Words{codec_->subject_id(subject), codec_->id_of("address", address), std::to_string(now)};
  };
  return ask<std::monostate>(loop, RedisScripts::all().remember_address, std::move(words), read_done,
                             std::move(done));
}

net::Operation RedisStore::knows_address(net::EventLoop& loop, std::string subject, std::string address,
                                         WallSeconds now, Done<bool> done) {
  auto work = [this, subject = std::move(subject), address = std::move(address), now](auto finish) {
    call({"HGET", std::string(kRedisPrefix) + "ad:" + codec_->subject_id(subject),
          codec_->id_of("address", address)},
         [now, finish](Result<Value> reply) mutable {
           if (!reply) return finish(reply.error());
           if (reply->is_null()) return finish(false);
           const auto seen = parse_int(reply->text);
           if (!seen) return finish(unexpected_reply());
           finish(*seen > now - kAddressMemory);
         });
  };
  return submit<bool>(loop, std::move(work), std::move(done));
}

net::Operation RedisStore::unlock(net::EventLoop& loop, std::string subject, Done<std::monostate> done) {
  auto words = [this, subject = std::move(subject)] {
    return Words{codec_->id_of("counter", "account:" + subject), codec_->subject_id(subject)};
  };
  return ask<std::monostate>(loop, RedisScripts::all().unlock, std::move(words), read_done, std::move(done));
}

net::Operation RedisStore::put_record(net::EventLoop& loop, Record record, WallSeconds now,
                                      Done<std::monostate> done) {
  auto words = [this, record = std::move(record), now] { return words_of(record, now); };
  return ask<std::monostate>(loop, RedisScripts::all().put_record, std::move(words), read_done,
                             std::move(done));
}

net::Operation RedisStore::swap_record(net::EventLoop& loop, Record record, std::optional<std::string> before,
                                       WallSeconds now, Done<bool> done) {
  auto words = [this, record = std::move(record), before = std::move(before), now] {
    Words all = words_of(record, now);
    all.push_back(before ? codec_->digest_of(*before) : std::string());
    return all;
  };
  return ask<bool>(loop, RedisScripts::all().swap_record, std::move(words), read_yes, std::move(done));
}

net::Operation RedisStore::find_record(net::EventLoop& loop, RecordKind kind, std::string key,
                                       WallSeconds now, Done<std::optional<Record>> done) {
  using Found = std::optional<Record>;
  auto work = [this, kind, key = std::move(key), now](auto finish) {
    const std::string id = codec_->record_id(kind, key);
    call({"HGET", std::string(kRedisPrefix) + "r" + std::to_string(static_cast<int>(kind)) + ":" + id, "b"},
         [this, kind, id, now, finish](Result<Value> reply) mutable {
           if (!reply) return finish(reply.error());
           if (reply->is_null()) return finish(Found());
           auto record = codec_->open_record(kind, id, reply->text);
           if (!record) return finish(record.error());
           finish(record->until > now ? Found(std::move(*record)) : Found());
         });
  };
  return submit<Found>(loop, std::move(work), std::move(done));
}

net::Operation RedisStore::take_record(net::EventLoop& loop, RecordKind kind, std::string key,
                                       WallSeconds now, Done<std::optional<Record>> done) {
  using Found = std::optional<Record>;
  auto words = [this, kind, key, now] {
    return Words{std::to_string(static_cast<int>(kind)), codec_->record_id(kind, key), std::to_string(now),
                 kind == RecordKind::reset ? "1" : "0"};
  };
  auto read = [this, kind, key](const Value& reply) -> Result<Found> {
    if (reply.is_null()) return Found();
    auto record = codec_->open_record(kind, codec_->record_id(kind, key), reply.text);
    if (!record) return record.error();
    return Found(std::move(*record));
  };
  return ask<Found>(loop, RedisScripts::all().take_record, std::move(words), std::move(read),
                    std::move(done));
}

net::Operation RedisStore::list_records(net::EventLoop& loop, RecordKind kind, std::string owner,
                                        WallSeconds now, Done<std::vector<Record>> done) {
  auto words = [this, kind, owner = std::move(owner), now] {
    return Words{std::to_string(static_cast<int>(kind)),
                 owner.empty() ? std::string() : codec_->subject_id(owner), std::to_string(now)};
  };
  auto read = [this, kind](const Value& reply) { return read_records(kind, reply); };
  return ask<std::vector<Record>>(loop, RedisScripts::all().list_records, std::move(words), std::move(read),
                                  std::move(done));
}

net::Operation RedisStore::happen_once(net::EventLoop& loop, std::string id, WallSeconds until,
                                       WallSeconds now, Done<bool> done) {
  auto work = [this, id = std::move(id), until, now](auto finish) {
    const std::string ttl = std::to_string(std::max<WallSeconds>(1, until - now));
    call({"SET", std::string(kRedisPrefix) + "o:" + codec_->id_of("once", id), "1", "NX", "EX", ttl},
         [finish](Result<Value> reply) mutable {
           if (!reply) return finish(reply.error());
           finish(!reply->is_null());
         });
  };
  return submit<bool>(loop, std::move(work), std::move(done));
}

net::Operation RedisStore::lead(net::EventLoop& loop, std::string name, std::string who, Duration time,
                                Done<bool> done) {
  auto words = [name = std::move(name), who = std::move(who), time] {
    return Words{name, who, std::to_string(time.count())};
  };
  return ask<bool>(loop, RedisScripts::all().lead, std::move(words), read_yes, std::move(done));
}

net::Operation RedisStore::lease(net::EventLoop& loop, RateLease wish, Done<GrantedLease> done) {
  auto words = [wish] {
    return Words{hex_text(wish.key),
                 std::to_string(wish.interval),
                 std::to_string(wish.capacity),
                 std::to_string(wish.wanted),
                 std::to_string(wish.day),
                 std::to_string(wish.quota),
                 std::to_string(wish.quota_wanted)};
  };
  auto read = [](const Value& reply) -> Result<GrantedLease> {
    if (reply.list.size() != 4) return unexpected_reply();
    const auto used = parse_int(reply.list[1].text);
    if (!used) return unexpected_reply();
    return GrantedLease{static_cast<std::uint32_t>(reply.list[0].integer), static_cast<std::uint64_t>(*used),
                        static_cast<std::uint32_t>(reply.list[2].integer),
                        static_cast<std::uint64_t>(reply.list[3].integer)};
  };
  return ask<GrantedLease>(loop, RedisScripts::all().lease, std::move(words), std::move(read),
                           std::move(done));
}

}  // namespace gw::store
