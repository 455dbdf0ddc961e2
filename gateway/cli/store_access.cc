// SPDX-License-Identifier: Apache-2.0
#include "cli/store_access.h"

#include <variant>

#include "base/clock.h"
#include "net/event_loop.h"
#include "server/open_store.h"

namespace gw::cli {
namespace {

// `call(store, loop, done)` on a loop that runs until it has answered.
template <class T, class Call>
Result<T> ask(const StoreOpener& open, Call call) {
  net::EventLoop loop;
  auto store = open();
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

StoreOpener opener_of(const config::Config& config) {
  return [&config]() -> Result<std::unique_ptr<store::Store>> {
    auto opened = server::open_store(config, 5s);
    if (!opened) return opened.error();
    return std::move(opened->store);
  };
}

Status unlock_account(const StoreOpener& open, const std::string& subject) {
  return to_status(ask<std::monostate>(open, [&](store::Store& store, net::EventLoop& loop, auto done) {
    return store.unlock(loop, subject, std::move(done));
  }));
}

Status put_record(const StoreOpener& open, const store::Record& record) {
  return to_status(ask<std::monostate>(open, [&](store::Store& store, net::EventLoop& loop, auto done) {
    return store.put_record(loop, record, wall_now(), std::move(done));
  }));
}

Result<std::optional<store::Record>> take_record(const StoreOpener& open, store::RecordKind kind,
                                                 const std::string& key) {
  return ask<std::optional<store::Record>>(open, [&](store::Store& store, net::EventLoop& loop, auto done) {
    return store.take_record(loop, kind, key, wall_now(), std::move(done));
  });
}

Result<std::vector<store::Record>> list_records(const StoreOpener& open, store::RecordKind kind,
                                                const std::string& owner) {
  return ask<std::vector<store::Record>>(open, [&](store::Store& store, net::EventLoop& loop, auto done) {
    return store.list_records(loop, kind, owner, wall_now(), std::move(done));
  });
}

Result<Moved> move_store(const StoreOpener& from, const StoreOpener& to) {
  const WallSeconds now = wall_now();
  const auto dump = ask<store::StoreDump>(from, [&](store::Store& store, net::EventLoop& loop, auto done) {
    return store.dump(loop, now, std::move(done));
  });
  if (!dump) return dump.error();
  const auto restored = ask<std::monostate>(to, [&](store::Store& store, net::EventLoop& loop, auto done) {
    return store.restore(loop, *dump, now, std::move(done));
  });
  if (!restored) return restored.error();
  return Moved{dump->families.size(), dump->revocations.size(), dump->records.size()};
}

Status end_reset_links(const StoreOpener& open, const std::string& subject) {
  const auto links = list_records(open, store::RecordKind::reset, subject);
  if (!links) return links.error();
  for (const store::Record& link : *links)
    if (const auto taken = take_record(open, link.kind, link.key); !taken) return taken.error();
  return {};
}

}  // namespace gw::cli
