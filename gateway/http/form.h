// SPDX-License-Identifier: Apache-2.0
// Bodies of browser forms (application/x-www-form-urlencoded) and the media type of a body.
// Strict: an escape has two hex digits, a name stands once (two readers could pick different ones), and
// there are at most 64 pairs. Text is bytes here; whoever wants UTF-8 checks it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace gw::http {

class Form {
 public:
  // Null when the form has no such field. Names are compared exactly.
  const std::string* find(std::string_view name) const;
  std::size_t size() const { return pairs_.size(); }

 private:
  friend Result<Form> parse_form(std::string_view body);
  std::vector<std::pair<std::string, std::string>> pairs_;
};

// Fault::bad_request. An empty body is an empty form.
Result<Form> parse_form(std::string_view body);

// True when a Content-Type is of that type and subtype, whatever its parameters; without case.
bool is_media_type(std::string_view content_type, std::string_view type);

}  // namespace gw::http
