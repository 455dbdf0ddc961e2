// SPDX-License-Identifier: Apache-2.0
// The pages for people: templates and phrases, built in or from a folder, in the visitor's language. No page
// has a script, and the policy that each is sent with allows none. THREAD: immutable, shared by all workers.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/options.h"
#include "endpoints/page_template.h"
#include "exchange/browser_pages.h"
#include "exchange/exchange.h"

namespace gw::endpoints {

class Pages final : public exchange::BrowserPages {
 public:
  // The errors are sentences.
  static Result<std::shared_ptr<const Pages>, std::vector<std::string>> load(
      const auth::PageOptions& options);

  // By Accept-Language (RFC 9110 12.5.4); English when none of it is there.
  const Phrases& choose_phrases(std::string_view accepted) const;
  const Phrases& phrases_for(const exchange::Exchange& exchange) const;

  // A page by its name ("login"): `model` has what is its own, and the phrase of its heading under "heading".
  exchange::Reply render(const exchange::Exchange& exchange, std::string_view name, json::Value model) const;

  exchange::Verdict refuse_visit(exchange::Exchange& exchange, Fault fault) const override;

  // What the site is called.
  std::string title_for(const exchange::Exchange& exchange) const;

 private:
  Pages() = default;
  void add_file(std::string_view name, std::string_view text, std::vector<std::string>& problems);
  void add_phrases(std::string language, std::string_view text, std::vector<std::string>& problems);
  void add_folder(const std::string& folder, std::vector<std::string>& problems);
  void add_logo(const std::string& file, std::vector<std::string>& problems);
  void check(std::vector<std::string>& problems);

  Templates templates_;
  std::map<std::string, Phrases, std::less<>> phrases_;  // by language
  std::string title_;
  std::string logo_;    // a data: URL
  std::string policy_;  // Content-Security-Policy
};

// The pages of this gateway; REQUIRES: they are on.
const Pages& pages_of(const exchange::Exchange& exchange);

// "/login", with `next` (a path and query of this site) as its own.
std::string login_location(const exchange::Exchange& exchange, std::string_view next);
std::string escape_query(std::string_view text);
// What else there is beside logging in: "register", "reset", and "links" when any.
void add_links(const exchange::Exchange& exchange, json::Value& model);

}  // namespace gw::endpoints
