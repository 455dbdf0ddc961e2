// SPDX-License-Identifier: Apache-2.0
#include "exchange/exchange.h"
#include "exchange/steps.h"
#include "upstream/profile.h"

namespace gw::exchange {
namespace {

// What the upstream reads as the path of another route must not come by this one.
bool is_another_routes(Exchange& exchange) {
  const auto& folded = exchange.snapshot().folded_routes;
  if (!folded) return false;
  http::Target target = exchange.target();
  const std::string path = upstream::fold_path(target.path);
  target.path = path;
  const http::RequestHead& request = exchange.request();
  const auto match = folded->match({exchange.host(), target, request.method_text, request.fields});
  return !match || match->route->place != exchange.route()->place;
}

}  // namespace

Verdict fit_upstream(Exchange& exchange) {
  if (exchange.route()->respond) return Verdict::proceed;
  const upstream::ClusterOptions& options = exchange.world().clusters[exchange.plan()->cluster]->options();
  if (options.profile == upstream::Profile::generic) return Verdict::proceed;
  const upstream::ProfileRules& rules = upstream::rules_of(options.profile);
  if (const char* trouble = upstream::find_path_trouble(rules, exchange.target().path))
    return exchange.refuse({Fault::bad_path, trouble});
  if (rules.folds_case && is_another_routes(exchange))
    return exchange.refuse({Fault::bad_path, "the upstream reads it as a path of another route"});
  if (rules.folds_field_names)
    for (http::Field& field : exchange.request().fields)
      if (upstream::is_ambiguous_field(rules, field.name)) field.dropped = true;
  return Verdict::proceed;
}

}  // namespace gw::exchange
