// SPDX-License-Identifier: Apache-2.0
#include "store/redis_tail.h"

#include <optional>

#include "base/log.h"
#include "store/redis_scripts.h"

namespace gw::store {
namespace {

using resp::Value;

// How long Redis holds the question when there is nothing new: what has been answered is known so lately.
constexpr std::string_view kBlock = "200";
constexpr std::size_t kEntries = 512;
constexpr std::string_view kEntriesText = "512";
constexpr std::size_t kRemembered = 4096;

const std::string& stream_key() {
  static const std::string key = std::string(kRedisPrefix) + "rs";
  return key;
}
const std::string& hash_key() {
  static const std::string key = std::string(kRedisPrefix) + "rv";
  return key;
}

// "MILLISECONDS-NUMBER".
std::optional<std::pair<std::int64_t, std::int64_t>> parse_id(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto time = parse_int(text.substr(0, dash)), number = parse_int(text.substr(dash + 1));
  if (!time || !number) return std::nullopt;
  return std::pair(*time, *number);
}

// The id of the one entry of a list; empty: there is none.
std::string id_of_only(const Value& entries) {
  if (entries.list.empty() || entries.list[0].list.empty()) return {};
  return entries.list[0].list[0].text;
}

RedisClient::Options with_patience(RedisClient::Options options) {
  // A question that Redis holds is not late.
  options.patience = std::max<Duration>(options.timeout, 100ms) + 900ms;
  options.timeout = options.patience;
  return options;
}

std::int64_t nanoseconds_now() {
  return std::chrono::nanoseconds(steady_now().time_since_epoch()).count();
}

}  // namespace

RedisTail::RedisTail(net::EventLoop& loop, net::Deadlines& deadlines, net::Dialer& dialer,
                     RedisClient::Options options, Tell tell)
    : client_(loop, deadlines, dialer, with_patience(std::move(options))),
      tell_(std::move(tell)),
      known_at_(nanoseconds_now()) {}

void RedisTail::start(const RedisCodec& codec) {
  if (codec_ != nullptr) return;
  codec_ = &codec;
  client_.on_connected([this] { prove(); });
  client_.start();
}

// One that is still loading its data lets us in, but answers nothing: it is asked less and less often.
void RedisTail::prove() {
  client_.call_first({"PING"}, [this](const Result<Value>& reply) {
    if (!reply) return;
    if (reply->kind == Value::Kind::error) return give_up(reply->text);
    client_.accept();
    begin();
  });
}

bool RedisTail::is_news(const std::string& id) {
  if (told_.size() >= kRemembered) told_.clear();
  return told_.insert(id).second;
}

std::chrono::milliseconds RedisTail::lag() const {
  const std::chrono::nanoseconds lag(nanoseconds_now() - known_at_.load(std::memory_order_relaxed));
  return std::chrono::duration_cast<std::chrono::milliseconds>(lag);
}

// At first the whole list: whoever watches may have loaded his before we knew where the stream ends.
void RedisTail::begin() {
  if (!last_.empty()) return compare_ends();
  client_.call({"XREVRANGE", stream_key(), "+", "-", "COUNT", "1"}, [this](const Result<Value>& reply) {
    if (!reply) return;
    if (reply->kind != Value::Kind::list) return give_up(reply->text);
    const std::string last = id_of_only(*reply);
    read_all("0", last.empty() ? "0-0" : last);
  });
}

// What came meanwhile is all there when the first entry is no later than the last that we know, and ours is
// not beyond the end: a Redis that has lost its data begins anew.
void RedisTail::compare_ends() {
  client_.call({"XRANGE", stream_key(), "-", "+", "COUNT", "1"}, [this](const Result<Value>& reply) {
    if (!reply) return;
    if (reply->kind != Value::Kind::list) return give_up(reply->text);
    const std::string first = id_of_only(*reply);
    client_.call({"XREVRANGE", stream_key(), "+", "-", "COUNT", "1"},
                 [this, first](const Result<Value>& end) {
                   if (!end) return;
                   if (end->kind != Value::Kind::list) return give_up(end->text);
                   const std::string last = id_of_only(*end);
                   const auto ours = parse_id(last_), oldest = parse_id(first), newest = parse_id(last);
                   const bool is_whole = ours && oldest && newest && *oldest <= *ours && *ours <= *newest;
                   if (is_whole) return wait();
                   read_all("0", last.empty() ? "0-0" : last);
                 });
  });
}

void RedisTail::read_all(std::string cursor, std::string resume_after) {
  client_.call({"HSCAN", hash_key(), cursor, "COUNT", "1000"},
               [this, resume_after = std::move(resume_after)](const Result<Value>& reply) {
                 if (!reply) return;
                 if (reply->list.size() != 2) return give_up("an unexpected answer to HSCAN");
                 const std::vector<Value>& pairs = reply->list[1].list;
                 for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) tell(pairs[i].text, pairs[i + 1].text);
                 const std::string next = reply->list[0].text;
                 if (next != "0") return read_all(next, resume_after);
                 last_ = resume_after;
                 wait();
               });
}

void RedisTail::wait() {
  client_.call({"XREAD", "COUNT", kEntriesText, "BLOCK", kBlock, "STREAMS", stream_key(), last_},
               [this](const Result<Value>& reply) {
                 if (!reply) return;  // begin() comes with the next connection
                 if (reply->kind == Value::Kind::error) return give_up(reply->text);
                 take(*reply);
               });
}

void RedisTail::take(const Value& reply) {
  if (reply.is_null() || reply.list.empty()) {
    know_everything();
    return wait();
  }
  // {{name, entries}} in version 2 of the language, {name, entries} in 3.
  const bool is_nested = reply.list[0].kind == Value::Kind::list;
  const std::vector<Value>& pair = is_nested ? reply.list[0].list : reply.list;
  if (pair.size() < 2) return give_up("an unexpected answer to XREAD");
  if (!take_entries(pair[1])) return give_up("an unexpected entry in the stream");
  if (pair[1].list.size() < kEntries) know_everything();
  wait();
}

bool RedisTail::take_entries(const Value& entries) {
  for (const Value& entry : entries.list) {
    if (entry.list.size() != 2) return false;
    const std::vector<Value>& fields = entry.list[1].list;
    if (fields.size() < 4 || fields[0].text != "r" || fields[2].text != "v") return false;
    last_ = entry.list[0].text;
    if (is_news(last_)) tell(fields[1].text, fields[3].text);
  }
  return true;
}

void RedisTail::tell(std::string_view id, std::string_view text) {
  const auto revocation = codec_->open_revocation(id, text);
  if (revocation) return tell_(*revocation);
  log::error("a revocation in redis cannot be read", {{"detail", revocation.error().detail}});
}

void RedisTail::know_everything() {
  known_at_.store(nanoseconds_now(), std::memory_order_relaxed);
}

void RedisTail::give_up(std::string_view why) {
  client_.reject("revocations cannot be followed: " + std::string(why));
}

}  // namespace gw::store
