// SPDX-License-Identifier: Apache-2.0
#include "http/h1_parser.h"

#include <algorithm>

#include "http/h1_syntax.h"
#include "http/request_syntax.h"
#include "http/scan.h"

namespace gw::http {
namespace {

bool has_prefix_without_case(std::string_view text, std::string_view prefix) {
  return equal_without_case(text.substr(0, prefix.size()), prefix);
}

}  // namespace

Parse RequestParser::parse(std::string_view bytes, RequestHead& head) {
  if (state_ == State::failed) return Parse::failed;
  if (state_ == State::done) return Parse::complete;
  follow(bytes, head);
  // The bytes behind the limit are never looked at, so that it matters not how many of them are there
  // already.
  const std::string_view window = bytes.substr(0, limits_->header_bytes);
  for (;;) {
    const LineEnd end = find_line_end(window, scanned_);
    const std::string_view line = window.substr(at_, end.at - at_);
    if (end.kind != LineEnd::Kind::complete) {
      scanned_ = end.at;
      if (parse_unfinished(line, end.kind == LineEnd::Kind::malformed) == Parse::failed) return Parse::failed;
      if (bytes.size() > window.size()) return fail(Fault::header_too_large, "the head is too large");
      return Parse::need_more;
    }
    const bool is_empty_line_before = line.empty() && state_ == State::start && at_ == 0;
    at_ = scanned_ = end.at + 2;
    if (is_empty_line_before) continue;
    const Parse parsed = parse_line(line, head);
    if (parsed != Parse::need_more) return parsed;
  }
}

bool RequestParser::has_begun() const {
  return state_ != State::start || scanned_ > at_;
}

void RequestParser::reset() {
  state_ = State::start;
  at_ = scanned_ = 0;
  base_ = nullptr;
  error_ = Error(Fault::bad_request);
}

void RequestParser::follow(std::string_view bytes, RequestHead& head) {
  if (base_ == nullptr) {
    head.clear();
  } else if (base_ != bytes.data()) {
    rebase(head.method_text, base_, bytes.data());
    rebase(head.target, base_, bytes.data());
    rebase(head.authority, base_, bytes.data());
    rebase(head.fields, base_, bytes.data());
  }
  base_ = bytes.data();
}

// Judges the method and the length of the target, also while the line is still on its way: bytes of another
// protocol are refused at the first one, and nobody has to wait for the end of an endless target.
Parse RequestParser::split_request_line(std::string_view text, Line& line) {
  const std::size_t limit = std::min(text.size(), kMaxMethodBytes + 1);
  std::size_t size = 0;
  while (size < limit && is_method_byte(text[size])) ++size;
  if (size > kMaxMethodBytes) return fail(Fault::bad_request, "the method is too long");
  if (size == text.size()) return Parse::need_more;
  if (size == 0 || text[size] != ' ') return fail(Fault::bad_request, "not a method");

  line.method = text.substr(0, size);
  line.target = text.substr(size + 1);
  line.target = line.target.substr(0, line.target.find(' '));
  if (line.target.size() > limits_->uri_bytes) return fail(Fault::uri_too_long, "the target is too long");

  const std::size_t end = size + 1 + line.target.size();
  if (end == text.size()) return Parse::need_more;
  line.version = text.substr(end + 1);
  return Parse::complete;
}

// A line of which `text` is there so far, and perhaps a byte behind it that may not stand in any line.
Parse RequestParser::parse_unfinished(std::string_view text, bool malformed) {
  Line line;
  bool in_target = false;
  if (state_ == State::start) {
    const Parse parsed = split_request_line(text, line);
    if (parsed == Parse::failed) return parsed;
    in_target = parsed == Parse::need_more && !line.method.empty();
  }
  if (!malformed) return Parse::need_more;
  const char found = base_[scanned_];
  const bool is_line_end = found == '\r' || found == '\n';
  if (in_target && !is_line_end) return fail(Fault::bad_path, "a control byte in the target");
  return fail(Fault::bad_request, is_line_end ? "a bare CR or LF" : "a control byte");
}

Parse RequestParser::parse_line(std::string_view text, RequestHead& head) {
  if (state_ == State::start) return parse_request_line(text, head);
  if (text.empty()) return finish(head);
  if (head.fields.size() == limits_->headers) return fail(Fault::header_too_large, "too many fields");
  Field field;
  if (const char* why = parse_field_line(text, field)) return fail(Fault::bad_request, why);
  head.fields.push(field);
  return Parse::need_more;
}

Parse RequestParser::parse_request_line(std::string_view text, RequestHead& head) {
  Line line;
  const Parse split = split_request_line(text, line);
  if (split == Parse::failed) return split;
  if (split == Parse::need_more) return fail(Fault::bad_request, "a request line without a version");

  const auto version = parse_version(line.version);
  if (!version) return fail(Fault::bad_request, "not a version of HTTP/1");
  head.version = *version;
  head.method_text = line.method;
  head.method = method_of(line.method);
  if (head.method == Method::connect || head.method == Method::trace)
    return fail(Fault::method_not_allowed, "CONNECT or TRACE");
  if (!is_target_text(line.target))
    return fail(Fault::bad_path, "a byte in the target that may not stand there");
  state_ = State::fields;
  return parse_target(line.target, head);
}

// RFC 9112 3.2: origin-form, asterisk-form with OPTIONS alone, absolute-form; authority-form belongs to
// CONNECT.
Parse RequestParser::parse_target(std::string_view target, RequestHead& head) {
  if (target.starts_with('/') || (target == "*" && head.method == Method::options)) {
    head.target = target;
    return Parse::need_more;
  }
  return parse_absolute_form(target, head);
}

Parse RequestParser::parse_absolute_form(std::string_view target, RequestHead& head) {
  const bool is_http = has_prefix_without_case(target, "http://");
  if (!is_http && !has_prefix_without_case(target, "https://"))
    return fail(Fault::bad_request, "the target is neither a path nor an http URI");
  is_https_ = !is_http;
  const std::size_t authority = is_http ? 7 : 8;
  const std::size_t path = std::min(target.find_first_of("/?", authority), target.size());

  head.authority = target.substr(authority, path - authority);
  if (!is_host(head.authority)) return fail(Fault::bad_request, "the authority of the target is not a host");
  head.target = target.substr(path);
  // RFC 9112 3.2.4 makes an empty path "*" with OPTIONS; the one who asks like this means the server, too.
  // Otherwise it is "/", and the last slash of "://" is one that lies in the same bytes.
  if (head.target.empty() && head.method != Method::options) head.target = target.substr(authority - 1, 1);
  if (head.target.starts_with('?')) return fail(Fault::bad_request, "the target has a query without a path");
  return Parse::need_more;
}

Parse RequestParser::finish(RequestHead& head) {
  MessageFields message;
  if (const char* why = read_message_fields(head.fields, head.version, message))
    return fail(Fault::bad_request, why);
  if (message.hosts > 1) return fail(Fault::bad_request, "Host stands twice");
  if (message.hosts == 0 && head.version == Version::http11) return fail(Fault::bad_request, "no Host");
  if (message.hosts == 1 && check_host(message.host->value, head) == Parse::failed) return Parse::failed;
  if (message.expects_other) return fail(Fault::expectation_failed, "an unknown expectation");

  if (head.target.empty()) head.target = "*";
  if (message.chunked) head.framing = Framing::chunked;
  if (message.content_length) {
    head.framing = Framing::length;
    head.content_length = *message.content_length;
  }
  head.keep_alive = keeps_alive(message, head.version);
  // RFC 9110 10.1.1: an HTTP/1.0 client does not understand the interim answer.
  head.expects_continue = message.expects_continue && head.version == Version::http11;
  state_ = State::done;
  return Parse::complete;
}

Parse RequestParser::check_host(std::string_view host, RequestHead& head) {
  if (!is_host(host)) return fail(Fault::bad_request, "Host is not a host");
  if (head.authority.empty()) {
    head.authority = host;
  } else if (!same_authority(head.authority, host, is_https_ ? "443" : "80")) {
    return fail(Fault::bad_request, "Host differs from the authority of the target");
  }
  return Parse::need_more;
}

Parse RequestParser::fail(Fault fault, const char* why) {
  state_ = State::failed;
  error_ = Error(fault, why);
  return Parse::failed;
}

}  // namespace gw::http
