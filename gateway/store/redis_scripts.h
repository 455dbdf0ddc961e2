// SPDX-License-Identifier: Apache-2.0
// What happens inside Redis, at once and undivided: scripts, called by their hash and sent whole only to a
// server that does not know them. Every key begins with `{gw}:`, so that all are in one slot of a cluster and
// one pattern of an ACL. A script's first write is one that a full Redis refuses: then nothing has been done.
//
//   secret         what indexes and derived keys come from, sealed; made by the first replica
//   f:FAMILY       b sealed family, g generation, r revoked, c created, x expires, u used, s subject, v its
//                  revocation, sealed
//   t:HASH         the family (16 bytes) and generation of a refresh token
//   s:SUBJECT      its families, by their end         e:SUBJECT, e   older families are revoked
//   rv, rx, rs     revocations by id, by their end, and as a stream
//   a:ID, l:ID     attempts and locks                 k:SUBJECT      of it at its addresses
//   ad:SUBJECT     its addresses
//   rK:ID, riK, roK:OWNER   records of kind K, all of them, and an owner's
//   o:ID           what happens once                  ld:NAME        who leads
//   rl:ID, rd:ID   rates and quotas
// Ids are 16 bytes of a keyed hash.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gw::store {

inline constexpr std::string_view kRedisPrefix = "{gw}:";

class RedisScript {
 public:
  enum class Use : std::uint8_t { reads, writes };
  RedisScript(std::string_view body, Use use);
  bool writes() const { return use_ == Use::writes; }
  const std::string& body() const { return body_; }
  const std::string& sha() const { return sha_; }

 private:
  std::string body_;
  std::string sha_;
  Use use_;
};

struct RedisScripts {
  static const RedisScripts& all();

  RedisScript open_family, restore_family, rotate, find_family, list_families, revoke, reserve_attempt,
      clear_attempts, remember_address, unlock, put_record, take_record, list_records, swap_record, lead,
      lease;
};

}  // namespace gw::store
