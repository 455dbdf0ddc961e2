// SPDX-License-Identifier: Apache-2.0
// Heads of messages, the same for every HTTP version. All views point into a buffer that the owner of the
// head keeps alive.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/field.h"

namespace gw::http {

enum class Version : std::uint8_t { http10, http11, http2 };

enum class Method : std::uint8_t { get, head, post, put, delete_, connect, options, trace, patch, other };
Method method_of(std::string_view text);  // case-sensitive (RFC 9110 9.1)
bool is_safe(Method method);              // RFC 9110 9.2.1
bool is_idempotent(Method method);        // RFC 9110 9.2.2; `other` is not

// How a message's body ends (RFC 9112 section 6.3).
enum class Framing : std::uint8_t { none, length, chunked, until_close, stream };

struct RequestHead {
  Method method = Method::get;
  std::string_view method_text;
  std::string_view target;     // path and query as sent: "/a?b", or "*" for OPTIONS
  std::string_view authority;  // of an absolute-form target, else Host, or :authority; empty without any
  Version version = Version::http11;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;  // with Framing::length
  bool keep_alive = true;            // what the client asks for
  bool expects_continue = false;
  Fields fields;

  bool has_body() const {
    return framing != Framing::none && (framing != Framing::length || content_length != 0);
  }
  void clear();
};

struct ResponseHead {
  std::uint16_t status = 0;
  std::string_view reason;
  Version version = Version::http11;
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  Fields fields;

  void clear();
};

}  // namespace gw::http
