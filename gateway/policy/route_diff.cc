// SPDX-License-Identifier: Apache-2.0
#include "policy/route_diff.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "policy/host_pattern.h"
#include "policy/route_text.h"
#include "policy/route_witness.h"
#include "policy/when.h"

namespace gw::policy {
namespace {

constexpr std::size_t kLongest = 120;  // of a value in a sentence

std::string shortened(const std::string& text) {
  if (text.empty()) return "nothing";
  return text.size() <= kLongest ? text : text.substr(0, kLongest) + "...";
}

// What find_loosened() looks at; a change of anything else lets nobody in.
bool decides(std::string_view key) {
  return key == "auth" || key == "anonymous" || key == "issuers" || key == "enforce" || key == "upstream" ||
         key == "rewrite" || key == "max_revocation_lag" || key == "on_failure" ||
         key.starts_with("require.");
}

bool decides_otherwise(const Route& before, const Route& after) {
  const auto old_effects = effect_texts(before), new_effects = effect_texts(after);
  for (std::size_t i = 0; i < old_effects.size(); ++i)
    if (decides(old_effects[i].first) && old_effects[i].second != new_effects[i].second) return true;
  return false;
}

std::string difference(const Route& before, const Route& after) {
  std::string text;
  const auto old_effects = effect_texts(before), new_effects = effect_texts(after);
  for (std::size_t i = 0; i < old_effects.size(); ++i) {
    if (old_effects[i].second == new_effects[i].second) continue;
    text += (text.empty() ? "" : ", ") + std::string(old_effects[i].first) + ": " +
            shortened(old_effects[i].second) + " -> " + shortened(new_effects[i].second);
  }
  return text;
}

// Every element of `few` is in `many`.
bool covers(const std::vector<std::string>& many, const std::vector<std::string>& few) {
  return std::all_of(few.begin(), few.end(), [&](const std::string& each) {
    return std::find(many.begin(), many.end(), each) != many.end();
  });
}

bool covers(const std::vector<ClaimRule>& many, const std::vector<ClaimRule>& few) {
  return std::all_of(few.begin(), few.end(), [&](const ClaimRule& rule) {
    return std::any_of(many.begin(), many.end(), [&](const ClaimRule& other) {
      return other.name == rule.name && other.value == rule.value;
    });
  });
}

// Every way that is taken now was taken before.
bool is_bound_as(const std::vector<Binding>& now, const std::vector<Binding>& before) {
  return !now.empty() && std::all_of(now.begin(), now.end(), [&](Binding binding) {
    return std::find(before.begin(), before.end(), binding) != before.end();
  });
}

// An empty list means all.
bool narrows(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  return before.empty() || (!after.empty() && covers(before, after));
}

bool asks_as_much(const std::optional<CertificateRule>& now, const CertificateRule& before) {
  return now && narrows(before.subjects, now->subjects) && narrows(before.names, now->names);
}

int strictness(const Route& route) {
  if (route.auth == Auth::required) return 2;
  if (route.auth == Auth::none) return 0;
  return route.require.asks_for_a_token() ? 2 : 1;  // optional, but nobody gets in without what is demanded
}

// Why `after` lets a request through that `before` did not; empty when it does not.
std::string find_loosened(const Route* before, const Route& after) {
  if (after.upstream.empty()) return {};  // a fixed answer reaches nothing
  if (before == nullptr) return "reaches the upstream " + after.upstream + ", where nothing was served";
  if (before->upstream != after.upstream)
    return "reaches the upstream " + after.upstream + " instead of " +
           (before->upstream.empty() ? "a fixed answer" : before->upstream);
  if (strictness(after) < strictness(*before)) return "asks for no token";
  if (before->enforce && !after.enforce) return "is not enforced";
  if (!narrows(before->issuers, after.issuers)) return "takes tokens of more issuers";
  const Requirement &old = before->require, &now = after.require;
  if (!covers(now.scopes, old.scopes)) return "demands fewer scopes";
  if (!old.hierarchic_scopes && now.hierarchic_scopes && !now.scopes.empty())
    return "takes broader scopes for narrower ones";
  if (!narrows(old.roles, now.roles)) return "takes more roles";
  if (!covers(now.claims, old.claims)) return "demands fewer claims";
  if (old.when != nullptr && (now.when == nullptr || now.when->text() != old.when->text()))
    return "asks another `when`, or none";  // which of two expressions is wider is not ours to prove
  if (!old.bound.empty() && !is_bound_as(now.bound, old.bound)) return "takes tokens that are not bound";
  if (old.client_certificate && !asks_as_much(now.client_certificate, *old.client_certificate))
    return "takes other client certificates, or none";
  if (after.anonymous && (!before->anonymous || !(*after.anonymous == *before->anonymous)))
    return "takes callers without a token for somebody else";
  if (before->max_revocation_lag &&
      (!after.max_revocation_lag || *after.max_revocation_lag > *before->max_revocation_lag))
    return "takes tokens that may have been revoked longer ago";
  if (before->serves_on_failure != after.serves_on_failure &&
      (after.serves_on_failure.value_or(false) || before->serves_on_failure == std::optional(false)))
    return "takes tokens while nobody can be asked about them";
  if (before->rewrite.strip_prefix != after.rewrite.strip_prefix ||
      before->rewrite.add_prefix != after.rewrite.add_prefix)
    return "reaches other paths of the upstream";
  return {};
}

class Comparison {
 public:
  Comparison(const RouteTable& before, const RouteTable& after) : before_(before), after_(after) {}

