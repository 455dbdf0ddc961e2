// SPDX-License-Identifier: Apache-2.0
// URLs that the gateway itself asks: of key sets, discovery documents and introspection. Strict: what is
// odd is no URL. Plain http is taken on loopback alone, unless whoever asks takes it anywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gw::fetch {

struct Url {
  std::string text;
  bool tls = false;
  std::string host;  // lower case, IPv6 without brackets
  std::uint16_t port = 0;
  std::string path;  // and query; begins with a slash

  bool is_same_origin(const Url& other) const {
    return tls == other.tls && host == other.host && port == other.port;
  }
};

enum class PlainHttp : std::uint8_t { on_loopback, anywhere };

bool is_loopback(const Url& url);
// The error says what is wrong, and what to do.
Result<Url, std::string> parse_url(std::string_view text, PlainHttp plain = PlainHttp::on_loopback);

}  // namespace gw::fetch
