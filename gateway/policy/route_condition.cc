// SPDX-License-Identifier: Apache-2.0
#include "policy/route_condition.h"

#include <algorithm>

#include "policy/query_parameter.h"

namespace gw::policy {

RouteCondition::RouteCondition(const Route& route)
    : methods_(route.methods), query_(route.query), clients_(route.clients) {
  for (const auto& [name, value] : route.headers) headers_.push_back({name, value, http::folded_hash(name)});
}

bool RouteCondition::allows_method(std::string_view method) const {
  return methods_.empty() || std::find(methods_.begin(), methods_.end(), method) != methods_.end();
}

bool RouteCondition::holds(const http::Fields& fields, std::string_view query,
                           std::string_view client) const {
  const auto says = [&](const auto& parameter) {
    return query_says(query, parameter.first, parameter.second);
  };
  return headers_match(fields) && std::all_of(query_.begin(), query_.end(), says) &&
         clients_.contains(client);
}

bool RouteCondition::headers_match(const http::Fields& fields) const {
  return std::all_of(headers_.begin(), headers_.end(), [&](const HeaderIs& wanted) {
    bool found = false;
    for (const http::Field& field : fields) {
      if (field.dropped || field.folded != wanted.folded) continue;
      if (!http::equal_without_case(field.name, wanted.name)) continue;
      if (found || field.value != wanted.value) return false;
      found = true;
    }
    return found;
  });
}

bool RouteCondition::more_specific_than(const RouteCondition& other) const {
  if (methods_.empty() != other.methods_.empty()) return other.methods_.empty();
  if (headers_.size() != other.headers_.size()) return headers_.size() > other.headers_.size();
  if (query_.size() != other.query_.size()) return query_.size() > other.query_.size();
  return other.clients_.is_wider_than(clients_);
}

bool RouteCondition::comes_before(const RouteCondition& other) const {
  if (methods_.empty() != other.methods_.empty()) return other.methods_.empty();
  if (headers_.size() != other.headers_.size()) return headers_.size() > other.headers_.size();
  if (query_.size() != other.query_.size()) return query_.size() > other.query_.size();
  return clients_.breadth() < other.clients_.breadth();
}

bool RouteCondition::ties_with(const RouteCondition& other) const {
  return !more_specific_than(other) && !other.more_specific_than(*this) && shares_a_method(other) &&
         !headers_exclude(other) && !query_excludes(other) && clients_.meets(other.clients_);
}

bool RouteCondition::shares_a_method(const RouteCondition& other) const {
  return methods_.empty() || other.methods_.empty() ||
         std::any_of(methods_.begin(), methods_.end(),
                     [&](const std::string& method) { return other.allows_method(method); });
}

bool RouteCondition::headers_exclude(const RouteCondition& other) const {
  for (const HeaderIs& mine : headers_)
    for (const HeaderIs& theirs : other.headers_)
      if (http::equal_without_case(mine.name, theirs.name) && mine.value != theirs.value) return true;
  return false;
}

bool RouteCondition::query_excludes(const RouteCondition& other) const {
  for (const auto& [name, value] : query_)
    for (const auto& [their_name, their_value] : other.query_)
      if (name == their_name && value != their_value) return true;
  return false;
}

}  // namespace gw::policy
