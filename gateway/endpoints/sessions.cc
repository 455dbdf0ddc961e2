// SPDX-License-Identifier: Apache-2.0
#include "endpoints/sessions.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "auth/issuer.h"
#include "base/log.h"
#include "endpoints/pages.h"
#include "endpoints/session_cookies.h"
#include "endpoints/user_agent.h"
#include "endpoints/waiting.h"
#include "http/form.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;

constexpr std::string_view kAll = "all";

struct SessionsState : FormState {
  std::vector<store::Family> families;
  std::string chosen;  // an id, or kAll
  Pause pause;
};

// Of a request by cookie: a script that has a token gets JSON, whatever it accepts.
bool wants_page(const Exchange& exchange) {
  return exchange.snapshot().pages != nullptr && exchange::accepts_html(exchange) &&
         exchange.credential_source() == exchange::CredentialSource::cookie;
}

json::Value describe(const store::Family& family, std::string_view own_id) {
  json::Object session{{"id", family.id},
                       {"current", family.id == own_id},
                       {"created_at", family.created_at},
                       {"expires_at", family.expires_at},
                       {"address", family.address},
                       {"client", family.client}};
  if (family.used_at != 0) session.emplace_back("used_at", family.used_at);
  return session;
}

std::string two_digits(int number) {
  return {static_cast<char>('0' + number / 10 % 10), static_cast<char>('0' + number % 10)};
}

