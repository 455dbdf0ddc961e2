// SPDX-License-Identifier: Apache-2.0
#include "policy/protected_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gw::policy {
namespace {

using ::testing::ElementsAre;

constexpr ProtectedFields::Circumstances kStranger{.from_trusted_proxy = false, .route_has_methods = false};
constexpr ProtectedFields::Circumstances kProxy{.from_trusted_proxy = true, .route_has_methods = false};
constexpr ProtectedFields::Circumstances kStrangerWithMethods{.from_trusted_proxy = false,
                                                              .route_has_methods = true};
constexpr ProtectedFields::Circumstances kProxyWithMethods{.from_trusted_proxy = true,
                                                           .route_has_methods = true};

bool covers(const ProtectedFields& names, std::string_view name,
            ProtectedFields::Circumstances circumstances) {
  http::Fields fields;
  fields.add(name, "x");
  return names.covers(fields[0], circumstances);
}

TEST(ProtectedFields, AreIdentityHeadersInEverySpelling) {
  const ProtectedFields names({}, {});

  for (const char* name :
       {"X-Auth-Subject", "x-auth-subject", "X_AUTH_SUBJECT", "x_auth_subject", "X.Auth.Subject",
        "x~auth!subject", "X-Auth_Subject", "X|Auth'Subject", "x-auth-roles", "X_Auth_Scope"}) {
    EXPECT_TRUE(covers(names, name, kStranger)) << name;
    EXPECT_TRUE(covers(names, name, kProxy)) << name;
  }
}

TEST(ProtectedFields, AreNotTheNamesBesideThem) {
  const ProtectedFields names({}, {});

  for (const char* name : {"X-Auth", "X-Auth-Subjects", "XAuthSubject", "X--Auth-Subject", "X-Auth-Subject-",
                           "Authorization", "Cookie", "Accept", "X-Forwarded", "X-Requested-With", "X"}) {
    EXPECT_FALSE(covers(names, name, kStrangerWithMethods)) << name;
  }
}

TEST(ProtectedFields, OfStrangersAreAllThatProxiesSay) {
  const ProtectedFields names({}, {});

  for (const char* name :
       {"X-Forwarded-Uri", "x_forwarded_prefix", "X-Forwarded-User", "X.Forwarded.Server", "X-Original-URL",
        "X_Original_Method", "X-Rewrite-URL", "x_rewrite_url", "Forwarded"}) {
    EXPECT_TRUE(covers(names, name, kStranger)) << name;
    EXPECT_FALSE(covers(names, name, kProxy)) << name;
  }
}

TEST(ProtectedFields, OfProxiesTooAreTheFourThatTheGatewaySetsAnew) {
  const ProtectedFields names({}, {});

  for (const char* name : {"X-Forwarded-For", "x_forwarded_proto", "X-Forwarded-Host", "X.Forwarded.Port"}) {
    EXPECT_TRUE(covers(names, name, kStranger)) << name;
    EXPECT_TRUE(covers(names, name, kProxy)) << name;
  }
}

TEST(ProtectedFields, AreMethodOverridesOnRoutesWithMethods) {
  const ProtectedFields names({}, {});

  for (const char* name :
       {"X-HTTP-Method-Override", "x_http_method_override", "X-HTTP-Method", "X-Method-Override"}) {
    EXPECT_TRUE(covers(names, name, kStrangerWithMethods)) << name;
    EXPECT_TRUE(covers(names, name, kProxyWithMethods)) << name;
    EXPECT_FALSE(covers(names, name, kStranger)) << name;
  }
}

TEST(ProtectedFields, HoldTheHeadersOfEveryRouteAndTheAssertion) {
  std::vector<Route> routes(2);
  routes[1].identity = IdentityOptions{.headers = {{"X-Remote-User", "sub"}}};
  const ProtectedFields names({}, routes, {"X-Auth-Assertion"});

  EXPECT_TRUE(covers(names, "x_remote_user", kProxy));
  EXPECT_TRUE(covers(names, "X-Auth-Email", kProxy));
  EXPECT_TRUE(covers(names, "x.auth.assertion", kProxy));
  EXPECT_TRUE(names.carries_identity("X_Remote_User"));
  EXPECT_TRUE(names.carries_identity("X-Auth-Assertion"));
  EXPECT_FALSE(names.carries_identity("X-Forwarded-For"));
  EXPECT_FALSE(names.carries_identity("X-Env"));
}

TEST(ProtectedFields, AnIdentityHeaderIsTakenFromProxiesTooWhateverElseItIs) {
  const ProtectedFields names({.headers = {{"X-Forwarded-User", "sub"}, {"X-Method-Override", "x"}}}, {});

  EXPECT_TRUE(covers(names, "X_Forwarded_User", kProxy));
  EXPECT_TRUE(covers(names, "X-Method-Override", kProxy));
}

TEST(ProtectedFields, AreDroppedFromAHead) {
  const ProtectedFields names({}, {});
  http::Fields fields;
  for (const char* name : {"Accept", "X_Auth_Subject", "X-Auth-Subject", "Forwarded", "X-Env"})
    fields.add(name, "x");
  names.drop_from(fields, kStranger);

  std::vector<std::string> kept;
  for (const http::Field& field : fields)
    if (!field.dropped) kept.emplace_back(field.name);
  EXPECT_THAT(kept, ElementsAre("Accept", "X-Env"));
}

}  // namespace
}  // namespace gw::policy
