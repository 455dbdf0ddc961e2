// SPDX-License-Identifier: Apache-2.0
// The head of one HTTP/2 message, or its trailers, while the fields come in, and the check at the end
// (RFC 9113 section 8). Fields are held to the rules of HTTP/1.1, by the same code, because the other side
// may read HTTP/1.1. THREAD: one worker.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "http/limits.h"
#include "http/message.h"
#include "net/buffer.h"

namespace gw::http {

class H2Head {
 public:
  H2Head(net::BufferPool& pool, const Limits& limits) : bytes_(pool), limits_(&limits) {}

  // Keeps a copy. False when the head has grown so far beyond its limits that no more of it should be read.
  bool add(std::string_view name, std::string_view value);

  // After the last field, one of three. Fills what it is given, also as far as possible with an error; the
  // views point into storage.
  // Faults: bad_request, bad_path, uri_too_long, header_too_large, expectation_failed, method_not_allowed.
  Status finish_request(bool has_body, RequestHead& head);
  // An interim answer, too. Fault: upstream_protocol.
  Status finish_response(Method request_method, bool has_body, ResponseHead& head);
  // Fault: bad_request.
  Status finish_trailers(Fields& trailers);
  net::Buffer take_storage() { return std::move(bytes_); }

 private:
  struct Sizes {  // before each field in `bytes_`, which then has "name:value"
    std::uint32_t name;
    std::uint32_t line;
  };

  struct PseudoFields {
    std::string_view method, path, scheme, authority, status;
  };

  bool is_too_large() const { return size_ > limits_->header_bytes; }
  Status read_fields(Fields& fields);
  Status read_field(std::string_view line, std::size_t name_size, Fields& fields);
  Status read_pseudo_field(std::string_view name, std::string_view value);
  Status check_request(RequestHead& head) const;
  Status check_message(bool has_body, RequestHead& head) const;
  void join_cookies(RequestHead& head);

  net::Buffer bytes_;
  std::size_t size_ = 0;  // as the lines of HTTP/1.1 would have it
  std::size_t crumbs_ = 0;
  std::size_t crumb_bytes_ = 0;
  PseudoFields pseudo_;
  bool target_too_long_ = false;
  const Limits* limits_;
};

}  // namespace gw::http
