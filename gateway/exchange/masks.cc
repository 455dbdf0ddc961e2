// SPDX-License-Identifier: Apache-2.0
#include "exchange/masks.h"

#include <algorithm>

#include "http/field.h"

namespace gw::exchange {
namespace {

// Anywhere in a name: "X-Amz-Security-Token", "new_password".
constexpr std::string_view kSecretParts[] = {
    "token", "passw", "pwd", "secret", "jwt", "auth", "apikey", "api_key", "api-key", "session", "signature",
};
constexpr std::string_view kSecretNames[] = {"code", "key", "sig"};

bool contains_without_case(std::string_view text, std::string_view part) {
  for (std::size_t at = 0; at + part.size() <= text.size(); ++at)
    if (http::equal_without_case(text.substr(at, part.size()), part)) return true;
  return false;
}

bool is_secret_name(std::string_view name) {
  for (const std::string_view part : kSecretParts)
    if (contains_without_case(name, part)) return true;
  for (const std::string_view secret : kSecretNames)
    if (http::equal_without_case(name, secret)) return true;
  // An escaped name could hide any of them.
  return name.find('%') != std::string_view::npos;
}

// Where the first secret value of `pair` begins; some servers part pairs with ';', so that may be in the
// middle.
std::size_t find_secret(std::string_view pair) {
  for (std::size_t at = 0; at < pair.size();) {
    const std::size_t end = std::min(pair.find(';', at), pair.size());
    const std::size_t equals = pair.find('=', at);
    if (equals < end && is_secret_name(pair.substr(at, equals - at))) return equals + 1;
    at = end + 1;
  }
  return std::string_view::npos;
}

}  // namespace

std::string mask_query(std::string_view query) {
  std::string out;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::size_t secret = find_secret(query.substr(0, end));
    out += query.substr(0, std::min(secret, end));
    if (secret != std::string_view::npos) out += "***";
    if (end != query.size()) out += '&';
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return out;
}

std::string mask_path(std::string_view path) {
  if (path.find(';') == std::string_view::npos) return std::string(path);
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    const std::size_t first = std::min(segment.find(';'), segment.size());
    const std::size_t secret = find_secret(segment.substr(first));
    out += segment.substr(0, secret == std::string_view::npos ? end : first + secret);
    if (secret != std::string_view::npos) out += "***";
    if (end != path.size()) out += '/';
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return out;
}

std::string mask_url(std::string_view url) {
  url = url.substr(0, url.find('#'));
  const std::size_t question = std::min(url.find('?'), url.size());
  std::string_view place = url.substr(0, question);
  std::string out;
  if (const std::size_t scheme = place.find("://"); scheme != std::string_view::npos) {
    out = place.substr(0, scheme + 3);
    place.remove_prefix(scheme + 3);
  }
  const std::size_t authority = std::min(place.find('/'), place.size());
  if (const std::size_t user = place.substr(0, authority).rfind('@'); user != std::string_view::npos)
    place.remove_prefix(user + 1);
  out += mask_path(place);
  if (question != url.size()) out += "?" + mask_query(url.substr(question + 1));
  return out;
}

}  // namespace gw::exchange
