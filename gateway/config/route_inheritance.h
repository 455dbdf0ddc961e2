// SPDX-License-Identifier: Apache-2.0
// `defaults:` and `templates:`: what a route does not say itself, it takes from the templates that it uses,
// and then from the defaults. Maps are completed key by key, everything else is taken as a whole.
#pragma once

#include "config/sections.h"

namespace gw::config {

class RouteInheritance {
 public:
  // Reports what is wrong with the two sections themselves.
  RouteInheritance(Context& context, const SharedByRoutes& shared);

  // The route with all that it inherits; every value keeps its place. OWNERSHIP: the context.
  Item complete(const Item& route) const;

 private:
  void check_keys(const Item& item) const;
  const Node* find_template(const std::string& name) const;

  Context& context_;
  const SharedByRoutes& shared_;
};

}  // namespace gw::config
