// SPDX-License-Identifier: Apache-2.0
#include "store/metered_store.h"

#include <utility>

namespace gw::store {

template <class T>
Done<T> MeteredStore::noting(Operation operation, Done<T> done) {
  return [this, operation, asked = steady_now(), done = std::move(done)](Result<T> result) mutable {
    meter_.note(operation, asked, result.ok());
    done(std::move(result));
  };
}

net::Operation MeteredStore::open_family(net::EventLoop& loop, Family family, std::string token_hash,
                                         WallSeconds now, Done<std::monostate> done) {
  return store_.open_family(loop, std::move(family), std::move(token_hash), now,
                            noting(Operation::open_family, std::move(done)));
}

net::Operation MeteredStore::rotate(net::EventLoop& loop, Presented token, WallSeconds now,
                                    Done<Rotation> done) {
  return store_.rotate(loop, std::move(token), now, noting(Operation::rotate, std::move(done)));
}

net::Operation MeteredStore::find_family(net::EventLoop& loop, std::string token_hash, WallSeconds now,
                                         Done<Rotation> done) {
  return store_.find_family(loop, std::move(token_hash), now,
                            noting(Operation::find_family, std::move(done)));
}

net::Operation MeteredStore::list_families(net::EventLoop& loop, std::string subject, WallSeconds now,
                                           Done<std::vector<Family>> done) {
  return store_.list_families(loop, std::move(subject), now,
                              noting(Operation::list_families, std::move(done)));
}

net::Operation MeteredStore::revoke(net::EventLoop& loop, Revocation revocation, Done<std::monostate> done) {
  return store_.revoke(loop, std::move(revocation), noting(Operation::revoke, std::move(done)));
}

net::Operation MeteredStore::watch_revocations(net::EventLoop& loop, RevocationWatcher on_revoked) {
  return store_.watch_revocations(loop, std::move(on_revoked));
}

net::Operation MeteredStore::load_revocations(net::EventLoop& loop, WallSeconds now,
                                              Done<std::vector<Revocation>> done) {
  return store_.load_revocations(loop, now, noting(Operation::load_revocations, std::move(done)));
}

net::Operation MeteredStore::reserve_attempt(net::EventLoop& loop, std::vector<std::string> keys,
                                             LockoutPolicy policy, WallSeconds now, Done<Attempt> done) {
  return store_.reserve_attempt(loop, std::move(keys), policy, now,
                                noting(Operation::reserve_attempt, std::move(done)));
}

net::Operation MeteredStore::clear_attempts(net::EventLoop& loop, std::vector<std::string> keys,
                                            Done<std::monostate> done) {
  return store_.clear_attempts(loop, std::move(keys), noting(Operation::clear_attempts, std::move(done)));
}

net::Operation MeteredStore::remember_address(net::EventLoop& loop, std::string subject, std::string address,
                                              WallSeconds now, Done<std::monostate> done) {
  return store_.remember_address(loop, std::move(subject), std::move(address), now,
                                 noting(Operation::remember_address, std::move(done)));
}

net::Operation MeteredStore::knows_address(net::EventLoop& loop, std::string subject, std::string address,
                                           WallSeconds now, Done<bool> done) {
  return store_.knows_address(loop, std::move(subject), std::move(address), now,
                              noting(Operation::knows_address, std::move(done)));
}

net::Operation MeteredStore::unlock(net::EventLoop& loop, std::string subject, Done<std::monostate> done) {
  return store_.unlock(loop, std::move(subject), noting(Operation::unlock, std::move(done)));
}

net::Operation MeteredStore::put_record(net::EventLoop& loop, Record record, WallSeconds now,
                                        Done<std::monostate> done) {
  return store_.put_record(loop, std::move(record), now, noting(Operation::put_record, std::move(done)));
}

net::Operation MeteredStore::find_record(net::EventLoop& loop, RecordKind kind, std::string key,
                                         WallSeconds now, Done<std::optional<Record>> done) {
  return store_.find_record(loop, kind, std::move(key), now, noting(Operation::find_record, std::move(done)));
}

net::Operation MeteredStore::take_record(net::EventLoop& loop, RecordKind kind, std::string key,
                                         WallSeconds now, Done<std::optional<Record>> done) {
  return store_.take_record(loop, kind, std::move(key), now, noting(Operation::take_record, std::move(done)));
}

net::Operation MeteredStore::list_records(net::EventLoop& loop, RecordKind kind, std::string owner,
                                          WallSeconds now, Done<std::vector<Record>> done) {
  return store_.list_records(loop, kind, std::move(owner), now,
                             noting(Operation::list_records, std::move(done)));
}

}  // namespace gw::store
