// SPDX-License-Identifier: Apache-2.0
// What stands in Redis, and what it means: names become ids, contents are sealed for their place, replies
// become values. Nothing that fails to open is believed. THREAD: immutable.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/resp.h"
#include "store/sealer.h"
#include "store/store.h"

namespace gw::store {

class RedisCodec {
 public:
  // `master`: the secret that all replicas share.
  RedisCodec(const Sealer& sealer, const SecretString& master);

  // 16 bytes; of each kind of name its own.
  std::string id_of(std::string_view kind, std::string_view name) const;
  std::string family_id(std::string_view session) const { return id_of("session", session); }
  std::string subject_id(std::string_view subject) const { return id_of("subject", subject); }
  std::string revocation_id(const Revocation& revocation) const;
  std::string record_id(RecordKind kind, std::string_view key) const;
  std::string digest_of(std::string_view value) const { return id_of("value", value); }

  std::string seal_family(const Family& family) const;
  std::string seal_revocation(const Revocation& revocation) const;
  std::string seal_record(const Record& record) const;

  // `id` as Redis told it; `used_at` stands beside the sealed part.
  Result<Family> open_family(std::string_view id, std::string_view sealed, std::string_view used_at) const;
  // "KIND AT UNTIL ENDS " and the sealed part.
  Result<Revocation> open_revocation(std::string_view id, std::string_view text) const;
  Result<Record> open_record(RecordKind kind, std::string_view id, std::string_view sealed) const;

  // {outcome, id, family, used, id in the stream when it is `reused`}
  Result<Rotation> read_rotation(const resp::Value& reply) const;

 private:
  const Sealer& sealer_;
  const std::string key_;
};

// "KIND AT UNTIL ENDS " of a revocation.
std::optional<Revocation> parse_revocation_head(std::string_view& text);

Error store_error(std::string detail);
Error unexpected_reply();
std::optional<std::int64_t> parse_int(std::string_view text);

}  // namespace gw::store
