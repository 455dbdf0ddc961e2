// SPDX-License-Identifier: Apache-2.0
// A plugin's section, read strictly: whoever reads a key of the wrong kind, or leaves out one that is needed,
// learns it from the first problem, which becomes the configuration error.
#pragma once

#include <gatewarden/plugin.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace common {

using Milliseconds = std::chrono::milliseconds;

inline std::string_view view_of(gatewarden_text text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}
inline gatewarden_text text_of(std::string_view text) {
  return {text.data(), text.size()};
}

class Options {
 public:
  explicit Options(gatewarden_text config);

  bool has(const std::string& name) const { return find(name) != nullptr; }
  std::string text(const std::string& name, std::string fallback = {});
  std::string required(const std::string& name, std::string_view what);
  bool flag(const std::string& name, bool fallback);
  unsigned number(const std::string& name, unsigned fallback, unsigned lowest, unsigned highest);
  // "250ms", "5s", "1m".
  Milliseconds duration(const std::string& name, Milliseconds fallback, Milliseconds lowest,
                        Milliseconds highest);
  // A map of texts; with `known`, only these names.
  std::map<std::string, std::string> map(const std::string& name, const std::vector<std::string>& known = {});
  // A map of any scalars.
  std::map<std::string, nlohmann::json> values(const std::string& name);
  std::vector<std::string> list(const std::string& name);

  // Keeps the first.
  void problem(std::string sentence);
  const std::string& problem() const { return problem_; }

 private:
  const nlohmann::json* find(const std::string& name) const;

  nlohmann::json section_;
  std::string problem_;
};

// Every `{name}` of `text` by what `value_of` gives for it; other braces stay. What is put in is not read
// again.
std::string fill_template(std::string_view text,
                          const std::function<std::string(std::string_view)>& value_of);
bool names_placeholder(std::string_view text, std::string_view name);

// Hosts of this machine: text may go there unencrypted.
bool is_loopback(std::string_view host);

}  // namespace common
