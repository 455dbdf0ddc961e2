// SPDX-License-Identifier: Apache-2.0
#include "endpoints/entry_pages.h"

#include <array>
#include <optional>

#include "endpoints/browser.h"
#include "endpoints/pages.h"
#include "http/form.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;

// What a page may be asked to say first, by the `done` of its query.
struct Notice {
  std::string_view done, phrase;
};
constexpr std::array kNotices{Notice{"signed_out", "message.signed_out"}, Notice{"reset", "password.reset"},
                              Notice{"registered", "register.done"}};

std::string find_in_query(const Exchange& exchange, std::string_view name) {
  const auto query = http::parse_form(exchange.target().query);
  const std::string* value = query ? query->find(name) : nullptr;
  return value == nullptr ? std::string() : *value;
}

Verdict show(Exchange& exchange, std::string_view name) {
  const Pages& pages = pages_of(exchange);
  json::Value model = json::Object{};
  if (std::string next = redirect_target(find_in_query(exchange, "next")); next != "/") {
    model.set("next_query", escape_query(next));
    model.set("next", std::move(next));
  }
  const std::string done = find_in_query(exchange, "done");
  for (const Notice& notice : kNotices)
    if (done == notice.done) model.set("done", pages.phrases_for(exchange).say(notice.phrase));
  add_links(exchange, model);
  return exchange.answer(pages.render(exchange, name, std::move(model)));
}

}  // namespace

Verdict send_on_if_signed_in(Exchange& exchange) {
  if (exchange.caller().identity() == nullptr) return Verdict::proceed;
  return send_on(exchange, redirect_target(find_in_query(exchange, "next")));
}

Verdict show_login_page(Exchange& exchange) {
  return show(exchange, "login");
}

Verdict show_register_page(Exchange& exchange) {
  return show(exchange, "register");
}

}  // namespace gw::endpoints
