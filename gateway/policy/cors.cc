// SPDX-License-Identifier: Apache-2.0
#include "policy/cors.h"

#include <algorithm>

namespace gw::policy {
namespace {

constexpr std::string_view kPrefix = "access-control-";

std::string join(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& each : list) text.append(text.empty() ? "" : ", ").append(each);
  return text;
}

std::vector<std::string> or_usual(const std::vector<std::string>& methods) {
  return methods.empty() ? std::vector<std::string>{"GET", "HEAD", "POST"} : methods;
}

}  // namespace

Cors::Cors(const CorsOptions& options, const std::vector<std::string>& methods)
    : origins_(options.origins),
      any_(std::find(origins_.begin(), origins_.end(), "*") != origins_.end()),
      credentials_(options.credentials),
      methods_(join(or_usual(options.methods.empty() ? methods : options.methods))),
      headers_(join(options.headers)),
      expose_(join(options.expose)) {
  if (options.max_age)
    max_age_ = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(*options.max_age).count());
}

bool Cors::allows(std::string_view origin) const {
  if (origin.empty()) return false;
  return any_ || std::find(origins_.begin(), origins_.end(), origin) != origins_.end();
}

void Cors::apply(http::Fields& fields, std::string_view origin) const {
  for (http::Field& field : fields)
    if (field.name.size() > kPrefix.size() &&
        http::equal_without_case(field.name.substr(0, kPrefix.size()), kPrefix))
      field.dropped = true;
  if (!is_same_for_all()) fields.add("Vary", "Origin");
  if (!allows(origin)) return;
  fields.add("Access-Control-Allow-Origin", is_same_for_all() ? std::string_view("*") : origin);
  if (credentials_) fields.add("Access-Control-Allow-Credentials", "true");
  if (!expose_.empty()) fields.add("Access-Control-Expose-Headers", expose_);
}

void Cors::apply_to_preflight(http::Fields& fields, std::string_view origin) const {
  apply(fields, origin);
  if (!allows(origin)) return;
  fields.add("Access-Control-Allow-Methods", methods_);
  if (!headers_.empty()) fields.add("Access-Control-Allow-Headers", headers_);
  if (!max_age_.empty()) fields.add("Access-Control-Max-Age", max_age_);
}

std::string_view preflight_method(const http::RequestHead& request) {
  if (request.method != http::Method::options || origin_of(request.fields).empty()) return {};
  const http::Field* field = request.fields.find("Access-Control-Request-Method");
  return field == nullptr ? std::string_view() : field->value;
}

std::string_view origin_of(const http::Fields& fields) {
  const http::Field* field = fields.find(http::FieldName::origin);
  return field != nullptr && fields.count(http::FieldName::origin) == 1 ? field->value : std::string_view();
}

}  // namespace gw::policy
