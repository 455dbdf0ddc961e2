// SPDX-License-Identifier: Apache-2.0
// How values are written in a configuration: durations, sizes, numbers, addresses of networks. Pure functions
// of text; what is not written exactly as described is nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace gw::config {

// `250ms`, `30s`, `15m`, `12h`, `30d`: one whole number and one unit; `0` needs none. At most 100 years.
std::optional<Duration> parse_duration(std::string_view text);
// `64KiB`, `10MiB`, `1GiB`, `512B` or plain bytes; at most 1 EiB.
std::optional<std::uint64_t> parse_size(std::string_view text);
// Decimal digits without sign; nothing when it does not fit.
std::optional<std::uint64_t> parse_unsigned(std::string_view text);
// `0.25`, `1`, `-3.5`: no exponent, no infinity.
std::optional<double> parse_decimal(std::string_view text);

// The longest unit that says it exactly: "90s" and not "1.5m".
std::string format_duration(Duration duration);
std::string format_size(std::uint64_t bytes);

// In double quotes, shortened when very long.
std::string in_quotes(std::string_view text);

// Insertions, deletions, substitutions and swaps of neighbours that make one word of the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace gw::config
