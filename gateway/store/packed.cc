// SPDX-License-Identifier: Apache-2.0
#include "store/packed.h"

#include <charconv>

namespace gw::store {

std::string pack(const std::vector<std::string_view>& texts) {
  std::string packed;
  for (const std::string_view text : texts)
    packed.append(std::to_string(text.size())).append(":").append(text);
  return packed;
}

std::optional<std::vector<std::string>> unpack(std::string_view packed, std::size_t count) {
  std::vector<std::string> texts;
  while (!packed.empty()) {
    std::size_t length = 0;
    const char* const end = packed.data() + packed.size();
    const auto [after, error] = std::from_chars(packed.data(), end, length);
    if (error != std::errc() || after == end || *after != ':') return std::nullopt;
    packed.remove_prefix(static_cast<std::size_t>(after - packed.data()) + 1);
    if (length > packed.size() || texts.size() == count) return std::nullopt;
    texts.emplace_back(packed.substr(0, length));
    packed.remove_prefix(length);
  }
  if (texts.size() != count) return std::nullopt;
  return texts;
}

}  // namespace gw::store
