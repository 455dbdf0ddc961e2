// SPDX-License-Identifier: Apache-2.0
// Header fields (RFC 9110 section 5): views into the buffer that the head was read to.
// A field's name is known by a small enum, and by the hash of its folded spelling: ASCII letters in lower
// case, every byte that is neither letter nor digit as '-', the way that legacy servers fold names together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace gw::http {

enum class FieldName : std::uint8_t {
  other,
  accept,
  authorization,
  cache_control,
  connection,
  content_length,
  content_type,
  cookie,
  date,
  expect,
  forwarded,
  host,
  http2_settings,
  keep_alive,
  location,
  origin,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  sec_fetch_mode,
  sec_fetch_site,
  server,
  set_cookie,
  te,
  traceparent,
  tracestate,
  trailer,
  transfer_encoding,
  upgrade,
  via,
  www_authenticate,
  x_content_type_options,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_port,
  x_forwarded_proto,
  x_request_id,
};

// 0 for a byte that may not stand in a field name (RFC 9110 5.6.2 token), else the folded byte.
char fold_name_byte(char c);
std::uint32_t folded_hash(std::string_view name);
bool folds_equal(std::string_view a, std::string_view b);

// By the exact spelling without case; `other` when unknown.
FieldName field_name_of(std::string_view name);
// The same for one whose folded_hash is known already.
FieldName field_name_of(std::string_view name, std::uint32_t folded);
// In the conventional spelling ("Content-Length"); empty for `other`.
std::string_view spelling_of(FieldName name);

struct Field {
  std::string_view name;
  std::string_view value;    // without surrounding blanks
  std::uint32_t folded = 0;  // folded_hash(name)
  FieldName id = FieldName::other;
  bool dropped = false;  // goes no further
};

// The fields of one message in their order; what is dropped stays in place, marked.
class Fields {
 public:
  void clear() { list_.clear(); }
  void reserve(std::size_t fields) { list_.reserve(fields); }
  void push(Field field) { list_.push_back(field); }
  // Fills in `folded` and `id`. The views must outlive the message.
  void add(std::string_view name, std::string_view value);
  void add(FieldName name, std::string_view value);  // in the conventional spelling; not `other`
  // The first field of that name which is not dropped; null when there is none.
  const Field* find(FieldName name) const;
  const Field* find(std::string_view name) const;  // without case
  std::size_t count(FieldName name) const;
  void drop(FieldName name);
  void drop(std::string_view name);  // exact spelling without case

  auto begin() { return list_.begin(); }
  auto end() { return list_.end(); }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }
  std::size_t size() const { return list_.size(); }
  Field& operator[](std::size_t i) { return list_[i]; }
  const Field& operator[](std::size_t i) const { return list_[i]; }

 private:
  std::vector<Field> list_;
};

bool equal_without_case(std::string_view a, std::string_view b);  // ASCII

// True when a comma-separated list (RFC 9110 5.6.1) contains the token, without case.
bool list_contains(std::string_view list, std::string_view token);

}  // namespace gw::http
