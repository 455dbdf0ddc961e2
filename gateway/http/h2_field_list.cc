// SPDX-License-Identifier: Apache-2.0
#include "http/h2_field_list.h"

#include <charconv>

namespace gw::http {
namespace {

// nghttp2 copies both, and writes names in lower case.
nghttp2_nv field_of(std::string_view name, std::string_view value,
                    std::uint8_t flags = NGHTTP2_NV_FLAG_NONE) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(), flags};
}

// Kept out of the compression's memory: what is secret (RFC 7541 7.1.3), and what is never sent again and
// would only push out what is.
bool is_remembered(FieldName name) {
  return name != FieldName::set_cookie && name != FieldName::cookie && name != FieldName::authorization &&
         name != FieldName::x_request_id;
}

// RFC 9113 8.2.2; the length is told anew.
bool stays_behind(const Field& field) {
  switch (field.id) {
    case FieldName::connection:
    case FieldName::keep_alive:
    case FieldName::proxy_connection:
    case FieldName::transfer_encoding:
    case FieldName::upgrade:
      return true;
    default:
      return field.dropped;
  }
}

}  // namespace

H2FieldList::H2FieldList(const ResponseHead& head, std::optional<std::uint64_t> content_length) {
  list_.reserve(head.fields.size() + 2);
  for (std::size_t i = 0, status = head.status; i < status_.size(); ++i, status /= 10)
    status_[status_.size() - 1 - i] = static_cast<char>('0' + status % 10);
  list_.push_back(field_of(":status", {status_.data(), status_.size()}));
  append(head.fields);
  if (content_length) append_length(*content_length);
}

H2FieldList::H2FieldList(const UpstreamRequest& request, std::string_view scheme, std::string_view path) {
  list_.reserve(request.fields->size() + 6);
  list_.push_back(field_of(":method", request.method_text));
  list_.push_back(field_of(":scheme", scheme));
  list_.push_back(field_of(":authority", request.authority));
  list_.push_back(field_of(":path", path));
  append(*request.fields);
  if (request.framing == Framing::length) append_length(request.content_length);
  if (request.takes_trailers) list_.push_back(field_of("te", "trailers"));
}

void H2FieldList::append(const Fields& fields) {
  for (const Field& field : fields) {
    if (stays_behind(field)) continue;
    list_.push_back(field_of(field.name, field.value,
                             is_remembered(field.id) ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX));
  }
}

void H2FieldList::append_length(std::uint64_t length) {
  const char* end = std::to_chars(length_.data(), length_.data() + length_.size(), length).ptr;
  list_.push_back(
      field_of("content-length", {length_.data(), static_cast<std::size_t>(end - length_.data())}));
}

}  // namespace gw::http
