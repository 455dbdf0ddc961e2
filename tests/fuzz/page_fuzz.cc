// SPDX-License-Identifier: Apache-2.0
// What a visitor sends of languages, credentials, addresses and where to go next, and what a template is. A
// `next` that is taken leads to this site, and taking it again changes nothing.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/api_key.h"
#include "endpoints/basic_credentials.h"
#include "endpoints/browser.h"
#include "endpoints/new_account.h"
#include "endpoints/pages.h"
#include "endpoints/user_agent.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gw::endpoints;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const auto pages = *Pages::load({});
  (void)pages->choose_phrases(text);
  (void)short_client_name(text);

  (void)parse_basic(text);
  (void)parse_basic("Basic " + std::string(text));
  (void)gw::auth::find_api_key_id(text);
  (void)gw::auth::parse_api_key(text);
  if (is_email_address(normalise_email(text)) && text.find_first_of("\r\n") != std::string_view::npos)
    std::abort();

  const std::string target = redirect_target(text);
  if (target.empty() || target[0] != '/' || redirect_target(target) != target) std::abort();
  if (target.size() > 1 && (target[1] == '/' || target[1] == '\\')) std::abort();
  for (const char c : target)
    if (c <= ' ' || c >= '\x7f') std::abort();

  if (const auto parsed = Template::parse(text)) {
    const gw::json::Value model =
        gw::json::Object{{"a", "<&>"}, {"b", gw::json::Array{gw::json::Object{{"a", "1"}}}}};
    Templates others;
    others.emplace("a", *parsed);
    (void)parsed->render(others, Phrases("en", {{"a", std::string(text)}}), model);
  }
  return 0;
}
