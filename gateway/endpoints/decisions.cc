// SPDX-License-Identifier: Apache-2.0
#include "endpoints/decisions.h"

#include <charconv>

#include "exchange/control.h"
#include "exchange/exchange.h"
#include "http/form.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Receipt;
using exchange::ReceiptQuery;
using exchange::Verdict;

json::Array conditions_of(const Receipt& receipt) {
  json::Array all;
  for (const policy::AskedCondition& asked : receipt.conditions) {
    json::Object one{{"condition", policy::name_of(asked.condition)}, {"met", asked.met}};
    if (!asked.name.empty()) one.emplace_back("name", asked.name);
    if (!asked.trouble.empty()) one.emplace_back("error", asked.trouble);
    all.push_back(std::move(one));
  }
  return all;
}

// What is not there is left out.
json::Value describe(const Receipt& receipt) {
  json::Object all{{"request_id", receipt.request_id}, {"at", receipt.at}};
  const auto add = [&](const char* name, const std::string& text) {
    if (!text.empty()) all.emplace_back(name, text);
  };
  add("client", receipt.client);
  add("method", receipt.method);
  add("host", receipt.host);
  add("path", receipt.path);
  add("route", receipt.route);
  all.emplace_back("decision", receipt.code.empty() ? "passed" : "refused");
  all.emplace_back("status", std::int64_t{receipt.status});
  add("code", receipt.code);
  all.emplace_back("conditions", conditions_of(receipt));
  add("would_refuse", receipt.unenforced);
  add("shadow", receipt.shadow);
  json::Object timing;
  if (receipt.decided_us != 0)
    timing.emplace_back("decided_us", static_cast<std::int64_t>(receipt.decided_us));
  timing.emplace_back("total_us", static_cast<std::int64_t>(receipt.total_us));
  all.emplace_back("timing", std::move(timing));
  if (receipt.is_cut) all.emplace_back("cut", true);
  return all;
}

constexpr std::size_t kMostListed = 500;

struct Filter {
  std::string_view name;
  std::string ReceiptQuery::*text;
};
constexpr std::array kFilters{
    Filter{"route", &ReceiptQuery::route},   Filter{"code", &ReceiptQuery::code},
    Filter{"client", &ReceiptQuery::client}, Filter{"method", &ReceiptQuery::method},
    Filter{"host", &ReceiptQuery::host},     Filter{"path", &ReceiptQuery::path_prefix},
};

std::optional<std::size_t> number_of(const std::string& text, std::size_t most) {
  std::size_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number == 0 || number > most)
    return std::nullopt;
  return number;
}

// `404`, or `4xx` for all of the class.
std::optional<std::size_t> status_of(const std::string& text) {
  const bool is_class = text.size() == 3 && text.ends_with("xx");
  return number_of(is_class ? text.substr(0, 1) : text, is_class ? 5 : 599);
}

// What is wrong with it, or nothing.
std::string read_query(const http::Form& form, ReceiptQuery& query) {
  std::size_t known = 0;
  for (const Filter& filter : kFilters) {
    const std::string* text = form.find(filter.name);
    if (text == nullptr) continue;
    query.*filter.text = *text;
    ++known;
  }
  query.limit = 100;
  if (const std::string* text = form.find("limit")) {
    const auto number = number_of(*text, kMostListed);
    if (!number) return "limit is a number from 1 to 500";
    query.limit = *number;
    ++known;
  }
  if (const std::string* text = form.find("status")) {
    const auto status = status_of(*text);
    if (!status) return "status is one, as 404, or a class, as 4xx";
    query.status = static_cast<unsigned>(*status);
    ++known;
  }
  if (const std::string* text = form.find("decision")) {
    if (*text != "passed" && *text != "refused") return "decision is passed or refused";
    query.refused = *text == "refused";
    ++known;
  }
  if (known != form.size())
    return "a filter is route, code, client, method, host, path (its beginning), status, decision or limit";
  return {};
}

Verdict reply_with_one(Exchange& exchange, std::string_view id) {
  exchange::Services& services = exchange.services();
  return exchange.wait_for(
      services.control->find_receipts(services.loop, ReceiptQuery{.request_id = std::string(id)},
                                      [&exchange](const std::vector<Receipt>& found) {
                                        if (found.empty())
                                          return exchange.resume(exchange.refuse(Fault::no_route));
                                        exchange::Reply reply;
                                        reply.body = json::dump(describe(found.front()));
                                        exchange.resume(exchange.answer(std::move(reply)));
                                      }));
}

Verdict reply_with_list(Exchange& exchange) {
  const auto form = http::parse_form(exchange.target().query);
  if (!form) return exchange.refuse(form.error());
  ReceiptQuery query;
  if (std::string wrong = read_query(*form, query); !wrong.empty())
    return exchange.refuse(Fault::unprocessable_content, {}, json::Array{std::move(wrong)});
  exchange::Services& services = exchange.services();
  return exchange.wait_for(services.control->find_receipts(
      services.loop, std::move(query), [&exchange](const std::vector<Receipt>& found) {
        json::Array all;
        for (const Receipt& receipt : found) all.push_back(describe(receipt));
        exchange::Reply reply;
        reply.body = json::dump(json::Object{{"decisions", std::move(all)}});
        exchange.resume(exchange.answer(std::move(reply)));
      }));
}

}  // namespace

Verdict reply_with_receipts(Exchange& exchange) {
  const std::string_view below = exchange.target().path.substr(std::string_view(kDecisionsPath).size());
  if (below.empty()) return reply_with_list(exchange);
  const std::string_view id = below.substr(1);
  return id.empty() ? exchange.refuse(Fault::no_route) : reply_with_one(exchange, id);
}

}  // namespace gw::endpoints
