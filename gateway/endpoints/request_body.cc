// SPDX-License-Identifier: Apache-2.0
#include "endpoints/request_body.h"

#include "base/utf8.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;

constexpr json::Limits kLimits{.bytes = 64 * 1024, .depth = 8, .values = 1000};

}  // namespace

BodyKind body_kind(const http::RequestHead& request) {
  if (!request.has_body()) return BodyKind::none;
  const http::Field* type = request.fields.find(http::FieldName::content_type);
  if (type == nullptr || request.fields.count(http::FieldName::content_type) != 1) return BodyKind::other;
  if (http::is_media_type(type->value, "application/json")) return BodyKind::json;
  if (http::is_media_type(type->value, "application/x-www-form-urlencoded")) return BodyKind::form;
  return BodyKind::other;
}

Result<BodyFields> BodyFields::parse(BodyKind kind, std::string_view body) {
  BodyFields fields;
  if (kind == BodyKind::none) return fields;
  if (kind == BodyKind::form) {
    auto form = http::parse_form(body);
    if (!form) return form.error();
    fields.form_ = std::move(*form);
    return fields;
  }
  auto value = json::parse(body, kLimits);
  if (!value) return Error(Fault::bad_request, "the body is not JSON");
  if (value->as_object() == nullptr) return Error(Fault::bad_request, "the body is no JSON object");
  fields.object_ = std::move(*value);
  return fields;
}

Result<const std::string*> BodyFields::find(std::string_view name) const {
  if (form_) {
    const std::string* text = form_->find(name);
    if (text != nullptr && !is_utf8(*text)) return Error(Fault::bad_request, "a field is not UTF-8");
    return text;
  }
  const json::Value* value = object_.find(name);
  if (value == nullptr || value->is_null()) return static_cast<const std::string*>(nullptr);
  if (value->as_string() == nullptr) return Error(Fault::bad_request, "a field is no text");
  return value->as_string();
}

Result<std::string> BodyFields::text(std::string_view name) const {
  const auto found = find(name);
  if (!found) return found.error();
  return *found == nullptr ? std::string() : **found;
}

Result<SecretString> BodyFields::take_secret(std::string_view name) {
  const auto found = find(name);
  if (!found) return found.error();
  if (*found == nullptr) return SecretString();
  SecretString secret{std::string(**found)};
  // The parsers hand out texts as const; this one is ours, and must not stay in freed memory.
  wipe(const_cast<std::string&>(**found));
  return secret;
}

Verdict check_media_type(Exchange& exchange) {
  if (body_kind(exchange.request()) == BodyKind::other) return exchange.refuse(Fault::unsupported_media_type);
  return Verdict::proceed;
}

Result<BodyFields> take_fields(Exchange& exchange) {
  auto fields = BodyFields::parse(body_kind(exchange.request()), exchange.body());
  wipe(exchange.body());
  return fields;
}

}  // namespace gw::endpoints
