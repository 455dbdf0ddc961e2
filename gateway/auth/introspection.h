// SPDX-License-Identifier: Apache-2.0
// Asks issuers about tokens that only they can judge (RFC 7662). Answers are kept for a time, by token and
// endpoint; many requests with one token ask once; an endpoint that is away is not asked by every request.
// THREAD: one worker's. OWNERSHIP: a World's; outlives the operations that it gave out.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/introspection_cache.h"
#include "auth/issuer.h"
#include "base/callback.h"
#include "base/slot_map.h"
#include "fetch/fetcher.h"
#include "net/event_loop.h"
#include "net/operation.h"

namespace gw::auth {

class Introspector final : public net::Deferred {
 public:
  using Done = Callback<void(Result<IdentityRef>)>;

  Introspector(net::EventLoop& loop, std::shared_ptr<const Issuers> issuers);
  ~Introspector() override;

  // The names of those that can be asked about any token, in the order of the configuration.
  const std::vector<std::string>& names() const { return names_; }

  // What is known without asking. token_revoked is "not active".
  std::optional<Result<IdentityRef>> find(std::string_view issuer, std::string_view token);
  // Asks, later; also the error is the one that a client may see. serve_stale: whether a good answer of
  // before will do while the endpoint is away; empty: as it is configured. REQUIRES: one of names().
  net::Operation ask(std::string_view issuer, std::string_view token, std::optional<bool> serve_stale,
                     Done done);

 private:
  struct Endpoint;
  struct Flight;

  static void cancel(void* self, std::uint64_t id);
  Endpoint* endpoint_of(std::string_view name);
  void start(Endpoint& endpoint, const std::string& digest, std::string_view token);
  void land(Endpoint& endpoint, const std::string& digest, Result<fetch::Response, std::string> response);
  Result<Introspected> judge(Endpoint& endpoint, Result<fetch::Response, std::string> response);
  Result<IdentityRef> answer_of(const Result<Introspected>& answer) const;

  net::EventLoop& loop_;
  const std::shared_ptr<const Issuers> issuers_;
  std::vector<std::string> names_;
  std::optional<fetch::Fetcher> fetcher_;  // when there is anybody to ask
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  SlotMap<Done> waiters_;
};

}  // namespace gw::auth
