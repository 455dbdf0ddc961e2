// SPDX-License-Identifier: Apache-2.0
#include "cli/store_access.h"

#include <variant>

#include "base/clock.h"
#include "net/event_loop.h"
#include "store/sqlite_store.h"

namespace gw::cli {
namespace {

// `call(store, loop, done)` on a loop that runs until it has answered.
template <class T, class Call>
Result<T> ask(const std::string& store_path, Call call) {
  store::SqliteStore::Options options;
  options.path = store_path;
  options.busy_timeout = 5s;
  net::EventLoop loop;
  auto store = store::SqliteStore::open(options);
  if (!store) return store.error();
  Result<T> answer = Error(Fault::store_unavailable, "the store did not answer");
  {
    const net::Operation operation = call(**store, loop, [&](Result<T> result) {
      answer = std::move(result);
      loop.stop();
    });
    loop.run();
  }
  store->reset();
  return answer;
}

Status to_status(const Result<std::monostate>& done) {
  return done ? Status() : Status(done.error());
}

}  // namespace

Status unlock_account(const std::string& store_path, const std::string& subject) {
  return to_status(ask<std::monostate>(store_path, [&](store::Store& store, net::EventLoop& loop, auto done) {
    return store.unlock(loop, subject, std::move(done));
  }));
}

Status put_record(const std::string& store_path, const store::Record& record) {
  return to_status(ask<std::monostate>(store_path, [&](store::Store& store, net::EventLoop& loop, auto done) {
    return store.put_record(loop, record, wall_now(), std::move(done));
  }));
}

Result<std::optional<store::Record>> take_record(const std::string& store_path, store::RecordKind kind,
                                                 const std::string& key) {
  return ask<std::optional<store::Record>>(
      store_path, [&](store::Store& store, net::EventLoop& loop, auto done) {
        return store.take_record(loop, kind, key, wall_now(), std::move(done));
      });
}

Result<std::vector<store::Record>> list_records(const std::string& store_path, store::RecordKind kind,
                                                const std::string& owner) {
  return ask<std::vector<store::Record>>(
      store_path, [&](store::Store& store, net::EventLoop& loop, auto done) {
        return store.list_records(loop, kind, owner, wall_now(), std::move(done));
      });
}

Status end_reset_links(const std::string& store_path, const std::string& subject) {
  const auto links = list_records(store_path, store::RecordKind::reset, subject);
  if (!links) return links.error();
  for (const store::Record& link : *links)
    if (const auto taken = take_record(store_path, link.kind, link.key); !taken) return taken.error();
  return {};
}

}  // namespace gw::cli
