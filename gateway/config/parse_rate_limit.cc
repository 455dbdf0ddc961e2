// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "config/addresses.h"
#include "config/route_parts.h"
#include "config/units.h"

namespace gw::config {
namespace {

constexpr std::array kKeys{
    Key{"requests", "number", "none", "so many in each `per`, spread evenly; over it 429"},
    Key{"per", "duration", "required with `requests`", "1ms to 24h"},
    Key{"burst", "number", "`requests`", "how many may come at once after a pause: the size of the bucket"},
    Key{"daily", "number", "none", "so many from midnight to midnight, UTC"},
    Key{"concurrent", "number", "none", "so many at the same time"},
    Key{"key", "`sub`, `ip`, `claim:NAME` or `header:NAME`", "sub",
        "who is counted; without it the subject, without that the address"},
};

constexpr std::uint64_t kMost = 1'000'000'000;
constexpr double kMostASecond = 100'000;

policy::LimitKey parse_key(const NodeReader& node) {
  using Who = policy::LimitKey::Kind;
  const std::string text = node.text("key", "sub");
  if (text == "sub") return {Who::subject};
  if (text == "ip") return {Who::address};
  const std::string name = text.substr(text.find(':') + 1);
  if (text.starts_with("claim:") && is_claim_path(name)) return {Who::claim, name};
  if (text.starts_with("header:") && is_field_name(name)) return {Who::header, name};
  const auto item = node.find("key");
  if (item && item->node->kind == Kind::text && !item->node->unknown && !text.empty())
    report(node.context(), *item, in_quotes(text) + " is no key (write sub, ip, claim:NAME or header:NAME)");
  return {};
}

void parse_rate(const NodeReader& node, policy::RateLimitOptions& limit) {
  Context& context = node.context();
  if (!node.has("requests")) {
    for (const std::string_view key : {"per", "burst"})
      if (node.has(key))
        report(context, *node.find(key), "needs requests beside it (add it, or remove this)");
    return;
  }
  limit.requests = node.number("requests", 1u, {1, kMost});
  limit.per = node.require("per") ? node.duration("per", 1min, {1ms, 24h}) : 1min;
  limit.burst = node.number("burst", limit.requests, {1, kMost});
  const double seconds = std::chrono::duration<double>(limit.per).count();
  if (limit.requests / seconds > kMostASecond)
    report(context, *node.find("requests"), "is more than 100000 a second (write less, or remove it)");
  if (node.has("burst") && limit.burst / static_cast<double>(limit.requests) * seconds > 30.0 * 24 * 60 * 60)
    report(context, *node.find("burst"), "takes more than 30 days to come back (write less)");
}

}  // namespace

const Section kRateLimitSection{"routes[].rate_limit", kKeys};

policy::RateLimitOptions parse_rate_limit(Context& context, const Item& item) {
  const NodeReader node(context, item, kRateLimitSection);
  policy::RateLimitOptions limit;
  parse_rate(node, limit);
  if (node.has("daily")) limit.daily = node.number("daily", 1u, {1, kMost});
  if (node.has("concurrent")) limit.concurrent = node.number("concurrent", 1u, {1, kMost});
  if (node.is_map() && !node.has("requests") && !node.has("daily") && !node.has("concurrent"))
    report(context, item, "limits nothing (add requests and per, daily or concurrent)");
  limit.key = parse_key(node);
  return limit;
}

}  // namespace gw::config
