// SPDX-License-Identifier: Apache-2.0
// The fields of a message as nghttp2 takes them: what belongs to a connection of HTTP/1 stays behind, and
// what is secret is kept out of the compression's memory. Views: what it is made from must outlive it.
// Internal to this folder.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "http/client_stream.h"
#include "http/message.h"

namespace gw::http {

class H2FieldList {
 public:
  explicit H2FieldList(const Fields& fields) { append(fields); }
  H2FieldList(const ResponseHead& head, std::optional<std::uint64_t> content_length);
  H2FieldList(const UpstreamRequest& request, std::string_view scheme, std::string_view path);
  H2FieldList(const H2FieldList&) = delete;
  H2FieldList& operator=(const H2FieldList&) = delete;

  const nghttp2_nv* data() const { return list_.data(); }
  std::size_t size() const { return list_.size(); }

 private:
  void append(const Fields& fields);
  void append_length(std::uint64_t length);

  std::array<char, 3> status_{};
  std::array<char, 20> length_{};
  std::vector<nghttp2_nv> list_;
};

}  // namespace gw::http
