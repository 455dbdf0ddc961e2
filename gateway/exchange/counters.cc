// SPDX-License-Identifier: Apache-2.0
#include "exchange/counters.h"

#include <algorithm>

namespace gw::exchange {
namespace {

std::optional<Fault> find_fault(std::string_view code) {
  for (std::size_t i = 0; i < kFaults; ++i)
    if (info_of(static_cast<Fault>(i)).code == code) return static_cast<Fault>(i);
  return std::nullopt;
}

template <std::size_t N>
void add_each(std::array<std::uint64_t, N>& to, const std::array<std::uint64_t, N>& from) {
  for (std::size_t i = 0; i < N; ++i) to[i] += from[i];
}

}  // namespace

void Decisions::refuse(Fault fault, std::uint64_t times) {
  const auto found =
      std::find_if(refused.begin(), refused.end(), [&](const auto& one) { return one.first == fault; });
  if (found != refused.end())
    found->second += times;
  else
    refused.emplace_back(fault, times);
}

Decisions& Decisions::operator+=(const Decisions& other) {
  allowed += other.allowed;
  for (const auto& [fault, times] : other.refused) refuse(fault, times);
  return *this;
}

TlsCounters& TlsCounters::operator+=(const TlsCounters& other) {
  for (std::size_t version = 0; version < done.size(); ++version)
    add_each(done[version], other.done[version]);
  failed += other.failed;
  return *this;
}

ServerState& ServerState::operator+=(const ServerState& other) {
  up = up && other.up;
  ejected += other.ejected;
  ejections += other.ejections;
  active += other.active;
  idle += other.idle;
  open += other.open;
  waiting += other.waiting;
  dials += other.dials;
  failed_dials += other.failed_dials;
  return *this;
}

void Counters::record(const Finished& finished) {
  ++requests[std::min<std::size_t>(finished.status / 100, requests.size() - 1)];
  durations.observe(finished.spent);
  if (finished.is_login) logins_spent.observe(finished.spent);
  if (finished.would_refuse) ++unenforced_refusals;
  if (finished.shadow_would_refuse) ++shadow_refusals;
  if (finished.is_login && finished.status != 0 && finished.code.empty()) ++logins;
  const std::optional<Fault> fault = finished.code.empty() ? std::nullopt : find_fault(finished.code);
  record_decision(finished, finished.refusal.empty() ? fault : find_fault(finished.refusal));
  if (!fault) return;
  const auto index = static_cast<std::size_t>(*fault);
  ++refusals[index];
  if (finished.is_login) ++failed_logins[index];
  if (!finished.upstream.empty() && info_of(*fault).blame == Blame::upstream)
    ++upstream_failures[{std::string(finished.upstream), *fault}];
}

// Who was let through to a service that failed was let through. A client that left before anything was
// decided counts as let through by no route.
void Counters::record_decision(const Finished& finished, std::optional<Fault> fault) {
  const bool is_refusal = fault && info_of(*fault).blame != Blame::upstream;
  if (finished.route.empty() && fault != Fault::no_route) return;
  if (finished.status == 0 && finished.upstream.empty()) return;
  Decisions& decided = decisions_of(finished.route.empty() ? kNoRoute : finished.route);
  if (is_refusal)
    decided.refuse(*fault);
  else
    ++decided.allowed;
}

Decisions& Counters::decisions_of(std::string_view route) {
  if (const auto known = decisions.find(route); known != decisions.end()) return known->second;
  if (decisions.size() >= kMostRoutes) route = kOtherRoutes;
  return decisions[std::string(route)];
}

void Counters::keep_routes(const std::function<bool(const std::string&)>& exists) {
  std::erase_if(decisions, [&](const auto& one) {
    return one.first != kNoRoute && one.first != kOtherRoutes && !exists(one.first);
  });
}

Counters& Counters::operator+=(const Counters& other) {
  add_each(requests, other.requests);
  add_each(refusals, other.refusals);
  unenforced_refusals += other.unenforced_refusals;
  shadow_refusals += other.shadow_refusals;
  logins += other.logins;
  add_each(failed_logins, other.failed_logins);
  for (const auto& [key, count] : other.upstream_failures) upstream_failures[key] += count;
  for (const auto& [route, decided] : other.decisions) decisions_of(route) += decided;
  durations += other.durations;
  logins_spent += other.logins_spent;
  tls += other.tls;
  token_cache_hits += other.token_cache_hits;
  token_cache_misses += other.token_cache_misses;
  if (other.store && !store) store.emplace();
  if (other.store) *store += *other.store;
  rounds += other.rounds;
  for (const auto& [key, state] : other.servers) {
    const auto [mine, is_new] = servers.emplace(key, state);
    if (!is_new) mine->second += state;
  }
  for (const auto& [upstream, times] : other.upstream_times) upstream_times[upstream] += times;
  connections += other.connections;
  token_cache_entries += other.token_cache_entries;
  return *this;
}

}  // namespace gw::exchange
