// SPDX-License-Identifier: Apache-2.0
#include "store/redis_codec.h"

#include <array>
#include <charconv>
#include <utility>

#include "store/packed.h"

namespace gw::store {
namespace {

constexpr std::size_t kIdBytes = 16;

struct OutcomeName {
  std::string_view name;
  RotateOutcome outcome;
};
constexpr std::array kOutcomes{
    OutcomeName{"rotated", RotateOutcome::rotated}, OutcomeName{"repeated", RotateOutcome::repeated},
    OutcomeName{"reused", RotateOutcome::reused},   OutcomeName{"revoked", RotateOutcome::revoked},
    OutcomeName{"expired", RotateOutcome::expired}, OutcomeName{"unknown", RotateOutcome::unknown},
};

Error tampered(std::string_view what) {
  return store_error("a " + std::string(what) +
                     " does not open: it was changed, or its key is not in store.encryption_keys");
}

std::string place_of(std::string_view kind, std::string_view id) {
  return std::string(kind) + ' ' + std::string(id);
}

}  // namespace

Error store_error(std::string detail) {
  return {Fault::store_unavailable, "redis: " + std::move(detail)};
}

Error unexpected_reply() {
  return store_error("an answer of another form than was expected");
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

RedisCodec::RedisCodec(const Sealer& sealer, const SecretString& master)
    : sealer_(sealer), key_(keyed_hash(master.reveal(), "index")) {}

std::string RedisCodec::id_of(std::string_view kind, std::string_view name) const {
  return keyed_hash(key_, pack({kind, name})).substr(0, kIdBytes);
}

std::string RedisCodec::revocation_id(const Revocation& revocation) const {
  // That of a session of no issuer is the id of its family: a script finds one by the other.
  if (revocation.kind == RevokedKind::session && revocation.issuer.empty())
    return family_id(revocation.value);
  return id_of("revocation " + std::to_string(static_cast<int>(revocation.kind)),
               pack({revocation.value, revocation.issuer}));
}

std::string RedisCodec::record_id(RecordKind kind, std::string_view key) const {
  return id_of("record " + std::to_string(static_cast<int>(kind)), key);
}

std::string RedisCodec::seal_family(const Family& family) const {
  const std::string created = std::to_string(family.created_at), expires = std::to_string(family.expires_at);
  return sealer_.seal(pack({family.id, family.subject, family.backend, family.scope, created, expires,
                            family.address, family.client, family.bound_key, family.bound_certificate}),
                      place_of("family", family_id(family.id)));
}

Result<Family> RedisCodec::open_family(std::string_view id, std::string_view sealed,
                                       std::string_view used_at) const {
  const auto text = sealer_.open(sealed, place_of("family", id));
  if (!text) return tampered("session");
  auto parts = unpack(*text, 10);
  if (!parts) return tampered("session");
  const auto created = parse_int((*parts)[4]), expires = parse_int((*parts)[5]), used = parse_int(used_at);
  if (!created || !expires || !used) return unexpected_reply();
  Family family;
  family.id = std::move((*parts)[0]);
  family.subject = std::move((*parts)[1]);
  family.backend = std::move((*parts)[2]);
  family.scope = std::move((*parts)[3]);
  family.created_at = *created;
  family.expires_at = *expires;
  family.address = std::move((*parts)[6]);
  family.client = std::move((*parts)[7]);
  family.used_at = *used;
  family.bound_key = std::move((*parts)[8]);
  family.bound_certificate = std::move((*parts)[9]);
  return family;
}

std::string RedisCodec::seal_revocation(const Revocation& revocation) const {
  const std::string kind = std::to_string(static_cast<int>(revocation.kind));
  return sealer_.seal(pack({kind, revocation.value, revocation.issuer}),
                      place_of("revocation", revocation_id(revocation)));
}

std::optional<Revocation> parse_revocation_head(std::string_view& text) {
  std::array<std::int64_t, 4> numbers{};
  for (std::int64_t& number : numbers) {
    const std::size_t blank = text.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    const auto parsed = parse_int(text.substr(0, blank));
    if (!parsed) return std::nullopt;
    number = *parsed;
    text.remove_prefix(blank + 1);
  }
  if (numbers[0] < 0 || numbers[0] > static_cast<int>(RevokedKind::issuer)) return std::nullopt;
  Revocation revocation;
  revocation.kind = static_cast<RevokedKind>(numbers[0]);
  revocation.at = numbers[1];
  revocation.until = numbers[2];
  revocation.ends_sessions = numbers[3] != 0;
  return revocation;
}

Result<Revocation> RedisCodec::open_revocation(std::string_view id, std::string_view text) const {
  auto revocation = parse_revocation_head(text);
  if (!revocation) return unexpected_reply();
  const auto opened = sealer_.open(text, place_of("revocation", id));
  if (!opened) return tampered("revocation");
  auto parts = unpack(*opened, 3);
  if (!parts || (*parts)[0] != std::to_string(static_cast<int>(revocation->kind)))
    return tampered("revocation");
  revocation->value = std::move((*parts)[1]);
  revocation->issuer = std::move((*parts)[2]);
  return std::move(*revocation);
}

std::string RedisCodec::seal_record(const Record& record) const {
  const std::string until = std::to_string(record.until);
  return sealer_.seal(pack({record.key, record.owner, record.value, until}),
                      place_of("record " + std::to_string(static_cast<int>(record.kind)),
                               record_id(record.kind, record.key)));
}

Result<Record> RedisCodec::open_record(RecordKind kind, std::string_view id, std::string_view sealed) const {
  const auto text = sealer_.open(sealed, place_of("record " + std::to_string(static_cast<int>(kind)), id));
  if (!text) return tampered("record");
  auto parts = unpack(*text, 4);
  const auto until = parts ? parse_int((*parts)[3]) : std::nullopt;
  if (!until) return tampered("record");
  return Record{kind, std::move((*parts)[0]), std::move((*parts)[1]), std::move((*parts)[2]), *until};
}

Result<Rotation> RedisCodec::read_rotation(const resp::Value& reply) const {
  if (reply.list.empty()) return unexpected_reply();
  Rotation rotation;
  for (const OutcomeName& known : kOutcomes) {
    if (known.name != reply.list[0].text) continue;
    rotation.outcome = known.outcome;
    if (known.outcome == RotateOutcome::unknown) return rotation;
    if (reply.list.size() < 4) return unexpected_reply();
    auto family = open_family(reply.list[1].text, reply.list[2].text, reply.list[3].text);
    if (!family) return family.error();
    rotation.family = std::move(*family);
    return rotation;
  }
  return unexpected_reply();
}

}  // namespace gw::store
