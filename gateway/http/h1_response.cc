// SPDX-License-Identifier: Apache-2.0
// ResponseParser of h1_parser.h (RFC 9112 section 4).
#include <algorithm>

#include "http/h1_parser.h"
#include "http/h1_syntax.h"
#include "http/scan.h"

namespace gw::http {

Parse ResponseParser::parse(std::string_view bytes, Method request_method, ResponseHead& head) {
  if (state_ == State::failed) return Parse::failed;
  if (state_ == State::done) return Parse::complete;
  follow(bytes, head);
  const std::string_view window = bytes.substr(0, limits_->header_bytes);
  for (;;) {
    const LineEnd end = find_line_end(window, scanned_);
    const std::string_view line = window.substr(at_, end.at - at_);
    if (end.kind != LineEnd::Kind::complete) {
      scanned_ = end.at;
      constexpr std::string_view kVersions = "HTTP/1.";
      if (state_ == State::start && kVersions.substr(0, line.size()) != line.substr(0, kVersions.size()))
        return fail("not a version of HTTP/1");
      if (end.kind == LineEnd::Kind::malformed) return fail("a bare CR or LF, or a control byte");
      return bytes.size() > window.size() ? fail("the head is too large") : Parse::need_more;
    }
    at_ = scanned_ = end.at + 2;
    const Parse parsed = parse_line(line, request_method, head);
    if (parsed != Parse::need_more) return parsed;
  }
}

void ResponseParser::reset() {
  state_ = State::start;
  at_ = scanned_ = 0;
  base_ = nullptr;
  error_ = Error(Fault::upstream_protocol);
}

void ResponseParser::follow(std::string_view bytes, ResponseHead& head) {
  if (base_ == nullptr) {
    head.clear();
  } else if (base_ != bytes.data()) {
    rebase(head.reason, base_, bytes.data());
    rebase(head.fields, base_, bytes.data());
  }
  base_ = bytes.data();
}

Parse ResponseParser::parse_line(std::string_view text, Method request_method, ResponseHead& head) {
  if (state_ == State::start) return parse_status_line(text, head);
  if (text.empty()) return finish(request_method, head);
  if (head.fields.size() == limits_->headers) return fail("too many fields");
  Field field;
  if (const char* why = parse_field_line(text, field)) return fail(why);
  head.fields.push(field);
  return Parse::need_more;
}

// "HTTP/1.1 200 Fine"; many servers leave out the reason, and some the blank before it.
Parse ResponseParser::parse_status_line(std::string_view text, ResponseHead& head) {
  constexpr std::size_t kVersionSize = 8, kReasonAt = 13;
  const auto version = parse_version(text.substr(0, kVersionSize));
  if (!version) return fail("not a version of HTTP/1");
  const std::string_view rest = text.substr(kVersionSize);
  const bool has_code =
      rest.size() >= 4 && rest[0] == ' ' && std::all_of(rest.begin() + 1, rest.begin() + 4, is_digit);
  if (!has_code || rest[1] < '1' || rest[1] > '5') return fail("not a status");
  if (rest.size() > 4 && rest[4] != ' ') return fail("a status of more than three digits");

  head.version = *version;
  head.status = static_cast<std::uint16_t>((rest[1] - '0') * 100 + (rest[2] - '0') * 10 + (rest[3] - '0'));
  if (text.size() > kReasonAt) head.reason = text.substr(kReasonAt);
  state_ = State::fields;
  return Parse::need_more;
}

Parse ResponseParser::finish(Method request_method, ResponseHead& head) {
  MessageFields message;
  if (const char* why = read_message_fields(head.fields, head.version, message)) return fail(why);
  const bool is_bare = head.status < 200 || head.status == 204;
  // RFC 9112 6.1, RFC 9110 8.6: a server that announces a body here would be read in two ways.
  if (is_bare && (message.chunked || message.content_length.value_or(0) != 0))
    return fail("a body where none may be");

  head.keep_alive = keeps_alive(message, head.version);
  if (is_bare || head.status == 304 || request_method == Method::head) {
    head.framing = Framing::none;
  } else if (message.chunked) {
    head.framing = Framing::chunked;
  } else if (message.content_length) {
    head.framing = Framing::length;
    head.content_length = *message.content_length;
  } else {
    head.framing = Framing::until_close;
    head.keep_alive = false;
  }
  state_ = State::done;
  return Parse::complete;
}

Parse ResponseParser::fail(const char* why) {
  state_ = State::failed;
  error_ = Error(Fault::upstream_protocol, why);
  return Parse::failed;
}

}  // namespace gw::http
