// SPDX-License-Identifier: Apache-2.0
#include "endpoints/basic_credentials.h"

#include <algorithm>

#include "base/base64url.h"
#include "base/utf8.h"
#include "http/field.h"

namespace gw::endpoints {
namespace {

constexpr std::size_t kMaxBytes = 8 * 1024;
constexpr std::string_view kScheme = "basic";

}  // namespace

std::optional<BasicCredentials> parse_basic(std::string_view value) {
  if (value.size() <= kScheme.size() || value.size() > kMaxBytes) return std::nullopt;
  if (!http::equal_without_case(value.substr(0, kScheme.size()), kScheme) || value[kScheme.size()] != ' ')
    return std::nullopt;
  value.remove_prefix(std::min(value.size(), value.find_first_not_of(' ', kScheme.size())));
  if (value.empty() || value.size() % 4 != 0 || value.find_first_of("-_") != std::string_view::npos)
    return std::nullopt;
  for (int padding = 0; padding < 2 && value.ends_with('='); ++padding) value.remove_suffix(1);
  std::string text(value);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  auto decoded = base64url_decode(text);
  wipe(text);
  if (!decoded) return std::nullopt;
  SecretString pair(std::move(*decoded));
  const std::size_t colon = pair.reveal().find(':');
  const bool has_control = std::any_of(pair.reveal().begin(), pair.reveal().end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  });
  if (colon == std::string_view::npos || colon == 0 || has_control || !is_utf8(pair.reveal()))
    return std::nullopt;
  return BasicCredentials{std::string(pair.reveal().substr(0, colon)),
                          SecretString(std::string(pair.reveal().substr(colon + 1)))};
}

}  // namespace gw::endpoints
