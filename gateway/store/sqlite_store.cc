// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_store.h"

#include <optional>
#include <utility>

namespace gw::store {
namespace {

using Revoked = std::vector<Revocation>;

// `work` owns its inputs; its result goes to the loop that asked, if that still waits.
template <class T, class Work>
class StoreJob final : public WriteJob {
 public:
  StoreJob(net::EventLoop& loop, std::uint64_t id, WallSeconds now, Work work)
      : loop_(loop), id_(id), now_(now), work_(std::move(work)) {}

  Status run(SqliteTables& tables, Revoked& revoked) override {
    Result<T> result = work_(tables, revoked);
    if (!result) return result.error();
    value_ = std::move(*result);
    return {};
  }
  void answer(const Error* failure) override {
    loop_.complete_later(id_, failure == nullptr ? Result<T>(std::move(value_)) : Result<T>(*failure));
  }
  WallSeconds now() const override { return now_; }

 private:
  net::EventLoop& loop_;
  const std::uint64_t id_;
  const WallSeconds now_;
  Work work_;
  T value_{};
};

Result<std::monostate> done_or_error(const Status& status) {
  if (!status) return status.error();
  return std::monostate{};
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(Options options) {
  auto writer = SqliteWriter::start(std::move(options));
  if (!writer) return writer.error();
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(*writer)));
}

template <class T, class Work>
net::Operation SqliteStore::submit(net::EventLoop& loop, WallSeconds now, Work work, Done<T> done) {
  const std::uint64_t id = loop.expect(
      [done = std::move(done)](void* result) mutable { done(std::move(*static_cast<Result<T>*>(result))); });
  std::unique_ptr<WriteJob> job = std::make_unique<StoreJob<T, Work>>(loop, id, now, std::move(work));
  if (!writer_->enqueue(job)) {
    const Error full(Fault::overloaded, "the queue of the store is full");
    job->answer(&full);
  }
  return loop.operation_of(id);
}

net::Operation SqliteStore::dump(net::EventLoop& loop, WallSeconds now, Done<StoreDump> done) {
  auto work = [now](SqliteTables& tables, Revoked&) { return tables.dump(now); };
  return submit(loop, now, std::move(work), std::move(done));
}

net::Operation SqliteStore::restore(net::EventLoop& loop, StoreDump dump, WallSeconds now,
                                    Done<std::monostate> done) {
  auto work = [dump = std::move(dump)](SqliteTables& tables, Revoked& revoked) {
    const Status restored = tables.restore(dump);
    if (restored) revoked.insert(revoked.end(), dump.revocations.begin(), dump.revocations.end());
    return done_or_error(restored);
  };
  return submit(loop, now, std::move(work), std::move(done));
}

net::Operation SqliteStore::open_family(net::EventLoop& loop, Family family, std::string token_hash,
                                        WallSeconds now, Done<std::monostate> done) {
  auto work = [family = std::move(family), hash = std::move(token_hash)](SqliteTables& tables, Revoked&) {
    return done_or_error(tables.open_family(family, hash));
  };
  return submit(loop, now, std::move(work), std::move(done));
}

net::Operation SqliteStore::rotate(net::EventLoop& loop, Presented token, WallSeconds now,
                                   Done<Rotation> done) {
  auto work = [token = std::move(token), now](SqliteTables& tables, Revoked& revoked) {
    return tables.rotate(token, now, revoked);
  };
  return submit(loop, now, std::move(work), std::move(done));
}

net::Operation SqliteStore::find_family(net::EventLoop& loop, std::string token_hash, WallSeconds now,
                                        Done<Rotation> done) {
  auto work = [hash = std::move(token_hash), now](SqliteTables& tables, Revoked&) {
    return tables.find_family(hash, now);
  };
  return submit(loop, now, std::move(work), std::move(done));
}

net::Operation SqliteStore::list_families(net::EventLoop& loop, std::string subject, WallSeconds now,
                                          Done<std::vector<Family>> done) {
  auto work = [subject = std::move(subject), now](SqliteTables& tables, Revoked&) {
    return tables.list_families(subject, now);
  };
  return submit(loop, now, std::move(work), std::move(done));
}

net::Operation SqliteStore::revoke(net::EventLoop& loop, Revocation revocation, Done<std::monostate> done) {
  const WallSeconds now = revocation.at;
  auto work = [revocation = std::move(revocation)](SqliteTables& tables, Revoked& revoked) {
    const Status recorded = tables.revoke(revocation);
    if (recorded) revoked.push_back(revocation);
    return done_or_error(recorded);
  };
  return submit(loop, now, std::move(work), std::move(done));
}

net::Operation SqliteStore::watch_revocations(net::EventLoop& loop, RevocationWatcher on_revoked) {
  return writer_->feed().watch(loop, std::move(on_revoked));
}

net::Operation SqliteStore::load_revocations(net::EventLoop& loop, WallSeconds now,
                                             Done<std::vector<Revocation>> done) {
  auto work = [now](SqliteTables& tables, Revoked&) { return tables.load_revocations(now); };
  return submit(loop, now, std::move(work), std::move(done));
}

net::Operation SqliteStore::reserve_attempt(net::EventLoop& loop, std::vector<std::string> keys,
                                            LockoutPolicy policy, WallSeconds now, Done<Attempt> done) {
  auto work = [keys = std::move(keys), policy, now](SqliteTables& tables, Revoked&) {
    return tables.reserve_attempt(keys, policy, now);
  };
  return submit(loop, now, std::move(work), std::move(done));
}

net::Operation SqliteStore::clear_attempts(net::EventLoop& loop, std::vector<std::string> keys,
                                           Done<std::monostate> done) {
  auto work = [keys = std::move(keys)](SqliteTables& tables, Revoked&) {
    return done_or_error(tables.clear_attempts(keys));
  };
  return submit(loop, 0, std::move(work), std::move(done));
}

net::Operation SqliteStore::remember_address(net::EventLoop& loop, std::string subject, std::string address,
                                             WallSeconds now, Done<std::monostate> done) {
  auto work = [subject = std::move(subject), address = std::move(address), now](SqliteTables& tables,
                                                                                Revoked&) {
    return done_or_error(tables.remember_address(subject, address, now));
  };
  return submit(loop, now, std::move(work), std::move(done));
}

net::Operation SqliteStore::knows_address(net::EventLoop& loop, std::string subject, std::string address,
                                          WallSeconds now, Done<bool> done) {
  auto work = [subject = std::move(subject), address = std::move(address), now](
                  SqliteTables& tables, Revoked&) { return tables.knows_address(subject, address, now); };
  return submit(loop, now, std::move(work), std::move(done));
}

net::Operation SqliteStore::unlock(net::EventLoop& loop, std::string subject, Done<std::monostate> done) {
  auto work = [subject = std::move(subject)](SqliteTables& tables, Revoked&) {
    return done_or_error(tables.unlock(subject));
  };
  return submit(loop, 0, std::move(work), std::move(done));
}

net::Operation SqliteStore::put_record(net::EventLoop& loop, Record record, WallSeconds now,
                                       Done<std::monostate> done) {
  auto work = [record = std::move(record)](SqliteTables& tables, Revoked&) {
    return done_or_error(tables.put_record(record));
  };
  return submit(loop, now, std::move(work), std::move(done));
}

net::Operation SqliteStore::find_record(net::EventLoop& loop, RecordKind kind, std::string key,
                                        WallSeconds now, Done<std::optional<Record>> done) {
  auto work = [kind, key = std::move(key), now](SqliteTables& tables, Revoked&) {
    return tables.find_record(kind, key, now);
  };
  return submit(loop, now, std::move(work), std::move(done));
}

net::Operation SqliteStore::take_record(net::EventLoop& loop, RecordKind kind, std::string key,
                                        WallSeconds now, Done<std::optional<Record>> done) {
  auto work = [kind, key = std::move(key), now](SqliteTables& tables, Revoked&) {
    return tables.take_record(kind, key, now);
  };
  return submit(loop, now, std::move(work), std::move(done));
}

net::Operation SqliteStore::list_records(net::EventLoop& loop, RecordKind kind, std::string owner,
                                         WallSeconds now, Done<std::vector<Record>> done) {
  auto work = [kind, owner = std::move(owner), now](SqliteTables& tables, Revoked&) {
    return tables.list_records(kind, owner, now);
  };
  return submit(loop, now, std::move(work), std::move(done));
}

}  // namespace gw::store
