// SPDX-License-Identifier: Apache-2.0
// The connections of one server: H1Pool or H2Pool, by what the cluster speaks.
// THREAD: one worker.  OWNERSHIP: held by its Server; leases keep the server alive.
#pragma once

#include <cstddef>
#include <memory>

#include "net/operation.h"
#include "net/resolver.h"
#include "upstream/lease.h"

namespace gw::upstream {

// As of now.
struct PoolState {
  std::size_t open = 0;     // connections, also those that are being made
  std::size_t idle = 0;     // of them, without a request
  std::size_t waiting = 0;  // requests that have none
};

class Pool {
 public:
  virtual ~Pool() = default;

  // What can be used at once, if there is any.
  virtual Lease try_acquire() = 0;
  // What becomes free, or a new connection; `done` is never called inside the call.
  virtual net::Operation acquire(Acquired done) = 0;
  virtual void give_back(std::unique_ptr<http::ClientStream> stream) = 0;
  // The server's name stands for these addresses now: connections to others take no more requests.
  virtual void keep_only(const net::Addresses& addresses) = 0;
  // Requests under way, and those that are waited for.
  virtual std::size_t active() const = 0;
  virtual PoolState state() const = 0;
};

}  // namespace gw::upstream
