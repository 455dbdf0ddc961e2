// SPDX-License-Identifier: Apache-2.0
#include "policy/route_witness.h"

#include <algorithm>
#include <optional>

#include "policy/client_networks.h"
#include "policy/host_pattern.h"
#include "policy/query_parameter.h"

namespace gw::policy {
namespace {

constexpr std::string_view kWord = "gw-witness";
constexpr std::string_view kNobody = "192.0.2.1";  // RFC 5737: nobody's address

bool is_wildcard(std::string_view host) {
  return host.starts_with(kWildcardPrefix);
}

// True when the wildcard's suffix, with its dot, ends `host`, which may be one too.
bool wildcard_covers(std::string_view wildcard, std::string_view host) {
  const std::string_view suffix = wildcard.substr(1);
  return host.size() > suffix.size() && host.ends_with(suffix);
}

// The narrower of two patterns; nothing when no host meets both.
std::optional<std::string> common_host(const std::string& a, const std::string& b) {
  if (a == b || b.empty()) return a;
  if (a.empty()) return b;
  if (is_wildcard(a) && wildcard_covers(a, b)) return b;
  if (is_wildcard(b) && wildcard_covers(b, a)) return a;
  return std::nullopt;
}

std::string host_of(const std::string& pattern) {
  if (pattern.empty()) return std::string(kWord) + ".invalid";
  return is_wildcard(pattern) ? std::string(kWord) + pattern.substr(1) : pattern;
}

// Paths that meet both: at the end of the longer one and, when both go on, behind it.
std::vector<std::string> common_paths(const PathTemplate& a, const PathTemplate& b) {
  const std::size_t length = std::max(a.segments.size(), b.segments.size());
  if ((a.segments.size() < length && !a.has_rest) || (b.segments.size() < length && !b.has_rest)) return {};
  std::string path;
  for (std::size_t i = 0; i < length; ++i) {
    const Segment* const mine = i < a.segments.size() ? &a.segments[i] : nullptr;
    const Segment* const theirs = i < b.segments.size() ? &b.segments[i] : nullptr;
    const Segment* literal = nullptr;
    for (const Segment* each : {mine, theirs}) {
      if (each == nullptr || each->is_name) continue;
      if (literal != nullptr && literal->text != each->text) return {};
      literal = each;
    }
    const bool is_named = (mine != nullptr && mine->is_name) || (theirs != nullptr && theirs->is_name);
    if (literal != nullptr && literal->text.empty() && is_named) return {};  // a name is never empty
    path.append("/").append(literal != nullptr ? std::string_view(literal->text) : kWord);
  }
  std::vector<std::string> paths;
  if (!path.empty()) paths.push_back(path);
  if (!a.has_rest || !b.has_rest) return paths;
  paths.push_back(path + "/");
  paths.push_back(path + "/" + std::string(kWord));
  paths.push_back(path + "/" + std::string(kWord) + "/" + std::string(kWord));
  return paths;
}

std::vector<std::string> common_methods(const std::vector<std::string>& a,
                                        const std::vector<std::string>& b) {
  if (a.empty() && b.empty()) return {"GET", "POST", "GW-WITNESS"};
  if (a.empty()) return b;
  if (b.empty()) return a;
  std::vector<std::string> both;
  std::copy_if(a.begin(), a.end(), std::back_inserter(both),
               [&](const std::string& method) { return std::find(b.begin(), b.end(), method) != b.end(); });
  return both;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

// False when one name has two values.
bool unite(Pairs& pairs, const Pairs& more, bool without_case) {
  for (const auto& [name, value] : more) {
    const auto same = std::find_if(pairs.begin(), pairs.end(), [&, &text = name](const auto& pair) {
      return without_case ? http::equal_without_case(pair.first, text) : pair.first == text;
    });
    if (same == pairs.end())
      pairs.emplace_back(name, value);
    else if (same->second != value)
      return false;
  }
  return true;
}

std::string query_of(const Pairs& pairs) {
  std::string query;
  for (const auto& [name, value] : pairs)
    query += (query.empty() ? "" : "&") + encode_query(name) + "=" + encode_query(value);
  return query;
}

std::optional<std::string> common_client(const Route& a, const Route& b) {
  if (a.clients.empty() && b.clients.empty()) return std::string(kNobody);
  if (a.clients.empty()) return first_address(b.clients.front());
  if (b.clients.empty()) return first_address(a.clients.front());
  for (const net::Cidr& mine : a.clients)
    for (const net::Cidr& theirs : b.clients)
      if (networks_meet(mine, theirs)) return first_address(mine.bits > theirs.bits ? mine : theirs);
  return std::nullopt;
}

// With what is common of the conditions, once as short as possible and once with all that either asks for.
void append_meetings(const Route& a, const PathTemplate& path_a, const Route& b, const PathTemplate& path_b,
                     std::vector<Request>& requests) {
  const auto host = common_host(a.host, b.host);
  if (!host) return;
  const std::vector<std::string> paths = common_paths(path_a, path_b);
  if (paths.empty()) return;
  const auto client = common_client(a, b);
  Pairs headers = a.headers, query = a.query;
  if (!client || !unite(headers, b.headers, true) || !unite(query, b.query, false)) return;
  for (const std::string& method : common_methods(a.methods, b.methods))
    for (const std::string& path : paths) {
      Request request;
      request.host = host_of(*host);
      request.path = path;
      request.method = method;
      request.query = query_of(query);
      request.client = *client;
      request.headers = headers;
      requests.push_back(std::move(request));
    }
}

}  // namespace

const Route* Request::match(const RouteTable& table) const {
  http::Fields fields;
  for (const auto& [name, value] : headers) fields.add(name, value);
  const std::string target = query.empty() ? path : path + "?" + query;
  std::string scratch;
  const auto normal = http::normalise_target(target, scratch);
  if (!normal) return nullptr;
  const auto found = table.match({host, *normal, method, fields, client});
  return found ? found->route : nullptr;
}

std::string Request::text() const {
  return method + " " + host + path + (query.empty() ? "" : "?" + query);
}

void RouteIndex::add(const Route& route) {
  auto path = parse_path_template(route.path);
  if (!path) return;
  const bool has_first = !path->segments.empty() && !path->segments.front().is_name;
  (has_first ? by_first_[path->segments.front().text] : anywhere_).push_back(entries_.size());
  entries_.push_back({&route, std::move(*path)});
}

std::vector<Request> RouteIndex::meetings_of(const Route& route) const {
  std::vector<Request> requests;
  const auto path = parse_path_template(route.path);
  if (!path) return requests;
  const auto meet = [&](std::size_t index) {
    const Entry& other = entries_[index];
    append_meetings(route, *path, *other.route, other.path, requests);
  };
  if (path->segments.empty() || path->segments.front().is_name) {
    for (std::size_t index = 0; index < entries_.size(); ++index) meet(index);
    return requests;
  }
  const auto alike = by_first_.find(path->segments.front().text);
  if (alike != by_first_.end()) std::for_each(alike->second.begin(), alike->second.end(), meet);
  std::for_each(anywhere_.begin(), anywhere_.end(), meet);
  return requests;
}

}  // namespace gw::policy
