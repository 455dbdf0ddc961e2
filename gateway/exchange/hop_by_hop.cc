// SPDX-License-Identifier: Apache-2.0
#include "exchange/hop_by_hop.h"

namespace gw::exchange {
namespace {

// Each name is looked for among all fields: without a bound, one head could ask for millions of comparisons.
constexpr unsigned kNamed = 64;

bool drop_named(http::Fields& fields, std::string_view list, unsigned& named) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view name = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    while (!name.empty() && (name.front() == ' ' || name.front() == '\t')) name.remove_prefix(1);
    while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
    if (name.empty()) continue;
    if (++named > kNamed) return false;
    // The length frames the message; the codec writes it from the head, not from the field.
    fields.drop(name);
  }
  return true;
}

}  // namespace

bool drop_hop_by_hop(http::Fields& fields) {
  bool has_connection = false;
  for (http::Field& field : fields) {
    switch (field.id) {
      case http::FieldName::connection:
        has_connection = true;
        field.dropped = true;
        break;
      case http::FieldName::http2_settings:
      case http::FieldName::keep_alive:
      case http::FieldName::proxy_authenticate:
      case http::FieldName::proxy_authorization:
      case http::FieldName::proxy_connection:
      case http::FieldName::te:
      case http::FieldName::trailer:
      case http::FieldName::transfer_encoding:
      case http::FieldName::upgrade:
        field.dropped = true;
        break;
      default:
        break;
    }
  }
  if (!has_connection) return true;
  unsigned named = 0;
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].id == http::FieldName::connection && !drop_named(fields, fields[i].value, named))
      return false;
  return true;
}

}  // namespace gw::exchange
