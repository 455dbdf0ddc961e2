// SPDX-License-Identifier: Apache-2.0
// `require.when`: an expression that must hold, in CEL. It sees
//   claims   of the token; `roles` is always a list
//   request  method, path, host, query, scheme, and headers by their names in lower case, as the client sent
//   them path     what the {names} of the route's path stand for client   ip now      the time
// THREAD: immutable; evaluated by any number of threads.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "auth/identity.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/field.h"
#include "policy/route_table.h"

namespace gw::cel {
class Program;
struct Problem;
}  // namespace gw::cel

namespace gw::policy {

// What a decision may ask of a request, beside who is calling. Views live as long as the request.
struct RequestFacts {
  std::string_view method;
  std::string_view path;  // normalised
  std::string_view host;  // normalised; empty without any
  std::string_view query;
  std::string_view scheme;
  std::string_view client_ip;
  const http::Fields* fields = nullptr;
  const Captures* captures = nullptr;
  WallSeconds now = 0;
};

// What is wrong with an expression; line and column from 1, within its text.
struct WhenProblem {
  int line = 1;
  int column = 1;
  std::size_t offset = 0;  // in the text
  std::string what;
};

class When {
 public:
  // `names`: of the path's segments.
  static Result<std::shared_ptr<const When>, WhenProblem> parse(std::string_view text,
                                                                std::span<const std::string> names);
  ~When();

  struct Outcome {
    bool holds = false;
    std::string why{};  // of an evaluation that failed, which does not hold either
  };
  Outcome evaluate(const RequestFacts& facts, const auth::Identity& identity) const;
  std::string_view text() const;

 private:
  struct Parts;
  explicit When(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace gw::policy
