// SPDX-License-Identifier: Apache-2.0
// What must outlive a process: refresh-token families, revocations, lockouts, records. SQLite and Redis
// implement it. An acknowledged write is as durable as the store is; a store that cannot answer says
// Fault::store_unavailable. THREAD: every call is made on an event loop and answers there, later, never
// inside the call. The store goes before the loops do, and after what holds its operations.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/callback.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/event_loop.h"
#include "store/turnstile.h"

namespace gw::store {

template <class T>
using Done = Callback<void(Result<T>)>;

// One login: the refresh tokens that follow each other until `expires_at`.
struct Family {
  std::string id;       // `sid` of its access tokens
  std::string subject;  // canonical account id
  std::string backend;  // that knows the account
  std::string scope;
  WallSeconds created_at = 0;
  WallSeconds expires_at = 0;
  std::string address{};    // that it was opened from
  std::string client{};     // what the client said that it is
  WallSeconds used_at = 0;  // the last refresh; 0 before the first
  // What its tokens are bound to: a key (`jkt`), a certificate (`x5t#S256`); empty: nothing.
  std::string bound_key{};
  std::string bound_certificate{};
};

enum class RotateOutcome : std::uint8_t {
  rotated,   // the first use: the successor is now current
  repeated,  // used again within the grace, and the successor not yet: the same successor counts
  reused,    // used again later: the family is revoked now
  revoked,   // the family had been revoked
  expired,   // the family has
  unknown,   // no such token
};
struct Rotation {
  RotateOutcome outcome = RotateOutcome::unknown;
  Family family;  // of a known token
};

// A refresh token at the door. Hashes are 32 bytes (SHA-256 of the token); tokens themselves never come here.
struct Presented {
  std::string hash;
  std::string successor_hash;
  Duration grace{0};             // in which the same token may come again
  WallSeconds access_until = 0;  // when reuse ends the session: its access tokens have expired by then
};

// How long a revocation is kept when nobody knows when the tokens that it covers expire. No token of this
// gateway lives longer than a year.
inline constexpr WallSeconds kLongestMemory = WallSeconds{366} * 24 * 60 * 60;

enum class RevokedKind : std::uint8_t {
  token,    // jti
  session,  // sid
  subject,  // everything of a `sub` issued at or before `at`
  issuer,   // everything of an `iss` issued at or before `at`
};
// Whether it goes by `iat`, so that what is issued later in the second of `at` is covered, too.
constexpr bool covers_a_second(RevokedKind kind) {
  return kind == RevokedKind::subject || kind == RevokedKind::issuer;
}
struct Revocation {
  RevokedKind kind = RevokedKind::token;
  std::string value;
  WallSeconds at = 0;     // when it was revoked
  WallSeconds until = 0;  // the tokens that it covers have expired by then
  // `iss` of the tokens that are meant, so that no issuer's token can revoke another's; empty: of any issuer,
  // and for RevokedKind::issuer, which has it in `value`.
  std::string issuer{};
  bool ends_sessions = true;  // the issuer may be this gateway: sessions of the name end, too
};

using RevocationWatcher = Callback<void(const Revocation&)>;

struct LockoutPolicy {
  unsigned failures = 5;  // 0: no lockout
  Duration within = 15min;
  Duration lock = 15min;
  Duration longest_lock{0};  // each lock that follows another doubles up to this; less than `lock`: none does
};
struct Attempt {
  bool allowed = true;
  Duration retry_after{0};            // when not allowed
  std::vector<std::string> locked{};  // then: of the keys, those that are; empty: not known which
};

// What is kept for others by name: reset tokens, API keys, files that replicas share.
enum class RecordKind : std::uint8_t { reset = 1, api_key = 2, shared_files = 3 };
struct Record {
  RecordKind kind = RecordKind::reset;
  std::string key;        // unique among its kind; of a secret, its hash
  std::string owner;      // canonical account id
  std::string value;      // JSON
  WallSeconds until = 0;  // gone by then
};

// A family with all its tokens, for another store.
struct KeptFamily {
  struct Token {
    std::string hash;
    std::int64_t generation = 0;
  };
  Family family;
  std::int64_t generation = 0;  // of the current token
  bool revoked = false;
  std::vector<Token> tokens{};
};
// What moves to another store. Not there: failed attempts and locks, which begin anew.
struct StoreDump {
  std::vector<KeptFamily> families;
  std::vector<Revocation> revocations;
  std::vector<Record> records;
};

// How long it is known that an account signed in from an address.
inline constexpr WallSeconds kAddressMemory = 30 * 24 * 60 * 60;

class Store {
 public:
  Store() = default;
  virtual ~Store() = default;

