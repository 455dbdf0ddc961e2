// SPDX-License-Identifier: Apache-2.0
#include "cli/replay.h"

#include <algorithm>
#include <array>

namespace gw::cli {
namespace {

using server::Explanation;

constexpr std::size_t kMostKnown = 50000;

// The refusals that are a policy's. Whatever else was answered, the policy had let pass.
bool is_of_policy(std::string_view code) {
  constexpr std::array<std::string_view, 8> kCodes{
      "insufficient_scope",    "forbidden", "no_route",
      "method_not_allowed",    "bad_path",  "misdirected_request",
      "ambiguous_credentials", "csrf"};
  return code.starts_with("token_") || std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

// Puts a claim where the issuer would have: `roles` into realm_access.roles, say.
void set_by_path(json::Value& object, std::string_view path, json::Value value) {
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) return object.set(path, std::move(value));
  const json::Value* inner = object.find(path.substr(0, dot));
  json::Value nested =
      inner != nullptr && inner->as_object() != nullptr ? *inner : json::Value(json::Object());
  set_by_path(nested, path.substr(dot + 1), std::move(value));
  object.set(path.substr(0, dot), std::move(nested));
}

bool passes(const Explanation& explanation) {
  return explanation.outcome != Explanation::Outcome::refused;
}

std::string text_of(const Explanation& explanation) {
  std::string text = passes(explanation) ? "answered" : "refused";
  if (explanation.outcome == Explanation::Outcome::forwarded)
    text = "forwarded to " + explanation.upstream + ' ' + explanation.upstream_url;
  else if (explanation.status != 0)
    text += ' ' + std::to_string(explanation.status);
  if (!explanation.code.empty()) text += ' ' + explanation.code;
  if (!explanation.endpoint.empty()) text += " (endpoint " + explanation.endpoint + ")";
  return explanation.route.empty() ? text : text + " (route " + explanation.route + ")";
}

Turn turn_of(const AccessRecord& record, const Explanation& before, const Explanation& after) {
  if (passes(before) == is_of_policy(record.code)) return Turn::unknown;
  if (passes(before) != passes(after)) return passes(after) ? Turn::wider : Turn::narrower;
  return text_of(before) == text_of(after) ? Turn::same : Turn::other;
}

}  // namespace

std::string_view name_of(Turn turn) {
  switch (turn) {
    case Turn::same:
      return "same";
    case Turn::wider:
      return "wider";
    case Turn::narrower:
      return "narrower";
    case Turn::other:
      return "other";
    case Turn::unknown:
      break;
  }
  return "not judged";
}

Replay::Replay(const config::Config& before_config, std::unique_ptr<server::DryRun> before,
               std::unique_ptr<server::DryRun> after)
    : config_(before_config), before_(std::move(before)), after_(std::move(after)) {}

server::DryRequest Replay::request_of(const AccessRecord& record) const {
  server::DryRequest request{record.method, record.path + (record.query.empty() ? "" : "?" + record.query)};
  if (!record.host.empty()) request.headers.emplace_back("Host", record.host);
  if (!record.client.empty()) request.client_ip = record.client;
  if (record.subject.empty()) return request;
  json::Value claims = json::Object{{"sub", record.subject}, {"iss", config_.tokens.issuer}};
  const jose::ClaimNames* names = nullptr;
  for (const jose::IssuerOptions& issuer : config_.issuers) {
    if (issuer.name != record.issuer) continue;
    claims.set("iss", issuer.issuer);
    names = &issuer.claims;
  }
  if (record.claims)
    for (const auto& [name, value] : *record.claims->as_object()) {
      std::string path = name;
      if (names != nullptr)
        for (const auto& [ours, theirs] : *names)
          if (ours == name) path = theirs;
      set_by_path(claims, path, value);
    }
  request.claims = std::move(claims);
  return request;
}

Replayed Replay::run(const AccessRecord& record) {
  const std::string who = record.subject.empty() ? record.client : record.subject;
  std::string key = record.method + ' ' + record.host + record.path;
  const std::string shown = key + " by " + who;
  for (const std::string* part :
       {&record.query, &record.client, &record.subject, &record.issuer, &record.code})
    key += '\n' + *part;
  if (record.claims) key += '\n' + json::dump(*record.claims);
  if (const auto found = known_.find(key); found != known_.end()) return found->second;

  const server::DryRequest request = request_of(record);
  const auto before = before_->run(request), after = after_->run(request);
  Replayed replayed{Turn::unknown, shown, {}, {}};
  if (before && after) {
    replayed.turn = turn_of(record, *before, *after);
    replayed.before = text_of(*before);
    replayed.after = text_of(*after);
  }
  if (known_.size() >= kMostKnown) known_.clear();
  known_.emplace(std::move(key), replayed);
  return replayed;
}

}  // namespace gw::cli
