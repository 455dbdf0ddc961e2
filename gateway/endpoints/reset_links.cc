// SPDX-License-Identifier: Apache-2.0
#include "endpoints/reset_links.h"

#include <utility>
#include <vector>

#include "endpoints/waiting.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;
using store::Record;
using store::RecordKind;

Verdict end_each(Exchange& exchange, std::vector<Record> links) {
  if (links.empty()) return Verdict::proceed;
  std::string key = std::move(links.back().key);
  links.pop_back();
  exchange::Services& services = exchange.services();
  auto ended = [&exchange, rest = std::move(links)](const std::optional<Record>&) mutable {
    return end_each(exchange, std::move(rest));
  };
  return exchange.wait_for(services.store->take_record(services.loop, RecordKind::reset, std::move(key),
                                                       services.loop.wall(),
                                                       then(exchange, std::move(ended))));
}

}  // namespace

Verdict end_reset_links(Exchange& exchange, std::string subject) {
  exchange::Services& services = exchange.services();
  auto listed = [&exchange](std::vector<Record> links) { return end_each(exchange, std::move(links)); };
  return exchange.wait_for(services.store->list_records(services.loop, RecordKind::reset, std::move(subject),
                                                        services.loop.wall(),
                                                        then(exchange, std::move(listed))));
}

}  // namespace gw::endpoints
