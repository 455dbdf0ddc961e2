// SPDX-License-Identifier: Apache-2.0
#include "endpoints/browser.h"

#include <algorithm>
#include <array>

#include "endpoints/pages.h"
#include "endpoints/request_body.h"
#include "exchange/same_site.h"
#include "http/form.h"
#include "http/path.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Reply;
using exchange::Verdict;

constexpr std::size_t kMaxTargetBytes = 2048;

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// The page that a form was on, by its path.
std::string_view page_name(const Exchange& exchange, const FormState* state) {
  std::string_view path = exchange.target().path;
  path.remove_prefix(std::min(path.size(), exchange.snapshot().login.prefix.size() + 1));
  if (path == "reset" && state != nullptr && state->typed.find("token") != nullptr && !state->token_is_bad)
    return "new_password";
  for (const std::string_view name : {"login", "register", "reset", "password"})
    if (path == name) return name;
  return "message";
}

// A phrase for a field's problem: numbers in it are its {n}.
std::string say_problem(const Phrases& phrases, std::string_view problem) {
  std::string key = "problem.", number;
  for (const char c : problem) {
    const bool digit = c >= '0' && c <= '9';
    if (digit && number.empty()) key += "{n}";
    if (digit)
      number += c;
    else
      key += c;
  }
  if (phrases.find(key) == nullptr) return std::string(problem);
  return phrases.say(key, json::Object{{"n", number}});
}

std::string say_wait(const Phrases& phrases, WallSeconds wait) {
  constexpr WallSeconds kMinute = 60, kHour = 60 * kMinute;
  if (wait <= kMinute) return phrases.say("wait.minute");
  const bool hours = wait > 2 * kHour;
  const WallSeconds unit = hours ? kHour : kMinute;
  return phrases.say(hours ? "wait.hours" : "wait.minutes", json::Object{{"n", (wait + unit - 1) / unit}});
}

std::string say_error(const Phrases& phrases, const Error& error, const FormState* state) {
  if (state != nullptr && state->token_is_bad) return phrases.say("error.reset_token");
  const std::string key = "error." + std::string(info_of(error.fault).code);
  if (phrases.find(key) == nullptr) return phrases.say("error.any");
  const WallSeconds wait = state == nullptr ? 0 : state->retry_after;
  return phrases.say(key, json::Object{{"wait", say_wait(phrases, wait)}});
}

Reply make_error_page(Exchange& exchange, const Error& error, const exchange::Challenge& challenge,
                      const json::Value& errors) {
  const Pages& pages = pages_of(exchange);
  const Phrases& phrases = pages.phrases_for(exchange);
  const auto* state = exchange.find_endpoint_state<FormState>();
  json::Value model = json::Object{{"error", say_error(phrases, error, state)}};
  if (state != nullptr) {
    model.set("typed", state->typed);
    model.set("next", state->next);
    model.set("next_query", escape_query(state->next));
  }
  json::Value problems = json::Object{};
  if (const json::Object* fields = errors.as_object())
    for (const auto& [field, problem] : *fields)
      if (const std::string* text = problem.as_string()) problems.set(field, say_problem(phrases, *text));
  model.set("problem", std::move(problems));
  const std::string_view name = page_name(exchange, state);
  if (name == "message") model.set("heading", phrases.say("error.any"));
  add_links(exchange, model);

  Reply refusal = exchange::reply_for(error, exchange.request_id(), challenge, errors);
  Reply page = pages.render(exchange, name, std::move(model));
  page.status = refusal.status;
  page.code = refusal.code;
  page.close = refusal.close;
  page.challenge = std::move(refusal.challenge);
  return page;
}

}  // namespace

bool is_browser_form(const Exchange& exchange) {
  return exchange.snapshot().login.cookie.enabled && body_kind(exchange.request()) == BodyKind::form &&
         exchange::accepts_html(exchange);
}

Verdict demand_own_page(Exchange& exchange) {
  if (!is_browser_form(exchange)) return Verdict::proceed;
  if (!exchange::is_same_site(exchange)) return exchange.refuse(Fault::csrf);
  if (exchange.snapshot().pages != nullptr) exchange.set_refusal_maker(make_error_page);
  return Verdict::proceed;
}

std::string redirect_target(std::string_view next) {
  const std::string home = "/";
  // Browsers read "//host" and "/\host" as another origin, and drop tabs and line ends before they look.
  if (next.empty() || next.size() > kMaxTargetBytes || next[0] != '/' || !is_printable_ascii(next))
    return home;
  if (next.size() > 1 && (next[1] == '/' || next[1] == '\\')) return home;
  std::string scratch;
  const auto target = http::normalise_target(next, scratch);
  if (!target) return home;
  std::string location(target->path);
  if (target->has_query) location.append("?").append(target->query);
  return location;
}

Verdict send_on(Exchange& exchange, std::string location) {
  Reply reply;
  reply.status = 303;
  reply.fields.emplace_back("Location", std::move(location));
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
