// SPDX-License-Identifier: Apache-2.0
#include "auth/dpop.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>

#include "base/base64url.h"
#include "base/json.h"
#include "base/secret.h"
#include "http/path.h"
#include "jose/digest.h"
#include "jose/jwk.h"
#include "jose/jws.h"
#include "jose/token.h"

namespace gw::auth {
namespace {

constexpr std::size_t kMaxProofBytes = 8 * 1024;
constexpr std::size_t kMaxIdBytes = 256;
// Of RSA with 4096 bits: anybody may send a key whose signatures take this thread milliseconds to verify.
constexpr std::size_t kMaxSignatureBytes = 512;
constexpr json::Limits kProofLimits{.bytes = kMaxProofBytes, .depth = 8, .values = 256};
constexpr std::array kPrivateMembers{"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

std::optional<json::Value> parse_object(std::string_view text) {
  auto value = json::parse(text, kProofLimits);
  return value && value->as_object() != nullptr ? std::optional(std::move(*value)) : std::nullopt;
}

std::string text_of(const json::Value& object, std::string_view name) {
  const json::Value* member = object.find(name);
  return member == nullptr || member->as_string() == nullptr ? std::string() : *member->as_string();
}

struct HtuParts {
  std::string scheme, authority, path;
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

std::string normal_authority(std::string_view scheme, std::string_view authority) {
  std::string out(authority);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  if (out.ends_with(port)) out.resize(out.size() - port.size());
  return out;
}

// Section 4.3 point 9: without query and fragment, after normalisation.
std::optional<HtuParts> split_htu(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  HtuParts parts;
  parts.scheme = url.substr(0, colon);
  std::transform(parts.scheme.begin(), parts.scheme.end(), parts.scheme.begin(), lower);
  url.remove_prefix(colon + 3);
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t slash = std::min(url.find('/'), url.size());
  parts.authority = normal_authority(parts.scheme, url.substr(0, slash));
  if (parts.authority.empty()) return std::nullopt;
  const std::string path = slash == url.size() ? "/" : std::string(url.substr(slash));
  std::string scratch;
  const auto target = http::normalise_target(path, scratch);
  if (!target) return std::nullopt;
  parts.path = target->path;
  return parts;
}

std::string_view find_request_flaw(const DpopProof& proof, const DpopContext& context) {
  if (proof.method != context.method) return "the proof is for another method";
  const auto url = split_htu(proof.url);
  if (!url || url->scheme != context.scheme || url->path != context.path ||
      url->authority != normal_authority(context.scheme, context.authority))
    return "the proof is for another URL";
  if (proof.issued_at < context.now - kDpopMaxAge || proof.issued_at > context.now + kDpopMaxAhead)
    return "the proof is too old, or of the future";
  return {};
}

}  // namespace

Result<DpopProof, std::string_view> read_dpop_proof(std::string_view text) {
  using Refused = std::string_view;
  if (text.size() > kMaxProofBytes) return Refused("the proof is too long");
  const auto parts = jose::split_token(text);
  if (!parts) return Refused("the proof does not have three parts");
  const auto header = jose::parse_header(parts->header);
  const auto header_text = base64url_decode(parts->header);
  const auto members = header_text ? parse_object(*header_text) : std::nullopt;
  if (!header || !members) return Refused("the proof's header cannot be taken");
  if (header->type != "dpop+jwt") return Refused("the proof's `typ` is not dpop+jwt");
  if (!header->algorithm || jose::is_symmetric(*header->algorithm))
    return Refused("the proof's `alg` is not that of a public key");
  const json::Value* jwk = members->find("jwk");
  if (jwk == nullptr || jwk->as_object() == nullptr) return Refused("the proof has no `jwk`");
  for (const char* name : kPrivateMembers)
    if (jwk->find(name) != nullptr) return Refused("the proof's `jwk` has a private member");
  const auto key = jose::parse_jwk(*jwk, {.wanted = {*header->algorithm}});
  if (!key) return Refused("the proof's `jwk` is no key for its `alg`");
  const auto signature = base64url_decode(parts->signature);
  const auto payload = base64url_decode(parts->payload);
  if (!signature || !payload) return Refused("the proof's claims cannot be read");
  if (signature->size() > kMaxSignatureBytes) return Refused("the proof's key is longer than 4096 bits");
  if (!jose::Verifier(*key, *header->algorithm).verify(parts->signing_input, *signature))
    return Refused("the proof's signature is not that of its key");
  auto proof = read_dpop_claims(*payload);
  if (proof) proof->thumbprint = jose::thumbprint(*key);
  return proof;
}

Result<DpopProof, std::string_view> read_dpop_claims(std::string_view payload) {
  using Refused = std::string_view;
  const auto claims = parse_object(payload);
  if (!claims) return Refused("the proof's claims cannot be read");
  for (const char* name : {"htm", "htu", "ath", "nonce"})
    if (const json::Value* member = claims->find(name); member != nullptr && member->as_string() == nullptr)
      return Refused("a claim of the proof is of another kind than it must be");
  DpopProof proof;
  proof.id = text_of(*claims, "jti");
  proof.method = text_of(*claims, "htm");
  proof.url = text_of(*claims, "htu");
  proof.token_hash = text_of(*claims, "ath");
  proof.nonce = text_of(*claims, "nonce");
  const json::Value* issued_at = claims->find("iat");
  if (proof.id.empty() || proof.id.size() > kMaxIdBytes || issued_at == nullptr ||
      issued_at->as_int() == nullptr)
    return Refused("the proof has no `jti` or `iat` that can be taken");
  proof.issued_at = *issued_at->as_int();
  return proof;
}

std::string_view check_dpop_proof(const DpopProof& proof, const DpopContext& context) {
  if (const std::string_view flaw = find_request_flaw(proof, context); !flaw.empty()) return flaw;
  const std::string hash = base64url_encode(jose::digest(jose::Hash::sha256, context.token).view());
  if (!equal_in_constant_time(proof.token_hash, hash)) return "the proof is for another token";
  if (proof.thumbprint != context.thumbprint) return "the proof is of another key than the token's";
  return {};
}

std::string_view check_dpop_proof_alone(const DpopProof& proof, const DpopContext& context) {
  if (const std::string_view flaw = find_request_flaw(proof, context); !flaw.empty()) return flaw;
  return proof.token_hash.empty() ? "" : "the proof is for a token, and comes without one";
}

DpopReplays::DpopReplays(std::size_t places)
    : sets_(std::bit_ceil(std::max(places, kWays)) / kWays),
      places_(std::make_unique<std::atomic<std::uint64_t>[]>(sets_ * kWays)) {}

DpopReplays& DpopReplays::of_process() {
  static DpopReplays replays;
  return replays;
}

// A place holds 48 bits of the hash and, in seconds modulo 2^16, the end of its life: within the table's 18
// hours of reach. 0 is free.
bool DpopReplays::is_new(const DpopProof& proof, WallSeconds now) {
  std::string name = proof.thumbprint;
  name += ' ';
  name += proof.id;
  const jose::Digest hashed = jose::digest(jose::Hash::sha256, name);
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), hashed.bytes.data(), sizeof words);
  const auto end_of = [](WallSeconds at) { return static_cast<std::uint16_t>(at & 0xFFFF); };
  const std::uint64_t tag = words[0] | std::uint64_t{1} << 63;
  const std::uint64_t mine = (tag & ~std::uint64_t{0xFFFF}) | end_of(proof.issued_at + kDpopMaxAge + 1);
  const auto is_over = [&](std::uint64_t place) {
    const auto left = static_cast<std::int16_t>((place & 0xFFFF) - end_of(now));
    return place == 0 || left < 0 || left > kDpopMaxAge + kDpopMaxAhead + 1;
  };
  const auto is_mine = [&](std::uint64_t place) { return (place >> 16) == (mine >> 16) && !is_over(place); };

  std::atomic<std::uint64_t>* const set = &places_[(words[1] & (sets_ - 1)) * kWays];
  for (std::size_t i = 0; i < kWays; ++i)
    if (is_mine(set[i].load())) return false;
  for (std::size_t taken = 0; taken < kWays; ++taken) {
    std::uint64_t seen = set[taken].load();
    if (!is_over(seen) || !set[taken].compare_exchange_strong(seen, mine)) continue;
    // Another thread may have brought it meanwhile: then neither has it: no client sends one twice.
    for (std::size_t i = 0; i < kWays; ++i)
      if (i != taken && is_mine(set[i].load())) return false;
    return true;
  }
  return false;
}

}  // namespace gw::auth
