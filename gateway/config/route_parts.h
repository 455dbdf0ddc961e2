// SPDX-License-Identifier: Apache-2.0
// The maps inside a route.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/sections.h"

namespace gw::config {

// `path` is the route's, or empty when it has none that is valid.
policy::Requirement parse_require(Context& context, const Item& item, const std::string& path);
policy::Requirement parse_shadow(Context& context, const Item& item, const std::string& path);
policy::Rewrite parse_rewrite(Context& context, const Item& item, const std::string& path);
policy::HeaderChanges parse_header_changes(Context& context, const Item& item, const Section& section);
policy::FixedResponse parse_respond(Context& context, const Item& item);
json::Value parse_anonymous(Context& context, const Item& item);
policy::RateLimitOptions parse_rate_limit(Context& context, const Item& item);
policy::CorsOptions parse_cors(Context& context, const Item& item);
// `methods` of a route or of its cors.
std::vector<std::string> parse_methods(const NodeReader& node);
// Names and values of header fields.
std::vector<std::pair<std::string, std::string>> read_headers(Context& context, const Item& item);

}  // namespace gw::config
