// SPDX-License-Identifier: Apache-2.0
// What the functions do with values that are there. Arguments of a kind that a function does not take give an
// error: a `dyn` may turn out to be anything.
#pragma once

#include <span>

#include "cel/functions.h"
#include "cel/value.h"

namespace gw::cel {

// `cost` grows with what was looked at or made. matches() is not done here: its pattern is the program's.
Value apply(Function function, std::span<const Value> arguments, Arena& arena, std::size_t& cost);

Value index(const Value& of, const Value& key);

}  // namespace gw::cel
