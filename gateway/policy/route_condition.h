// SPDX-License-Identifier: Apache-2.0
// What a route asks of a request beside host and path: methods, headers, query parameters and the client's
// address; and which of two routes with the same host and path shape comes first: listed methods over any,
// then more headers over fewer, then more parameters over fewer, then a narrower list of clients over a wider
// one. A header condition holds when exactly one field has the name (without case) and its value is equal. So
// two values of one header exclude each other, whatever a client repeats. The same goes for query parameters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/field.h"
#include "policy/client_networks.h"
#include "policy/route.h"

namespace gw::policy {

class RouteCondition {
 public:
  explicit RouteCondition(const Route& route);

  bool allows_method(std::string_view method) const;
  // All but the method. `client` is an address.
  bool holds(const http::Fields& fields, std::string_view query, std::string_view client) const;
  const std::vector<std::string>& methods() const { return methods_; }  // empty: any

  bool more_specific_than(const RouteCondition& other) const;
  // An order of all conditions in which the more specific come first.
  bool comes_before(const RouteCondition& other) const;
  // Some request meets both conditions and neither is more specific.
  bool ties_with(const RouteCondition& other) const;

 private:
  struct HeaderIs {
    std::string name;
    std::string value;
    std::uint32_t folded;
  };

  bool headers_match(const http::Fields& fields) const;
  bool shares_a_method(const RouteCondition& other) const;
  bool headers_exclude(const RouteCondition& other) const;
  bool query_excludes(const RouteCondition& other) const;

  std::vector<std::string> methods_;
  std::vector<HeaderIs> headers_;
  std::vector<std::pair<std::string, std::string>> query_;
  ClientNetworks clients_;
};

}  // namespace gw::policy
