// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "config/sections.h"
#include "config/units.h"

namespace gw::config {
namespace {

constexpr std::array kKeys{
    Key{"url", "URL", "sqlite:store.db", "`sqlite:FILE`, in `state_dir` unless absolute"},
    Key{"timeout", "duration", "50ms", "how long a request waits for the store"},
    Key{"on_failure", "`deny` or `allow`", "deny",
        "a check of a token that is still good by what was known last, while the store, or the issuer that "
        "introspects, is away"},
};

constexpr Choice<bool> kServesOnFailure[] = {{"deny", false}, {"allow", true}};
constexpr std::string_view kScheme = "sqlite:";

}  // namespace

const Section kStoreSection{"store", kKeys};

StoreOptions parse_store(Context& context, const Item& item) {
  const NodeReader node(context, item, kStoreSection);
  StoreOptions store;
  const std::string url = node.text("url", std::string(kScheme) + store.path);
  if (url.starts_with(kScheme) && url.size() > kScheme.size()) {
    store.path = url.substr(kScheme.size());
  } else {
    report(context, *node.find("url"),
           in_quotes(url.substr(0, url.find(':'))) + " is no store (write sqlite:FILE)");
  }
  store.timeout = node.duration("timeout", store.timeout, {1ms, 1min});
  store.serves_on_failure = node.one_of("on_failure", kServesOnFailure, false);
  return store;
}

}  // namespace gw::config
