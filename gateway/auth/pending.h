// SPDX-License-Identifier: Apache-2.0
// Several asynchronous calls, one after the other, behind one Operation: dropping it cancels the one that
// runs. THREAD: one loop's. OWNERSHIP: the owner outlives the operations that it gave out.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/callback.h"
#include "base/result.h"
#include "base/slot_map.h"
#include "net/operation.h"

namespace gw::auth {

template <class T>
class Pending {
 public:
  using Id = std::uint64_t;
  using Done = Callback<void(Result<T>)>;

  Pending() = default;
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  Id begin(Done done) { return chains_.insert({std::move(done), {}}); }
  net::Operation operation_of(Id id) { return {&Pending::cancel, this, id}; }

  // What the chain waits for now.
  void wait_for(Id id, net::Operation operation) {
    if (Chain* chain = chains_.find(id)) chain->operation = std::move(operation);
  }
  void finish(Id id, Result<T> result) {
    if (std::optional<Chain> chain = chains_.take(id)) chain->done(std::move(result));
  }

 private:
  struct Chain {
    Done done;
    net::Operation operation;
  };
  static void cancel(void* self, std::uint64_t id) { (void)static_cast<Pending*>(self)->chains_.take(id); }

  SlotMap<Chain> chains_;
};

}  // namespace gw::auth
