// SPDX-License-Identifier: Apache-2.0
#include "exchange/access_log.h"

#include "base/json.h"
#include "exchange/access_line.h"
#include "exchange/exchange.h"

namespace gw::exchange {
namespace {

constexpr std::size_t kBatch = 64 * 1024;
constexpr Duration kDelay = 200ms;

// As the client sent it, also where it goes no further.
std::string_view sent_value(const http::RequestHead& request, std::string_view name) {
  for (const http::Field& field : request.fields)
    if (http::equal_without_case(field.name, name)) return field.value;
  return {};
}

std::string claims_of(const Exchange& exchange) {
  const std::vector<std::string>& names = exchange.snapshot().access_claims;
  if (names.empty() || exchange.identity() == nullptr) return {};
  json::Object claims;
  for (const std::string& name : names)
    if (const auto text = exchange.identity()->find_text(name))
      claims.emplace_back(name, *text);
    else if (const json::Value* claim = exchange.identity()->find_claim(name))
      claims.emplace_back(name, *claim);
  return json::dump(claims);
}

}  // namespace

void AccessLog::record(const Exchange& exchange) {
  const Snapshot& snapshot = exchange.snapshot();
  if (!is_sampled(snapshot.access_sample)) return;
  if (lines_.empty()) deadlines_.set_in(*this, kDelay);
  const http::RequestHead& request = exchange.request();
  const Exchange::Facts& facts = exchange.facts();
  const std::string claims = claims_of(exchange);
  AccessEntry entry{.at = std::chrono::system_clock::now(),
                    .request_id = exchange.request_id(),
                    .client = exchange.client_ip(),
                    .method = request.method_text,
                    .host = exchange.host(),
                    .path = exchange.target().path,
                    .query = exchange.target().query,
                    .has_query = exchange.target().has_query,
                    .version = request.version,
                    .status = facts.status,
                    .code = facts.code,
                    .claims = claims,
                    .received = facts.received,
                    .sent = facts.sent,
                    .spent = steady_now() - exchange.started(),
                    .complete = facts.complete,
                    .unenforced = facts.unenforced,
                    .shadow = facts.shadow};
  if (snapshot.access_format == AccessFormat::ecs || snapshot.access_format == AccessFormat::combined) {
    entry.referer = sent_value(request, "Referer");
    entry.user_agent = sent_value(request, "User-Agent");
  }
  if (snapshot.trace_sample && exchange.trace_link().is_known)
    entry.trace = trace::text_of(exchange.trace_link().trace);
  if (exchange.route() != nullptr) entry.route = exchange.route()->name;
  if (exchange.identity() != nullptr) {
    entry.subject = exchange.identity()->subject;
    entry.issuer = exchange.identity()->issuer_name;
  }
  append_access_line(lines_, snapshot.access_format, entry);
  if (lines_.size() >= kBatch) flush();
}

void AccessLog::flush() {
  if (lines_.empty()) return;
  net::Deadlines::clear(*this);
  writer_.write(std::move(lines_));
  lines_.clear();
}

bool AccessLog::is_sampled(double share) {
  share_ += share;
  if (share_ < 1.0) return false;
  share_ -= 1.0;
  return true;
}

}  // namespace gw::exchange
