// SPDX-License-Identifier: Apache-2.0
// Fetches the key sets of remote issuers ahead of need: by their cache headers within bounds, sooner when a
// worker asks for a key that it does not know, but then at most once in a cool-down. When an issuer is away,
// its last good keys serve on for a time, also after a cold start, from a file in the state folder.
// THREAD: the main thread. OWNERSHIP: the Gateway. Workers ask by post() and hear the news by `publish`.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "exchange/issuer_health.h"
#include "fetch/fetcher.h"
#include "jose/key.h"
#include "jose/options.h"
#include "net/blocking_pool.h"
#include "net/deadlines.h"
#include "net/event_loop.h"

namespace gw::server {

using Keys = std::shared_ptr<const std::vector<jose::Key>>;

// What every worker is told after each look at an issuer.
struct KeyNews {
  Keys keys;           // null: as before
  TimePoint next_ask;  // asking sooner would change nothing
  exchange::IssuerHealth health;
};

class KeyRefresher {
 public:
  static constexpr Duration kCoolDown = 5s;  // between two fetches that unknown keys cause

  struct Surroundings {
    net::EventLoop& loop;
    net::Deadlines& deadlines;
    std::string state_dir;
    std::function<void(const KeyNews&)> publish;
  };
  explicit KeyRefresher(Surroundings surroundings);
  ~KeyRefresher();

  // Files are written there; set once, before adopt().
  void write_with(net::BlockingPool& pool) { pool_ = &pool; }

  // For a snapshot that is being built: what is known of an issuer's keys now.
  std::vector<jose::Key> known_keys(const jose::IssuerOptions& options) const;
  // From now on these are the issuers. Those whose options are the same go on as they are.
  void adopt(const std::vector<jose::IssuerOptions>& all);
  // A worker has a token whose key it does not know. News will come, perhaps the old ones.
  void demand(const std::string& issuer);

  std::vector<exchange::IssuerHealth> health() const;

 private:
  class Source;

  Source* find(const std::string& name) const;

  Surroundings surroundings_;
  fetch::Fetcher fetcher_;
  net::BlockingPool* pool_ = nullptr;
  std::vector<std::unique_ptr<Source>> sources_;
};

// The keys of the last good fetch of an earlier process, when they are not too old; else none.
std::vector<jose::Key> read_stored_keys(const std::string& state_dir, const jose::IssuerOptions& options);

}  // namespace gw::server
