// SPDX-License-Identifier: Apache-2.0
// Timestamps (RFC 3339, years 1 to 9999) and durations ("1h30m", "0.5s") as the language has them.
#pragma once

#include <string>
#include <string_view>

#include "cel/functions.h"
#include "cel/value.h"

namespace gw::cel {

Value parse_timestamp(std::string_view text);
Value parse_duration(std::string_view text);
std::string format_timestamp(const Value& timestamp);  // in UTC
std::string format_duration(const Value& duration);    // in seconds: "90s", "0.5s"

// Out of the range of the language: an error.
Value make_timestamp(std::int64_t seconds, std::int64_t nanos);
Value make_duration(std::int64_t seconds, std::int64_t nanos);

// getFullYear() and its kin. `zone`: "UTC", "+02:00", "-09:30"; empty for UTC.
Value part_of_timestamp(Function part, const Value& timestamp, std::string_view zone);
Value part_of_duration(Function part, const Value& duration);

}  // namespace gw::cel
