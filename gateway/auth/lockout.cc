// SPDX-License-Identifier: Apache-2.0
#include "auth/lockout.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/base64url.h"
#include "jose/digest.h"

namespace gw::auth {
namespace {

// Of one spelling per name for ASCII. Other letters need no folding here: what a backend takes for the same
// name has one account, and so one counter.
std::string fold(std::string_view username) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const std::size_t first = username.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  std::string folded(username.substr(first, username.find_last_not_of(kBlanks) - first + 1));
  std::transform(folded.begin(), folded.end(), folded.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return folded;
}

std::string key_of_account(const Lockout::Attempt& attempt) {
  if (attempt.subject) return "account:" + *attempt.subject;
  // Hashed: what is typed as a name is now and then a password, and of any length.
  return "name:" + base64url_encode(jose::digest(jose::Hash::sha256, fold(attempt.username)).view());
}

// Locks that follow each other double, up to this.
constexpr Duration kLongestLock = 24h;

std::string key_of_pair(const std::string& subject, const std::string& address) {
  return "known:" + address + ":" + subject;
}

}  // namespace

Lockout::Lockout(net::EventLoop& loop, store::Store& store, const LockoutOptions& options)
    : loop_(loop), store_(store), policy_{options.failures, options.within, options.lock, kLongestLock} {}

net::Operation Lockout::reserve(Attempt attempt, WallSeconds now, store::Done<Reservation> done) {
  const auto id = reservations_.begin(std::move(done));
  std::string address = format_lockout_address(attempt.address);
  std::vector<std::string> strangers{key_of_account(attempt), "address:" + format_network(attempt.address)};
  // Of nobody it is asked, too: the clock must not tell who has an account.
  std::string subject = attempt.subject.value_or(std::string());
  std::vector<std::string> own = strangers;
  if (attempt.subject) own = {key_of_pair(subject, address)};
  auto choose = [this, id, now, strangers = std::move(strangers),
                 own = std::move(own)](Result<bool> known) mutable {
    if (!known) return reservations_.finish(id, std::move(known.error()));
    reserve_on(id, *known ? std::move(own) : std::move(strangers), now);
  };
  reservations_.wait_for(
      id, store_.knows_address(loop_, std::move(subject), std::move(address), now, std::move(choose)));
  return reservations_.operation_of(id);
}

net::Operation Lockout::succeed(Reservation reservation, std::string subject, const net::Address& address,
                                WallSeconds now, store::Done<std::monostate> done) {
  const auto id = successes_.begin(std::move(done));
  std::vector<std::string> keys = reservation.turn.keys();
  auto remember = [this, id, now, subject = std::move(subject), address = format_lockout_address(address),
                   turn = std::move(reservation.turn)](Result<std::monostate> cleared) mutable {
    if (!cleared) return successes_.finish(id, std::move(cleared.error()));
    turn.succeed();
    turn.end();
    successes_.wait_for(id, store_.remember_address(loop_, std::move(subject), std::move(address), now,
                                                    [this, id](Result<std::monostate> remembered) {
                                                      successes_.finish(id, std::move(remembered));
                                                    }));
  };
  successes_.wait_for(id, store_.clear_attempts(loop_, std::move(keys), std::move(remember)));
  return successes_.operation_of(id);
}

void Lockout::reserve_on(Pending<Reservation>::Id id, std::vector<std::string> keys, WallSeconds now) {
  auto turn = store::Turnstile::begin(store_.turnstile(), keys);
  auto reserved = [this, id, now, turn = std::move(turn)](Result<store::Attempt> attempt) mutable {
    if (!attempt) return reservations_.finish(id, std::move(attempt.error()));
    if (attempt->allowed) return reservations_.finish(id, Reservation{true, Duration{0}, std::move(turn)});
    auto told = [this, id, now, keys = turn.keys(),
                 retry_after = attempt->retry_after](store::Turnstile::Outcome outcome) mutable {
      if (outcome == store::Turnstile::Outcome::changed) return reserve_on(id, std::move(keys), now);
      reservations_.finish(id, Reservation{false, retry_after, {}});
    };
    reservations_.wait_for(
        id, store::Turnstile::wait(loop_, std::move(turn), std::move(attempt->locked), std::move(told)));
  };
  reservations_.wait_for(id,
                         store_.reserve_attempt(loop_, std::move(keys), policy_, now, std::move(reserved)));
}

std::string format_lockout_address(const net::Address& address) {
  const std::string ip = address.ip();
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  if (::inet_pton(AF_INET6, ip.c_str(), bytes.data()) != 1) return ip;  // IPv4, also when mapped
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  return std::string(text.data()) + "/64";
}

std::string format_network(const net::Address& address) {
  std::string text = format_lockout_address(address);
  const std::size_t last_dot = text.rfind('.');
  if (address.family() == AF_UNSPEC || text.find(':') != std::string::npos || last_dot == std::string::npos)
    return text;
  return text.substr(0, last_dot) + ".0/24";
}

}  // namespace gw::auth
