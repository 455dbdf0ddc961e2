// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.h"

#include <event2/dns.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace gw::net {
namespace {

constexpr Duration kHostsTtl = 5s;
constexpr Duration kShortest = 1s;  // also after a failure: a flood of requests is no flood of queries
constexpr Duration kLongest = 5min;
constexpr std::size_t kNames = 4096;

Address address_of(char type, const void* addresses, int index) {
  if (type == DNS_IPv4_A) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    std::memcpy(&made.sin_addr, static_cast<const char*>(addresses) + 4 * index, 4);
    return {reinterpret_cast<const sockaddr*>(&made), sizeof made};
  }
  sockaddr_in6 made{};
  made.sin6_family = AF_INET6;
  std::memcpy(&made.sin6_addr, static_cast<const char*>(addresses) + 16 * index, 16);
  return {reinterpret_cast<const sockaddr*>(&made), sizeof made};
}

}  // namespace

struct Resolver::Query {
  Resolver* resolver = nullptr;  // null: nobody wants the answer any more
  std::string name;
  evdns_request* request = nullptr;
};

Resolver::Resolver(EventLoop& loop, std::string hosts_file)
    : loop_(loop), hosts_(std::move(hosts_file)), self_(std::make_shared<Resolver*>(this)) {}

Resolver::~Resolver() {
  *self_ = nullptr;
  for (Query* query : queries_) query->resolver = nullptr;
  for (Query* query : std::vector<Query*>(queries_))
    if (query->request != nullptr) evdns_cancel_request(loop_.dns(), query->request);
}

const Addresses* Resolver::find(const std::string& name) {
  const auto known = entries_.find(name);
  if (known == entries_.end() || known->second.addresses.empty()) return nullptr;
  return loop_.now() < known->second.good_until ? &known->second.addresses : nullptr;
}

Operation Resolver::resolve(const std::string& name, Done done) {
  if (entries_.size() >= kNames && !entries_.contains(name))  // names come from the configuration: reloads
    std::erase_if(entries_,
                  [](const auto& each) { return each.second.waiting.empty() && !each.second.missing; });
  Entry& entry = entries_[name];
  const std::uint64_t id = waiters_.insert(std::move(done));
  entry.waiting.push_back(id);
  if (entry.missing == 0) {
    if (loop_.now() < entry.good_until)
      tell_later(name);
    else
      ask(name, entry);
  }
  return {&Resolver::cancel, this, id};
}

void Resolver::cancel(void* self, std::uint64_t id) {
  (void)static_cast<Resolver*>(self)->waiters_.take(id);
}

void Resolver::ask(const std::string& name, Entry& entry) {
  entry.found = hosts_.find(name);
  entry.ttl = kHostsTtl;
  entry.denied = false;
  entry.trouble.clear();
  if (!entry.found.empty()) return settle(entry, name);
  evdns_base* dns = loop_.dns();
  if (evdns_base_count_nameservers(dns) == 0) {
    entry.trouble = "no name server is known";
    return settle(entry, name);
  }
  entry.ttl = kLongest;
  entry.missing = 2;
  for (const bool ipv6 : {false, true}) {
    auto* query = new Query{this, name, nullptr};
    queries_.push_back(query);
    // The callback never runs inside the call, but for a name that cannot be asked for.
    query->request = ipv6 ? evdns_base_resolve_ipv6(dns, name.c_str(), 0, &Resolver::on_answer, query)
                          : evdns_base_resolve_ipv4(dns, name.c_str(), 0, &Resolver::on_answer, query);
    if (query->request != nullptr) continue;
    take(*query, DNS_ERR_FORMAT, ipv6 ? DNS_IPv6_AAAA : DNS_IPv4_A, 0, 0, nullptr);
    std::erase(queries_, query);
    delete query;
  }
}

void Resolver::on_answer(int result, char type, int count, int ttl, void* addresses,
                         void* argument) noexcept {
  const std::unique_ptr<Query> query(static_cast<Query*>(argument));
  Resolver* resolver = query->resolver;
  if (resolver == nullptr) return;
  EventLoop& loop = resolver->loop_;
  loop.begin_callback();
  std::erase(resolver->queries_, query.get());
  resolver->take(*query, result, type, count, ttl, addresses);
  loop.end_of_callback();
}

void Resolver::take(const Query& query, int result, char type, int count, int ttl, const void* addresses) {
  Entry& entry = entries_[query.name];
  if (result == DNS_ERR_NONE && count > 0) {
    for (int i = 0; i < count; ++i) entry.found.push_back(address_of(type, addresses, i));
    entry.ttl = std::min<Duration>(entry.ttl, std::chrono::seconds(ttl));
  } else if (result == DNS_ERR_NONE || result == DNS_ERR_NOTEXIST || result == DNS_ERR_NODATA) {
    entry.denied = true;
  } else {
    entry.trouble = evdns_err_to_string(result);
  }
  if (--entry.missing == 0) settle(entry, query.name);
}

// IPv4 first: it is what most services listen on.
void Resolver::settle(Entry& entry, const std::string& name) {
  const bool nobody_answered = entry.found.empty() && !entry.denied;
  entry.failure.clear();
  if (!entry.found.empty()) {
    std::stable_sort(entry.found.begin(), entry.found.end(), [](const Address& a, const Address& b) {
      return a.family() == AF_INET && b.family() != AF_INET;
    });
    entry.addresses = std::move(entry.found);
  } else if (!nobody_answered || entry.addresses.empty()) {
    entry.addresses.clear();
    entry.failure =
        "cannot resolve " + name + ": " + (entry.trouble.empty() ? "no such name" : entry.trouble);
  }
  entry.found.clear();
  const bool fresh = entry.failure.empty() && !nobody_answered;
  entry.good_until = loop_.now() + (fresh ? std::clamp(entry.ttl, kShortest, kLongest) : kShortest);
  tell_later(name);
}

void Resolver::tell_later(const std::string& name) {
  Entry& entry = entries_[name];
  if (entry.told) return;
  entry.told = true;
  loop_.post([self = self_, name] {
    if (*self != nullptr) (*self)->tell(name);
  });
}

void Resolver::tell(const std::string& name) {
  Entry& entry = entries_[name];
  entry.told = false;
  const std::vector<std::uint64_t> waiting = std::exchange(entry.waiting, {});
  const Addresses addresses = entry.addresses;
  const std::string failure = entry.failure;
  for (const std::uint64_t id : waiting) {
    auto done = waiters_.take(id);
    if (!done) continue;
    if (failure.empty())
      (*done)(addresses);
    else
      (*done)(failure);
  }
}

}  // namespace gw::net
