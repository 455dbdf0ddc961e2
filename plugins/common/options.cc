// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <algorithm>
#include <charconv>

namespace common {
namespace {

// Digits and a unit, or nothing.
bool parse_duration(std::string_view text, Milliseconds& duration) {
  unsigned long count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  const unsigned long scale = unit == "ms" ? 1 : unit == "s" ? 1000 : unit == "m" ? 60'000 : 0;
  if (error != std::errc{} || scale == 0 || count > 1'000'000) return false;
  duration = Milliseconds(count * scale);
  return true;
}

}  // namespace

Options::Options(gatewarden_text config) : section_(nlohmann::json::parse(view_of(config), nullptr, false)) {
  if (!section_.is_object()) problem("its section is no map");
}

const nlohmann::json* Options::find(const std::string& name) const {
  if (!section_.is_object()) return nullptr;
  const auto found = section_.find(name);
  return found == section_.end() || found->is_null() ? nullptr : &*found;
}

void Options::problem(std::string sentence) {
  if (problem_.empty()) problem_ = std::move(sentence);
}

std::string Options::text(const std::string& name, std::string fallback) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return fallback;
  if (value->is_string()) return value->get<std::string>();
  if (value->is_number_integer()) return value->dump();
  problem(name + ": expected text");
  return fallback;
}

std::string Options::required(const std::string& name, std::string_view what) {
  std::string value = text(name);
  if (value.empty()) problem(name + " is missing (" + std::string(what) + ")");
  return value;
}

bool Options::flag(const std::string& name, bool fallback) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  problem(name + ": expected true or false");
  return fallback;
}

unsigned Options::number(const std::string& name, unsigned fallback, unsigned lowest, unsigned highest) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return fallback;
  if (value->is_number_unsigned() && *value >= lowest && *value <= highest) return value->get<unsigned>();
  problem(name + ": expected a number from " + std::to_string(lowest) + " to " + std::to_string(highest));
  return fallback;
}

Milliseconds Options::duration(const std::string& name, Milliseconds fallback, Milliseconds lowest,
                               Milliseconds highest) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return fallback;
  Milliseconds duration{0};
  if (value->is_string() && parse_duration(value->get<std::string>(), duration) && duration >= lowest &&
      duration <= highest) {
    return duration;
  }
  problem(name + ": expected a duration from " + std::to_string(lowest.count()) + "ms to " +
          std::to_string(highest.count() / 1000) + "s, such as 5s");
  return fallback;
}

std::map<std::string, std::string> Options::map(const std::string& name,
                                                const std::vector<std::string>& known) {
  std::map<std::string, std::string> texts;
  const nlohmann::json* value = find(name);
  if (value == nullptr) return texts;
  if (!value->is_object()) problem(name + ": expected a map");
  if (!value->is_object()) return texts;
  for (const auto& [key, each] : value->items()) {
    if (!known.empty() && std::find(known.begin(), known.end(), key) == known.end()) {
      std::string all;
      for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
      problem(name + ": unknown key \"" + key + "\" (it takes: " + all + ")");
    }
    if (each.is_string() && !each.get<std::string>().empty())
      texts.emplace(key, each.get<std::string>());
    else
      problem(name + "." + key + ": expected text");
  }
  return texts;
}

std::map<std::string, nlohmann::json> Options::values(const std::string& name) {
  std::map<std::string, nlohmann::json> values;
  const nlohmann::json* value = find(name);
  if (value == nullptr) return values;
  if (!value->is_object()) problem(name + ": expected a map");
  if (!value->is_object()) return values;
  for (const auto& [key, each] : value->items()) {
    if (each.is_structured()) problem(name + "." + key + ": expected text, a number, true or false");
    values.emplace(key, each);
  }
  return values;
}

std::vector<std::string> Options::list(const std::string& name) {
  std::vector<std::string> texts;
  const nlohmann::json* value = find(name);
  if (value == nullptr) return texts;
  if (!value->is_array()) problem(name + ": expected a list");
  if (!value->is_array()) return texts;
  for (const auto& each : *value) {
    if (each.is_string())
      texts.push_back(each.get<std::string>());
    else
      problem(name + ": expected a list of text");
  }
  return texts;
}

std::string fill_template(std::string_view text,
                          const std::function<std::string(std::string_view)>& value_of) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    out += text.substr(0, open);
    if (close == std::string_view::npos) {
      if (open != std::string_view::npos) out += text.substr(open);
      break;
    }
    out += value_of(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
  return out;
}

bool names_placeholder(std::string_view text, std::string_view name) {
  return text.find("{" + std::string(name) + "}") != std::string_view::npos;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

}  // namespace common
