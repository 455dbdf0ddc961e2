// SPDX-License-Identifier: Apache-2.0
// Out of Redis and into it, for `gatewarden store migrate`: many small steps, so that who is served meanwhile
// does not notice.
#include <algorithm>
#include <iterator>
#include <memory>
#include <unordered_map>
#include <utility>

#include "store/redis_store.h"

namespace gw::store {

using resp::Value;

struct RedisStore::Dumping {
  WallSeconds now = 0;
  Callback<void(Result<StoreDump>)> finish;
  StoreDump dump;
  std::vector<std::string> ids;  // of families, then of tokens
  std::unordered_map<std::string, std::size_t> by_id;
};

struct RedisStore::Restoring {
  WallSeconds now = 0;
  Callback<void(Result<std::monostate>)> finish;
  StoreDump dump;  // from the back
};

net::Operation RedisStore::dump(net::EventLoop& loop, WallSeconds now, Done<StoreDump> done) {
  auto work = [this, now](auto finish) {
    auto dumping = std::make_shared<Dumping>();
    dumping->now = now;
    dumping->finish = std::move(finish);
    dump_families(std::move(dumping));
  };
  return submit<StoreDump>(loop, std::move(work), std::move(done));
}

// Some keys may be told twice.
void RedisStore::scan(std::string pattern, std::string cursor, std::function<void(const Value& keys)> each,
                      Reply done) {
  call({"SCAN", std::move(cursor), "MATCH", pattern, "COUNT", "1000"},
       [this, pattern, each = std::move(each), done = std::move(done)](Result<Value> reply) mutable {
         if (!reply) return done(std::move(reply));
         if (reply->list.size() != 2) return done(unexpected_reply());
         each(reply->list[1]);
         const std::string next = reply->list[0].text;
         if (next == "0") return done(std::move(reply));
         scan(pattern, next, std::move(each), std::move(done));
       });
}

void RedisStore::dump_families(std::shared_ptr<Dumping> dumping) {
  const std::string prefix = std::string(kRedisPrefix) + "f:";
  auto each = [dumping, size = prefix.size()](const Value& keys) {
    for (const Value& key : keys.list) dumping->ids.push_back(key.text.substr(size));
  };
  scan(prefix + "*", "0", std::move(each), [this, dumping](Result<Value> reply) {
    if (!reply) return dumping->finish(reply.error());
    dump_next_family(dumping);
  });
}

void RedisStore::dump_next_family(std::shared_ptr<Dumping> dumping) {
  while (!dumping->ids.empty() && dumping->by_id.count(dumping->ids.back()) != 0) dumping->ids.pop_back();
  if (dumping->ids.empty()) return dump_tokens(std::move(dumping));
  std::string id = std::move(dumping->ids.back());
  dumping->ids.pop_back();
  call({"HMGET", std::string(kRedisPrefix) + "f:" + id, "b", "g", "r", "u"},
       [this, dumping, id](Result<Value> reply) {
         if (!reply) return dumping->finish(reply.error());
         if (reply->list.size() != 4) return dumping->finish(unexpected_reply());
         if (reply->list[0].is_null()) return dump_next_family(dumping);  // has just ended
         auto family = codec_->open_family(id, reply->list[0].text, reply->list[3].text);
         const auto generation = parse_int(reply->list[1].text);
         if (!family || !generation) return dumping->finish(family ? unexpected_reply() : family.error());
         if (family->expires_at > dumping->now) {
           dumping->by_id.emplace(id, dumping->dump.families.size());
           dumping->dump.families.push_back({std::move(*family), *generation, reply->list[2].text == "1"});
         }
         dump_next_family(dumping);
       });
}

void RedisStore::dump_tokens(std::shared_ptr<Dumping> dumping) {
  const std::string prefix = std::string(kRedisPrefix) + "t:";
  auto each = [dumping, size = prefix.size()](const Value& keys) {
    for (const Value& key : keys.list) dumping->ids.push_back(key.text.substr(size));
  };
  scan(prefix + "*", "0", std::move(each), [this, dumping](Result<Value> reply) {
    if (!reply) return dumping->finish(reply.error());
    std::sort(dumping->ids.begin(), dumping->ids.end());
    dumping->ids.erase(std::unique(dumping->ids.begin(), dumping->ids.end()), dumping->ids.end());
    dump_next_token(dumping);
  });
}

void RedisStore::dump_next_token(std::shared_ptr<Dumping> dumping) {
  constexpr std::size_t kFamilyBytes = 16;
  if (dumping->ids.empty()) return dump_revocations(std::move(dumping));
  std::string hash = std::move(dumping->ids.back());
  dumping->ids.pop_back();
  call({"GET", std::string(kRedisPrefix) + "t:" + hash}, [this, dumping, hash](Result<Value> reply) {
    if (!reply) return dumping->finish(reply.error());
    const std::string_view value = reply->text;
    if (value.size() <= kFamilyBytes) return dump_next_token(dumping);
    const auto family = dumping->by_id.find(std::string(value.substr(0, kFamilyBytes)));
    const auto generation = parse_int(value.substr(kFamilyBytes));
    if (!generation) return dumping->finish(unexpected_reply());
    if (family != dumping->by_id.end())
      dumping->dump.families[family->second].tokens.push_back({hash, *generation});
    dump_next_token(dumping);
  });
}

void RedisStore::dump_revocations(std::shared_ptr<Dumping> dumping) {
  scan_revocations("0", std::make_shared<std::vector<Revocation>>(), dumping->now,
                   [this, dumping](Result<std::vector<Revocation>> found) {
                     if (!found) return dumping->finish(found.error());
                     dumping->dump.revocations = std::move(*found);
                     dump_records(dumping, RecordKind::reset);
                   });
}

void RedisStore::dump_records(std::shared_ptr<Dumping> dumping, RecordKind kind) {
  run(RedisScripts::all().list_records,
      {std::to_string(static_cast<int>(kind)), std::string(), std::to_string(dumping->now)},
      [this, dumping, kind](Result<Value> reply) {
        if (!reply) return dumping->finish(reply.error());
        auto records = read_records(kind, *reply);
        if (!records) return dumping->finish(records.error());
        std::move(records->begin(), records->end(), std::back_inserter(dumping->dump.records));
        if (kind == RecordKind::reset) return dump_records(dumping, RecordKind::api_key);
        dumping->finish(std::move(dumping->dump));
      });
}

net::Operation RedisStore::restore(net::EventLoop& loop, StoreDump dump, WallSeconds now,
                                   Done<std::monostate> done) {
  auto work = [this, dump = std::move(dump), now](auto finish) mutable {
    auto restoring = std::make_shared<Restoring>();
    restoring->now = now;
    restoring->finish = std::move(finish);
    restoring->dump = std::move(dump);
    restore_next(std::move(restoring));
  };
  return submit<std::monostate>(loop, std::move(work), std::move(done));
}

// Revocations first: what has been revoked never lives here.
void RedisStore::restore_next(std::shared_ptr<Restoring> restoring) {
  StoreDump& dump = restoring->dump;
  const RedisScripts& scripts = RedisScripts::all();
  auto then = [this, restoring](Result<Value> reply) {
    if (!reply) return restoring->finish(reply.error());
    restore_next(restoring);
  };
  if (!dump.revocations.empty()) {
    const Words words = words_of(dump.revocations.back());
    dump.revocations.pop_back();
    return run(scripts.revoke, words, std::move(then));
  }
  if (!dump.families.empty()) {
    const Words words = words_of(dump.families.back(), restoring->now);
    dump.families.pop_back();
    return run(scripts.restore_family, words, std::move(then));
  }
  if (!dump.records.empty()) {
    const Words words = words_of(dump.records.back(), restoring->now);
    dump.records.pop_back();
    return run(scripts.put_record, words, std::move(then));
  }
  restoring->finish(std::monostate{});
}

RedisStore::Words RedisStore::words_of(const Revocation& revocation) const {
  const std::string named = revocation.kind == RevokedKind::subject ? codec_->subject_id(revocation.value)
                                                                    : codec_->family_id(revocation.value);
  return {codec_->revocation_id(revocation),
          std::to_string(static_cast<int>(revocation.kind)),
          std::to_string(revocation.at),
          std::to_string(revocation.until),
          revocation.ends_sessions ? "1" : "0",
          codec_->seal_revocation(revocation),
          named};
}

RedisStore::Words RedisStore::words_of(const Record& record, WallSeconds now) const {
  return {std::to_string(static_cast<int>(record.kind)),
          codec_->record_id(record.kind, record.key),
          record.owner.empty() ? std::string() : codec_->subject_id(record.owner),
          std::to_string(record.until),
          std::to_string(now),
          codec_->digest_of(record.value),
          codec_->seal_record(record)};
}

RedisStore::Words RedisStore::words_of(const KeptFamily& kept, WallSeconds now) const {
  const Family& family = kept.family;
  const Revocation session{RevokedKind::session, family.id, 0, 0};
  Words all{codec_->family_id(family.id),
            codec_->seal_family(family),
            std::to_string(family.created_at),
            std::to_string(family.expires_at),
            codec_->subject_id(family.subject),
            codec_->seal_revocation(session),
            std::to_string(now),
            std::to_string(kept.generation),
            kept.revoked ? "1" : "0",
            std::to_string(family.used_at)};
  for (const KeptFamily::Token& token : kept.tokens) {
    all.push_back(token.hash);
    all.push_back(std::to_string(token.generation));
  }
  return all;
}

Result<std::vector<Record>> RedisStore::read_records(RecordKind kind, const Value& reply) const {
  std::vector<Record> found;
  for (std::size_t i = 0; i + 1 < reply.list.size(); i += 2) {
    auto record = codec_->open_record(kind, reply.list[i].text, reply.list[i + 1].text);
    if (!record) return record.error();
    found.push_back(std::move(*record));
  }
  std::sort(found.begin(), found.end(), [](const Record& a, const Record& b) { return a.key < b.key; });
  return found;
}

}  // namespace gw::store
