// SPDX-License-Identifier: Apache-2.0
// The body of a request to an endpoint: the fields of a JSON object or of a form, which mean the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/secret.h"
#include "exchange/exchange.h"
#include "http/form.h"

namespace gw::endpoints {

enum class BodyKind : std::uint8_t { none, json, form, other };

// By the Content-Type, which stands once; `none` when there is no body.
BodyKind body_kind(const http::RequestHead& request);

class BodyFields {
 public:
  // Fault::bad_request for what is not one JSON object or one form, or not UTF-8.
  static Result<BodyFields> parse(BodyKind kind, std::string_view body);

  // Empty when the field is missing. Fault::bad_request when it is no text.
  Result<std::string> text(std::string_view name) const;
  // The same, and overwrites what is kept of it here.
  Result<SecretString> take_secret(std::string_view name);

 private:
  BodyFields() = default;
  // Null when the field is missing.
  Result<const std::string*> find(std::string_view name) const;

  json::Value object_;
  std::optional<http::Form> form_;
};

// Step: 415 for a body that is neither, before it is asked for.
exchange::Verdict check_media_type(exchange::Exchange& exchange);

// The fields of the body that read_small_body() has collected; the raw bytes are overwritten.
Result<BodyFields> take_fields(exchange::Exchange& exchange);

}  // namespace gw::endpoints
