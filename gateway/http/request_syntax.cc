// SPDX-License-Identifier: Apache-2.0
#include "http/request_syntax.h"

#include <algorithm>
#include <string>

#include "http/path.h"
#include "http/scan.h"

namespace gw::http {
namespace {

// What follows the host, without zeros before it; `otherwise` when that is nothing.
std::string_view port_of(std::string_view authority, std::string_view otherwise) {
  const std::size_t colon = authority.find_last_of(":]");
  if (colon == std::string_view::npos || authority[colon] == ']' || colon + 1 == authority.size())
    return otherwise;
  const std::string_view port = authority.substr(colon + 1);
  return port.substr(std::min(port.find_first_not_of('0'), port.size() - 1));
}

}  // namespace

bool is_method_byte(char c) {
  return folded_byte(c) != 0 && !is_lower(c);
}

bool is_target_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
}

bool is_host(std::string_view authority) {
  std::string scratch;
  return !normalise_host(authority, scratch).empty();
}

bool same_authority(std::string_view a, std::string_view b, std::string_view default_port) {
  std::string scratch_a, scratch_b;
  return normalise_host(a, scratch_a) == normalise_host(b, scratch_b) &&
         port_of(a, default_port) == port_of(b, default_port);
}

}  // namespace gw::http
