// SPDX-License-Identifier: Apache-2.0
// Names to addresses, without ever blocking: the hosts file, then DNS (libevent's), kept for as long as its
// TTL says and asked again when somebody wants the name after that. While name servers do not answer, what
// they said last goes on.
// THREAD: one worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/callback.h"
#include "base/result.h"
#include "base/slot_map.h"
#include "net/address.h"
#include "net/event_loop.h"
#include "net/hosts_file.h"
#include "net/operation.h"

namespace gw::net {

using Addresses = std::vector<Address>;  // with port 0

class Resolver {
 public:
  using Done = Callback<void(Result<Addresses, std::string>)>;

  explicit Resolver(EventLoop& loop, std::string hosts_file = "/etc/hosts");
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // What is known and still good; null: resolve().
  const Addresses* find(const std::string& name);
  // One query serves all who ask meanwhile. The error is a sentence for the log.
  Operation resolve(const std::string& name, Done done);

 private:
  struct Query;
  struct Entry {
    Addresses addresses;
    TimePoint good_until{};
    std::string failure;  // why there are none
    Addresses found;      // so far, of the query under way
    Duration ttl{0};
    int missing = 0;  // answers to it: IPv4 and IPv6
    bool denied = false;
    bool told = false;
    std::string trouble;
    std::vector<std::uint64_t> waiting;
  };

  static void cancel(void* self, std::uint64_t id);
  static void on_answer(int result, char type, int count, int ttl, void* addresses, void* argument) noexcept;
  void ask(const std::string& name, Entry& entry);
  void take(const Query& query, int result, char type, int count, int ttl, const void* addresses);
  void settle(Entry& entry, const std::string& name);
  void tell_later(const std::string& name);
  void tell(const std::string& name);

  EventLoop& loop_;
  HostsFile hosts_;
  std::unordered_map<std::string, Entry> entries_;
  SlotMap<Done> waiters_;
  std::vector<Query*> queries_;      // each is freed by its callback
  std::shared_ptr<Resolver*> self_;  // null inside once this is gone, for what was posted
};

}  // namespace gw::net
