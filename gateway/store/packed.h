// SPDX-License-Identifier: Apache-2.0
// Any texts as one: each with its length before it ("5:hello").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gw::store {

std::string pack(const std::vector<std::string_view>& texts);
// Nothing unless it is exactly what pack() made of `count` texts.
std::optional<std::vector<std::string>> unpack(std::string_view packed, std::size_t count);

}  // namespace gw::store
