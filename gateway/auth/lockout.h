// SPDX-License-Identifier: Apache-2.0
// Which attempts at a password are let through. An attempt is counted as failed on its counters before the
// password is looked at, so that parallel guesses cannot outrun them; success clears them. There is a counter
// for the account and one for the address. An address from which the account signed in lately has a single
// one of its own instead, so that strangers cannot lock a user out. Good attempts lock nobody out, however
// many come at once: who is held up by others that are under way waits for them. THREAD: one worker's loop;
// answers come there, later, while the Operation lives.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "auth/options.h"
#include "auth/pending.h"
#include "net/address.h"
#include "net/event_loop.h"
#include "store/store.h"

namespace gw::auth {

class Lockout {
 public:
  // Who tries, and from where.
  struct Attempt {
    std::string username;                // as typed
    std::optional<std::string> subject;  // of the account that it names, if there is one
    net::Address address;
  };
  struct Reservation {
    bool allowed = true;
    Duration retry_after{0};      // when not allowed
    store::Turnstile::Turn turn;  // ends with this, as failed unless succeed() takes it
  };

  Lockout(net::EventLoop& loop, store::Store& store, const LockoutOptions& options);

  net::Operation reserve(Attempt attempt, WallSeconds now, store::Done<Reservation> done);
  // The password was right: what was reserved is cleared, and the address known from now on.
  net::Operation succeed(Reservation reservation, std::string subject, const net::Address& address,
                         WallSeconds now, store::Done<std::monostate> done);

 private:
  void reserve_on(Pending<Reservation>::Id id, std::vector<std::string> keys, WallSeconds now);

  net::EventLoop& loop_;
  store::Store& store_;
  const store::LockoutPolicy policy_;
  Pending<Reservation> reservations_;
  Pending<std::monostate> successes_;
};

// Who signs in from there: an IPv4 address itself, the /64 that a host of IPv6 may choose from.
std::string format_lockout_address(const net::Address& address);
// Whose strangers are counted together: the /24 of IPv4, the /64 of IPv6.
std::string format_network(const net::Address& address);

}  // namespace gw::auth
