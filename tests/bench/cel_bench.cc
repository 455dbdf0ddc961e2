// SPDX-License-Identifier: Apache-2.0
// Conditions in CEL beside the same check written in C++ over the same facts.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "policy/when.h"

namespace gw::policy {
namespace {

struct World {
  World() {
    identity.issuer_name = "self";
    identity.subject = "alice";
    identity.roles = {"clerk", "reader", "auditor"};
    identity.hold(*json::parse(
        R"({"iss":"gatewarden","aud":"api","sub":"alice","tenant":"acme","level":7,"auth_time":1699999000,
            "roles":["clerk","reader","auditor"],"email":"alice@example.com","groups":["a","b","c","d"]})"));
    fields.add("Accept", "application/json");
    fields.add("X-Env", "prod");
    Route route;
    route.path = "/customers/{id}/orders";
    std::vector<Route> routes;
    routes.push_back(std::move(route));
    table = std::make_unique<RouteTable>(std::move(*RouteTable::build(std::move(routes))));
    target.path = "/customers/alice/orders";
    match = *table->match({"api.example.com", target, "GET", fields});
    facts = {.method = "GET",
             .path = target.path,
             .host = "api.example.com",
             .query = "page=2",
             .scheme = "https",
             .client_ip = "10.1.2.3",
             .fields = &fields,
             .captures = &match.captures,
             .now = 1'700'000'000};
  }

  auth::Identity identity;
  http::Fields fields;
  std::unique_ptr<RouteTable> table;
  http::Target target;
  RouteMatch match;
  RequestFacts facts;
};

struct Pair {
  const char* name;
  const char* expression;
  bool (*check)(const RequestFacts&, const auth::Identity&);
};

const std::string* text_claim(const auth::Identity& identity, std::string_view name) {
  const json::Value* claim = identity.claims().find(name);
  return claim == nullptr ? nullptr : claim->as_string();
}

bool has_role(const auth::Identity& identity, std::string_view role) {
  return std::find(identity.roles.begin(), identity.roles.end(), role) != identity.roles.end();
}

const Pair kPairs[] = {
    {"claim", R"(claims.tenant == "acme")",
     [](const RequestFacts&, const auth::Identity& identity) {
       const std::string* tenant = text_claim(identity, "tenant");
       return tenant != nullptr && *tenant == "acme";
     }},
    {"own", "claims.sub == path.id",
     [](const RequestFacts& facts, const auth::Identity& identity) {
       const std::string* subject = text_claim(identity, "sub");
       const auto id = facts.captures->find("id");
       return subject != nullptr && id && *subject == *id;
     }},
    {"own_or_role", R"(claims.sub == path.id || "admin" in claims.roles)",
     [](const RequestFacts& facts, const auth::Identity& identity) {
       const std::string* subject = text_claim(identity, "sub");
       const auto id = facts.captures->find("id");
       return (subject != nullptr && id && *subject == *id) || has_role(identity, "admin");
     }},
    {"header_and_role", R"(request.headers["x-env"] == "prod" && "auditor" in claims.roles)",
     [](const RequestFacts& facts, const auth::Identity& identity) {
       const http::Field* env = facts.fields->find("x-env");
       return env != nullptr && env->value == "prod" && has_role(identity, "auditor");
     }},
    {"numbers_and_time", "claims.level >= 5 && now - timestamp(claims.auth_time) < duration('1h')",
     [](const RequestFacts& facts, const auth::Identity& identity) {
       const json::Value* level = identity.claims().find("level");
       const json::Value* since = identity.claims().find("auth_time");
       return level != nullptr && level->as_int() != nullptr && *level->as_int() >= 5 && since != nullptr &&
              since->as_int() != nullptr && facts.now - *since->as_int() < 3600;
     }},
    {"all_of_list", R"(claims.groups.all(g, g != "z") && claims.email.endsWith("@example.com"))",
     [](const RequestFacts&, const auth::Identity& identity) {
       const json::Value* groups = identity.claims().find("groups");
       if (groups == nullptr || groups->as_array() == nullptr) return false;
       for (const json::Value& group : *groups->as_array())
         if (group.as_string() == nullptr || *group.as_string() == "z") return false;
       const std::string* email = text_claim(identity, "email");
       return email != nullptr && email->ends_with("@example.com");
     }},
};

void run_cel(benchmark::State& state, const Pair& pair) {
  const World world;
  const auto when = When::parse(pair.expression, std::vector<std::string>{"id"});
  if (!when) return state.SkipWithError(when.error().what.c_str());
  if (const auto outcome = (*when)->evaluate(world.facts, world.identity); !outcome.holds)
    return state.SkipWithError(("does not hold: " + outcome.why).c_str());
  for (auto _ : state) benchmark::DoNotOptimize((*when)->evaluate(world.facts, world.identity).holds);
}

void run_cpp(benchmark::State& state, const Pair& pair) {
  const World world;
  if (!pair.check(world.facts, world.identity)) return state.SkipWithError("does not hold");
  for (auto _ : state) benchmark::DoNotOptimize(pair.check(world.facts, world.identity));
}

const bool kRegistered = [] {
  for (const Pair& pair : kPairs) {
    benchmark::RegisterBenchmark((std::string("cel/") + pair.name).c_str(), run_cel, pair);
    benchmark::RegisterBenchmark((std::string("cpp/") + pair.name).c_str(), run_cpp, pair);
  }
  return true;
}();

}  // namespace
}  // namespace gw::policy

BENCHMARK_MAIN();
