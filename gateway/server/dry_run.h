// SPDX-License-Identifier: Apache-2.0
// What the gateway would do with a request, and why: the real parser, the real steps on a real exchange, up
// to where the request would leave for an upstream. Nothing is sent, counted or written. THREAD: one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "auth/revocations.h"
#include "base/json.h"
#include "base/place.h"
#include "base/result.h"
#include "config/config.h"
#include "exchange/snapshot.h"
#include "policy/decision.h"

namespace gw::server {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct DryRequest {
  std::string method;
  std::string url;  // "/path?query", or whole; its scheme and port choose the listener
  HeaderList headers{};
  std::optional<json::Value> claims{};  // of a caller that is taken for verified; an object
  std::string client_ip = "127.0.0.1";
};

struct Explanation {
  enum class Outcome : std::uint8_t {
    forwarded,  // goes to the upstream
    answered,   // by the gateway: `respond`, an endpoint, a redirect, a preflight
    refused,
  };
  struct Condition {
    policy::Condition kind;
    std::string name;
    bool met;
    std::string trouble;
  };
  Outcome outcome = Outcome::refused;
  std::uint16_t status = 0;  // what the client gets; 0 when the upstream decides
  std::string code{};        // of a refusal
  std::string reason{};      // more than the client is told; for the operator
  std::string endpoint{};    // the path of one of the gateway's own
  std::string route{};
  Place route_place{};
  std::string client_ip{};
  std::string subject{};  // of the identity, and its issuer
  std::string issuer{};
  std::vector<Condition> conditions{};
  bool would_refuse = false;  // and passes, since the route is not enforced
  std::string unenforced_code{};
  std::string shadow_code{};  // of a request that passes, and that the route's shadow would refuse
  std::string upstream{};
  std::string upstream_url{};  // the path that is sent, with its query
  HeaderList added{};
  std::vector<std::string> removed{};
  HeaderList answer{};  // header fields of an answer that is the gateway's own
};

class DryRun {
 public:
  DryRun(std::shared_ptr<const exchange::Snapshot> snapshot, const std::vector<config::Listener>& listeners,
         auth::Revocations revocations = {});
  ~DryRun();

  // The error is a sentence: what was asked makes no sense, whatever the configuration.
  Result<Explanation, std::string> run(const DryRequest& request);

 private:
  struct Stage;
  std::unique_ptr<Stage> stage_;
};

}  // namespace gw::server