  RouteDiff run() {
    list_changes();
    for (const RouteTable* table : {&before_, &after_})
      for (const Route& route : table->routes()) index_.add(route);
    for (const Route* route : touched_)
      index_.for_each_meeting(*route, [&](const Request& request) { ask(request); });
    std::sort(diff_.widenings.begin(), diff_.widenings.end(), [](const Widening& a, const Widening& b) {
      return std::tie(a.place.file, a.place.line, a.place.column, a.what) <
             std::tie(b.place.file, b.place.line, b.place.column, b.what);
    });
    return std::move(diff_);
  }

 private:
  void list_changes() {
    std::unordered_map<std::string, const Route*> old_routes;
    for (const Route& route : before_.routes()) old_routes.emplace(match_text(route), &route);
    for (const Route& route : after_.routes()) {
      const auto found = old_routes.find(match_text(route));
      if (found == old_routes.end()) {
        diff_.changes.push_back("added " + route.name);
        touched_.push_back(&route);
        continue;
      }
      const std::string what = difference(*found->second, route);
      if (!what.empty()) {
        diff_.changes.push_back("changed " + route.name + ": " + what);
        if (decides_otherwise(*found->second, route)) touched_.push_back(&route);
      }
      old_routes.erase(found);
    }
    for (const Route& route : before_.routes()) {
      if (!old_routes.contains(match_text(route))) continue;
      diff_.changes.push_back("removed " + route.name);
      touched_.push_back(&route);
    }
  }

  void ask(const Request& request) {
    const Route* const now = request.match(after_);
    if (now == nullptr) return;
    const Route* const old = request.match(before_);
    if (old == now || !asked_.emplace(old, now).second) return;
    const std::string what = find_loosened(old, *now);
    if (!what.empty())
      diff_.widenings.push_back(
          {now->place, "the route " + now->name + " " + what + " (as for " + request.text() + ")"});
  }

  const RouteTable& before_;
  const RouteTable& after_;
  RouteDiff diff_;
  RouteIndex index_;
  std::vector<const Route*> touched_;
  std::set<std::pair<const Route*, const Route*>> asked_;
};

}  // namespace

RouteDiff compare(const RouteTable& before, const RouteTable& after) {
  return Comparison(before, after).run();
}

}  // namespace gw::policy
