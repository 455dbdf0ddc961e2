// SPDX-License-Identifier: Apache-2.0
#include "exchange/browser_pages.h"

#include <algorithm>

#include "exchange/exchange.h"
#include "http/form.h"

namespace gw::exchange {
namespace {

// "text/html;q=0" says that it is not wanted (RFC 9110 12.4.2).
bool is_unwanted(std::string_view range) {
  std::size_t at = range.find(';');
  while (at != std::string_view::npos) {
    std::string_view parameter = range.substr(at + 1);
    at = range.find(';', at + 1);
    parameter = parameter.substr(0, parameter.find(';'));
    while (parameter.starts_with(' ')) parameter.remove_prefix(1);
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    return parameter.find_first_not_of("0. \t", 2) == std::string_view::npos;
  }
  return false;
}

bool names_html(std::string_view accept) {
  while (!accept.empty()) {
    const std::string_view range = accept.substr(0, accept.find(','));
    accept.remove_prefix(range.size() + (range.size() < accept.size()));
    if (http::is_media_type(range, "text/html")) return !is_unwanted(range);
  }
  return false;
}

}  // namespace

bool accepts_html(const Exchange& exchange) {
  const http::Fields& fields = exchange.request().fields;
  return std::any_of(fields.begin(), fields.end(), [](const http::Field& field) {
    return field.id == http::FieldName::accept && names_html(field.value);
  });
}

bool is_visit(const Exchange& exchange) {
  if (exchange.is_verification()) return false;  // nginx takes 401 and 403 alone for a no
  const http::Method method = exchange.request().method;
  if (method != http::Method::get && method != http::Method::head) return false;
  const http::Field* mode = exchange.request().fields.find(http::FieldName::sec_fetch_mode);
  return accepts_html(exchange) && (mode == nullptr || mode->value == "navigate");
}

}  // namespace gw::exchange