  // All that has not expired; and what another dumped, beside what is there. What is there already stays.
  virtual net::Operation dump(net::EventLoop& loop, WallSeconds now, Done<StoreDump> done) = 0;
  virtual net::Operation restore(net::EventLoop& loop, StoreDump dump, WallSeconds now,
                                 Done<std::monostate> done) = 0;

  // A family that is older than a revocation of its subject begins revoked.
  virtual net::Operation open_family(net::EventLoop& loop, Family family, std::string token_hash,
                                     WallSeconds now, Done<std::monostate> done) = 0;
  virtual net::Operation rotate(net::EventLoop& loop, Presented token, WallSeconds now,
                                Done<Rotation> done) = 0;
  // The family of a refresh token: `rotated` when it lives (nothing was), else revoked, expired or unknown.
  virtual net::Operation find_family(net::EventLoop& loop, std::string token_hash, WallSeconds now,
                                     Done<Rotation> done) = 0;
  // Those of an account that live, the latest first; at most 1000.
  virtual net::Operation list_families(net::EventLoop& loop, std::string subject, WallSeconds now,
                                       Done<std::vector<Family>> done) = 0;
  // Ends what the revocation names: later rotate() of its families says `revoked`, and load_revocations() has
  // it.
  virtual net::Operation revoke(net::EventLoop& loop, Revocation revocation, Done<std::monostate> done) = 0;
  // Every revocation from now on, whoever made it (a reused token does, too), before its maker has an answer;
  // one that another process made, within a second. May come more than once.
  // Watch first, then load: nothing falls between. `on_revoked` runs on `loop` while the Operation lives.
  virtual net::Operation watch_revocations(net::EventLoop& loop, RevocationWatcher on_revoked) = 0;
  virtual net::Operation load_revocations(net::EventLoop& loop, WallSeconds now,
                                          Done<std::vector<Revocation>> done) = 0;

  // Lockout: an attempt is reserved (counted as failed) on all keys before the password is hashed; success
  // clears. Whom attempts that are still under way hold up waits at the turnstile.
  const std::shared_ptr<Turnstile>& turnstile() const { return turnstile_; }
  virtual net::Operation reserve_attempt(net::EventLoop& loop, std::vector<std::string> keys,
                                         LockoutPolicy policy, WallSeconds now, Done<Attempt> done) = 0;
  virtual net::Operation clear_attempts(net::EventLoop& loop, std::vector<std::string> keys,
                                        Done<std::monostate> done) = 0;
  // Addresses from which an account signed in within kAddressMemory have counters of their own.
  virtual net::Operation remember_address(net::EventLoop& loop, std::string subject, std::string address,
                                          WallSeconds now, Done<std::monostate> done) = 0;
  virtual net::Operation knows_address(net::EventLoop& loop, std::string subject, std::string address,
                                       WallSeconds now, Done<bool> done) = 0;
  // Every counter and lock of an account, and of it at its addresses.
  virtual net::Operation unlock(net::EventLoop& loop, std::string subject, Done<std::monostate> done) = 0;

  // Adds or replaces.
  virtual net::Operation put_record(net::EventLoop& loop, Record record, WallSeconds now,
                                    Done<std::monostate> done) = 0;
  virtual net::Operation find_record(net::EventLoop& loop, RecordKind kind, std::string key, WallSeconds now,
                                     Done<std::optional<Record>> done) = 0;
  // The same, and it is gone: of several who ask at once, one gets it. The other reset tokens of its owner go
  // with a reset token.
  virtual net::Operation take_record(net::EventLoop& loop, RecordKind kind, std::string key, WallSeconds now,
                                     Done<std::optional<Record>> done) = 0;
  // All of a kind, by key; of one owner unless that is empty.
  virtual net::Operation list_records(net::EventLoop& loop, RecordKind kind, std::string owner,
                                      WallSeconds now, Done<std::vector<Record>> done) = 0;

 protected:
  // Of a store before another one: their attempts are the same.
  explicit Store(std::shared_ptr<Turnstile> turnstile) : turnstile_(std::move(turnstile)) {}

 private:
  const std::shared_ptr<Turnstile> turnstile_ = std::make_shared<Turnstile>();
};

}  // namespace gw::store
