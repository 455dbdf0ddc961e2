// SPDX-License-Identifier: Apache-2.0
#include "http/cookie.h"

#include "http/field.h"
#include "http/scan.h"

namespace gw::http {
namespace {

// The next "name=value", without blanks around it; `rest` is shortened to what follows.
std::string_view take_pair(std::string_view& rest) {
  const std::string_view pair = rest.substr(0, rest.find(';'));
  rest.remove_prefix(pair.size() + (pair.size() < rest.size()));
  return trim_blanks(pair);
}

// Servers trim the blanks before the '=', too. A pair without one is a nameless cookie to browsers and a name
// to some servers; it counts as a name here.
std::string_view name_of(std::string_view pair) {
  return trim_blanks(pair.substr(0, pair.find('=')));
}

std::string_view value_of(std::string_view pair) {
  const std::size_t equals = pair.find('=');
  return equals == std::string_view::npos ? std::string_view() : trim_blanks(pair.substr(equals + 1));
}

bool has_prefix(std::string_view pair, std::string_view prefix) {
  return equal_without_case(name_of(pair).substr(0, prefix.size()), prefix);
}

}  // namespace

CookieMatch find_cookie(std::string_view field_value, std::string_view name) {
  CookieMatch match;
  while (!field_value.empty()) {
    const std::string_view pair = take_pair(field_value);
    if (name_of(pair) != name || pair.empty()) continue;
    if (++match.count == 1) match.value = value_of(pair);
  }
  return match;
}

std::string_view without_cookies(std::string_view field_value, std::string_view prefix,
                                 std::string& scratch) {
  bool has_any = false;
  for (std::string_view rest = field_value; !rest.empty() && !has_any;)
    has_any = has_prefix(take_pair(rest), prefix);
  if (!has_any) return field_value;

  scratch.clear();
  for (std::string_view rest = field_value; !rest.empty();) {
    const std::string_view pair = take_pair(rest);
    if (pair.empty() || has_prefix(pair, prefix)) continue;
    if (!scratch.empty()) scratch += "; ";
    scratch += pair;
  }
  return scratch;
}

}  // namespace gw::http
