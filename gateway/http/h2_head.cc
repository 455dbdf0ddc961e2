// SPDX-License-Identifier: Apache-2.0
#include "http/h2_head.h"

#include <algorithm>
#include <cstring>

#include "http/h1_syntax.h"
#include "http/request_syntax.h"
#include "http/scan.h"

namespace gw::http {
namespace {

constexpr std::size_t kLineExtra = 4;  // ": " and the line end
// A head this many times over its limit is no mistake; compressed, it may cost its sender next to nothing.
constexpr std::size_t kBeyond = 4;

bool has_control(std::string_view text) {
  const char* const end = text.data() + text.size();
  return find_control(text.data(), end) != end;
}

// Fields of one connection have no meaning here (RFC 9113 8.2.2).
bool is_of_connection(const Field& field) {
  switch (field.id) {
    case FieldName::connection:
    case FieldName::http2_settings:
    case FieldName::keep_alive:
    case FieldName::proxy_connection:
    case FieldName::transfer_encoding:
    case FieldName::upgrade:
      return true;
    case FieldName::te:
      return !equal_without_case(field.value, "trailers");
    default:
      return false;
  }
}

Error bad(const char* why) {
  return {Fault::bad_request, why};
}

}  // namespace

bool H2Head::add(std::string_view name, std::string_view value) {
  size_ += name.size() + value.size() + kLineExtra;
  if (name == ":path" && value.size() > limits_->uri_bytes) {
    target_too_long_ = true;
    return true;
  }
  if (is_too_large()) return size_ <= kBeyond * limits_->header_bytes;
  if (name == "cookie") {
    ++crumbs_;
    crumb_bytes_ += value.size() + 2;
  }
  const Sizes sizes{static_cast<std::uint32_t>(name.size()),
                    static_cast<std::uint32_t>(name.size() + 1 + value.size())};
  bytes_.append(std::string_view(reinterpret_cast<const char*>(&sizes), sizeof sizes));
  bytes_.append(name);
  bytes_.append(':');
  bytes_.append(value);
  return true;
}

Status H2Head::finish_request(bool has_body, RequestHead& head) {
  head.clear();
  head.version = Version::http2;
  head.framing = has_body ? Framing::stream : Framing::none;
  if (crumbs_ > 1) bytes_.reserve(crumb_bytes_);  // before there are views
  const Status read = read_fields(head.fields);
  head.method_text = pseudo_.method;
  head.method = method_of(pseudo_.method);
  head.target = pseudo_.path;
  head.authority = pseudo_.authority;
  if (!read) return read;
  if (target_too_long_) return Error{Fault::uri_too_long, "the target is too long"};
  if (is_too_large()) return Error{Fault::header_too_large, "the head is too large"};
  if (auto checked = check_request(head); !checked) return checked;
  if (auto checked = check_message(has_body, head); !checked) return checked;
  if (crumbs_ > 1) join_cookies(head);
  if (head.fields.size() > limits_->headers) return Error{Fault::header_too_large, "too many fields"};
  return {};
}

Status H2Head::finish_response(Method request_method, bool has_body, ResponseHead& head) {
  const auto broken = [](const char* why) { return Error{Fault::upstream_protocol, why}; };
  head.clear();
  head.version = Version::http2;
  if (auto read = read_fields(head.fields); !read)
    return Error{Fault::upstream_protocol, read.error().detail};
  const std::string_view status = pseudo_.status;
  if (status.size() != 3 || !std::all_of(status.begin(), status.end(), is_digit) || status[0] < '1' ||
      status[0] > '5' || pseudo_.method.data() != nullptr || pseudo_.path.data() != nullptr ||
      pseudo_.scheme.data() != nullptr || pseudo_.authority.data() != nullptr)
    return broken("not a status");
  if (is_too_large()) return broken("the head is too large");
  if (head.fields.size() > limits_->headers) return broken("too many fields");
  head.status =
      static_cast<std::uint16_t>((status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0'));
  if (head.status == 101) return broken("101 in HTTP/2");

  MessageFields message;
  if (const char* why = read_message_fields(head.fields, head.version, message)) return broken(why);
  const bool is_bare = head.status < 200 || head.status == 204;
  const bool tells_of_another = head.status == 304 || request_method == Method::head;
  if (is_bare && message.content_length.value_or(0) != 0) return broken("a body where none may be");
  if (is_bare || tells_of_another) return {};
  if (!has_body && message.content_length.value_or(0) != 0)
    return broken("a body of some length that does not come");
  head.framing = has_body ? Framing::stream : Framing::none;
  if (!message.content_length || !has_body) return {};
  head.framing = Framing::length;
  head.content_length = *message.content_length;
  return {};
}

Status H2Head::finish_trailers(Fields& trailers) {
  trailers.clear();
  if (auto read = read_fields(trailers); !read) return read;
  if (pseudo_.status.data() != nullptr || pseudo_.method.data() != nullptr ||
      pseudo_.path.data() != nullptr || pseudo_.scheme.data() != nullptr ||
      pseudo_.authority.data() != nullptr)
    return bad("a pseudo-field in trailers");
  if (is_too_large() || trailers.size() > limits_->headers) return bad("the trailers are too large");
  return {};
}

Status H2Head::read_fields(Fields& fields) {
  std::string_view rest = bytes_.view();
  while (!rest.empty()) {
    Sizes sizes{};
    std::memcpy(&sizes, rest.data(), sizeof sizes);
    rest.remove_prefix(sizeof sizes);
    if (auto read = read_field(rest.substr(0, sizes.line), sizes.name, fields); !read) return read;
    rest.remove_prefix(sizes.line);
  }
  return {};
}

Status H2Head::read_field(std::string_view line, std::size_t name_size, Fields& fields) {
  const std::string_view name = line.substr(0, name_size);
  if (has_control(line)) return bad("a control byte in a field");
  if (name.starts_with(':')) {
    if (fields.size() != 0) return bad("a pseudo-field comes late");
    return read_pseudo_field(name, line.substr(name_size + 1));
  }
  if (name.empty() || std::any_of(name.begin(), name.end(), is_upper))
    return bad("a field name is empty or has an upper-case letter");
  Field field;
  if (const char* why = parse_field_line(line, field)) return bad(why);
  if (field.name.size() != name_size) return bad("a byte in a field name that may not stand there");
  if (is_of_connection(field)) return bad("a field of a connection");
  fields.push(field);
  return {};
}

Status H2Head::read_pseudo_field(std::string_view name, std::string_view value) {
  std::string_view* const place = name == ":method"      ? &pseudo_.method
                                  : name == ":path"      ? &pseudo_.path
                                  : name == ":scheme"    ? &pseudo_.scheme
                                  : name == ":authority" ? &pseudo_.authority
                                  : name == ":status"    ? &pseudo_.status
                                                         : nullptr;
  if (place == nullptr || place->data() != nullptr) return bad("a pseudo-field is unknown or stands twice");
  *place = value;
  return {};
}

Status H2Head::check_request(RequestHead& head) const {
  const std::string_view method = head.method_text;
  if (method.empty() || method.size() > kMaxMethodBytes ||
      !std::all_of(method.begin(), method.end(), is_method_byte))
    return bad("not a method");
  if (head.method == Method::connect || head.method == Method::trace)
    return Error{Fault::method_not_allowed, "CONNECT or TRACE"};
  if (pseudo_.status.data() != nullptr) return bad(":status in a request");
  if (pseudo_.scheme != "http" && pseudo_.scheme != "https")
    return bad("the scheme is neither http nor https");
  if (!is_target_text(head.target))
    return Error{Fault::bad_path, "a byte in the target that may not stand there"};
  if (!head.target.starts_with('/') && (head.target != "*" || head.method != Method::options))
    return bad("the target is not a path");
  if (head.authority.data() != nullptr && !is_host(head.authority)) return bad(":authority is not a host");
  return {};
}

Status H2Head::check_message(bool has_body, RequestHead& head) const {
  MessageFields message;
  if (const char* why = read_message_fields(head.fields, head.version, message)) return bad(why);
  if (message.hosts > 1) return bad("Host stands twice");
  if (message.hosts == 1) {
    const std::string_view host = message.host->value;
    if (!is_host(host)) return bad("Host is not a host");
    if (head.authority.empty()) head.authority = host;
    // RFC 9113 8.3.1
    if (!same_authority(head.authority, host, pseudo_.scheme == "https" ? "443" : "80"))
      return bad("Host differs from :authority");
  }
  if (head.authority.empty()) return bad("neither :authority nor Host");
  if (message.expects_other) return Error{Fault::expectation_failed, "an unknown expectation"};
  head.expects_continue = message.expects_continue && has_body;
  if (!message.content_length) return {};
  if (!has_body && *message.content_length != 0) return bad("a body of some length that does not come");
  head.framing = Framing::length;
  head.content_length = *message.content_length;
  return {};
}

// A client may send its cookies as fields of their own, so that they compress well; they are one field
// (RFC 9113 8.2.3).
void H2Head::join_cookies(RequestHead& head) {
  Fields joined;
  const std::size_t start = bytes_.size();
  for (const Field& field : head.fields) {
    if (field.id != FieldName::cookie) continue;
    if (bytes_.size() != start) bytes_.append("; ");
    bytes_.append(field.value);
  }
  const std::string_view cookie = bytes_.view().substr(start);
  bool is_first = true;
  for (Field field : head.fields) {
    if (field.id == FieldName::cookie) {
      if (!std::exchange(is_first, false)) continue;
      field.value = cookie;
    }
    joined.push(field);
  }
  head.fields = std::move(joined);
}

}  // namespace gw::http