// For people ("date" of the phrases), and for machines.
void add_time(json::Object& model, const Phrases& phrases, const std::string& name, WallSeconds at) {
  const std::time_t time = at;
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  const json::Value parts = json::Object{{"year", utc.tm_year + 1900},
                                         {"month", two_digits(utc.tm_mon + 1)},
                                         {"day", two_digits(utc.tm_mday)},
                                         {"hour", two_digits(utc.tm_hour)},
                                         {"minute", two_digits(utc.tm_min)}};
  std::array<char, 32> iso{};
  std::strftime(iso.data(), iso.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  model.emplace_back(name, phrases.say("date", parts));
  model.emplace_back(name + "_iso", iso.data());
}

json::Value describe_for_page(const store::Family& family, std::string_view own_id, const Phrases& phrases) {
  std::string client = short_client_name(family.client);
  if (client.empty()) client = phrases.say("sessions.unknown_client");
  json::Object session{{"id", family.id},
                       {"current", family.id == own_id},
                       {"address", family.address},
                       {"client", std::move(client)}};
  add_time(session, phrases, "created", family.created_at);
  if (family.used_at != 0) add_time(session, phrases, "used", family.used_at);
  return session;
}

std::string_view path_tail(const Exchange& exchange) {
  const std::string_view path = exchange.target().path;
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

Verdict demand_session(Exchange& exchange) {
  const policy::Caller caller = exchange.caller();
  const auth::Identity* identity = caller.identity();
  if (identity != nullptr && identity->issuer_name == auth::kSelfIssuer && !identity->session_id.empty())
    return Verdict::proceed;
  if (identity != nullptr) return exchange.refuse({Fault::forbidden, "the token is of no session of ours"});
  const Fault fault = caller.fault().value_or(Fault::token_missing);
  if (exchange.snapshot().pages != nullptr && exchange::is_visit(exchange))
    if (const Verdict verdict = exchange.snapshot().pages->refuse_visit(exchange, fault);
        verdict != Verdict::proceed)
      return verdict;
  return exchange.refuse(fault);
}

Verdict list_sessions(Exchange& exchange) {
  auto& state = exchange.endpoint_state<SessionsState>();
  auto listed = [&state](std::vector<store::Family> families) {
    state.families = std::move(families);
    return Verdict::proceed;
  };
  return exchange.wait_for(exchange.world().login->sessions.list(std::string(exchange.identity()->subject),
                                                                 exchange.services().loop.wall(),
                                                                 then(exchange, std::move(listed))));
}

Verdict reply_with_sessions(Exchange& exchange) {
  const auto& state = exchange.endpoint_state<SessionsState>();
  const std::string_view own_id = exchange.identity()->session_id;
  json::Array sessions;
  if (!wants_page(exchange)) {
    for (const store::Family& family : state.families) sessions.push_back(describe(family, own_id));
    exchange::Reply reply;
    reply.body = json::dump(json::Object{{"sessions", std::move(sessions)}});
    return exchange.answer(std::move(reply));
  }
  const Pages& pages = pages_of(exchange);
  const Phrases& phrases = pages.phrases_for(exchange);
  for (const store::Family& family : state.families)
    sessions.push_back(describe_for_page(family, own_id, phrases));
  json::Value model = json::Object{{"sessions", std::move(sessions)}, {"wide", true}};
  model.set("password", exchange.snapshot().backends->find_writable() != nullptr);
  const auto query = http::parse_form(exchange.target().query);
  const std::string* done = query ? query->find("done") : nullptr;
  if (done != nullptr && *done == "ended") model.set("done", phrases.say("sessions.ended"));
  if (done != nullptr && *done == "password") model.set("done", phrases.say("password.changed"));
  return exchange.answer(pages.render(exchange, "sessions", std::move(model)));
}

Verdict read_session_to_end(Exchange& exchange) {
  auto& state = exchange.endpoint_state<SessionsState>();
  if (exchange.request().method_text == "DELETE") {
    const bool one = exchange.target().path != exchange.snapshot().login.prefix + "/sessions";
    state.chosen = one ? path_tail(exchange) : kAll;
    return Verdict::proceed;
  }
  const auto fields = take_fields(exchange);
  if (!fields) return exchange.refuse(fields.error());
  const auto chosen = fields->text("end");
  if (!chosen) return exchange.refuse(chosen.error());
  if (chosen->empty())
    return exchange.refuse(Fault::unprocessable_content, {}, json::Object{{"end", "is missing"}});
  state.chosen = *chosen;
  return Verdict::proceed;
}

Verdict end_chosen_session(Exchange& exchange) {
  auto& state = exchange.endpoint_state<SessionsState>();
  auth::SessionService& sessions = exchange.world().login->sessions;
  const WallSeconds now = exchange.services().loop.wall();
  auto ended = [&exchange](std::monostate) {
    log::info("session ended by its user", {{"request_id", exchange.request_id()}});
    return Verdict::proceed;
  };
  if (state.chosen == kAll)
    return exchange.wait_for(
        sessions.end_all(std::string(exchange.identity()->subject), now, then(exchange, std::move(ended))));
  // Nobody ends, or learns of, a session of somebody else.
  const bool own = std::any_of(state.families.begin(), state.families.end(),
                               [&](const store::Family& family) { return family.id == state.chosen; });
  if (!own) return exchange.refuse(Fault::no_route);
  return exchange.wait_for(sessions.end_session(state.chosen, now, then(exchange, std::move(ended))));
}

Verdict outlast_sessions(Exchange& exchange) {
  auto& state = exchange.endpoint_state<SessionsState>();
  return state.chosen == kAll ? state.pause.outlast(exchange, exchange.services().loop.wall())
                              : Verdict::proceed;
}

Verdict reply_session_ended(Exchange& exchange) {
  const auto& state = exchange.endpoint_state<SessionsState>();
  const bool by_cookie = exchange.credential_source() == exchange::CredentialSource::cookie;
  const bool own = state.chosen == kAll || state.chosen == exchange.identity()->session_id;
  exchange::Reply reply;
  reply.status = 204;
  if (by_cookie && is_browser_form(exchange)) {
    const std::string& prefix = exchange.snapshot().login.prefix;
    reply.status = 303;
    reply.fields.emplace_back("Location", prefix + (own ? "/login?done=signed_out" : "/sessions?done=ended"));
  }
  if (by_cookie && own) clear_cookies(exchange.snapshot().login.cookie, reply);
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
