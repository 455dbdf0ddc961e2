// SPDX-License-Identifier: Apache-2.0
#include "http/form.h"

#include <optional>

#include "http/field.h"
#include "http/scan.h"

namespace gw::http {
namespace {

constexpr std::size_t kMaxPairs = 64;

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace

const std::string* Form::find(std::string_view name) const {
  for (const auto& [known, value] : pairs_)
    if (known == name) return &value;
  return nullptr;
}

Result<Form> parse_form(std::string_view body) {
  Form form;
  while (!body.empty()) {
    const std::string_view pair = body.substr(0, body.find('&'));
    body.remove_prefix(pair.size() + (pair.size() < body.size()));
    if (pair.empty()) continue;
    if (form.pairs_.size() == kMaxPairs) return Error(Fault::bad_request, "too many fields in a form");

    const std::size_t equals = pair.find('=');
    auto name = decode(pair.substr(0, equals));
    auto value = decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    if (!name || !value) return Error(Fault::bad_request, "an escape in a form that is not two hex digits");
    if (form.find(*name) != nullptr) return Error(Fault::bad_request, "a field of a form stands twice");
    form.pairs_.emplace_back(std::move(*name), std::move(*value));
  }
  return form;
}

bool is_media_type(std::string_view content_type, std::string_view type) {
  return equal_without_case(trim_blanks(content_type.substr(0, content_type.find(';'))), type);
}

}  // namespace gw::http
