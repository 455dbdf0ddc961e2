// SPDX-License-Identifier: Apache-2.0
// What requests, responses and trailers share in HTTP/1.1: lines, field lines, and what the fields of a head
// say about the message itself. A refusal is a constant sentence for the log; null means that all is well.
// Internal to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/field.h"
#include "http/message.h"

namespace gw::http {

// Where a line ends: `complete` and `at` is its CR; `incomplete` and there is nothing to see before `at`;
// or `malformed` and `at` is a bare CR, a bare LF or another control byte.
struct LineEnd {
  enum class Kind : std::uint8_t { incomplete, complete, malformed } kind;
  std::size_t at;
};
LineEnd find_line_end(std::string_view bytes, std::size_t from);

// A field line without its line end. REQUIRES: no control bytes but tabs, which find_line_end() has seen to.
const char* parse_field_line(std::string_view line, Field& field);

// 1*DIGIT up to 2^63-1 and nothing else.
std::optional<std::uint64_t> parse_content_length(std::string_view value);

// Of fields that say something about the message or the connection.
struct MessageFields {
  const Field* host = nullptr;
  unsigned hosts = 0;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool close = false;
  bool keep_alive = false;
  bool expects_continue = false;
  bool expects_other = false;
};
const char* read_message_fields(const Fields& fields, Version version, MessageFields& out);

inline bool keeps_alive(const MessageFields& message, Version version) {
  return !message.close && (version == Version::http11 || message.keep_alive);
}

// "HTTP/1.0" or "HTTP/1.1".
std::optional<Version> parse_version(std::string_view text);

// Moves a view into bytes that have been moved as a whole.
inline void rebase(std::string_view& view, const char* from, const char* to) {
  if (view.data() != nullptr) view = {to + (view.data() - from), view.size()};
}
void rebase(Fields& fields, const char* from, const char* to);

}  // namespace gw::http
