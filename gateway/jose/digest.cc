// SPDX-License-Identifier: Apache-2.0
// OpenSSL 3 deprecates these functions in favour of EVP, which costs 0.8 us more a token (contexts are
// allocated and looked up for each message). They are the same compression functions.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "jose/digest.h"

#include <algorithm>

#include "base/secret.h"

namespace gw::jose {
namespace {

void begin(Hash hash, std::variant<SHA256_CTX, SHA512_CTX>& state) {
  if (hash == Hash::sha256)
    SHA256_Init(&state.emplace<SHA256_CTX>());
  else if (hash == Hash::sha384)
    SHA384_Init(&state.emplace<SHA512_CTX>());
  else
    SHA512_Init(&state.emplace<SHA512_CTX>());
}

void update(SHA256_CTX& state, std::string_view text) {
  SHA256_Update(&state, text.data(), text.size());
}
void update(SHA512_CTX& state, std::string_view text) {
  SHA512_Update(&state, text.data(), text.size());
}

// SHA512_Final also ends SHA-384: the state knows how many bytes to give.
void finish(SHA256_CTX& state, Digest& out) {
  SHA256_Final(out.bytes.data(), &state);
}
void finish(SHA512_CTX& state, Digest& out) {
  SHA512_Final(out.bytes.data(), &state);
}

template <class Context>
Digest hmac(Context inner, Context outer, std::size_t size, std::string_view text) {
  Digest result{.bytes = {}, .size = size};
  update(inner, text);
  finish(inner, result);
  update(outer, result.view());
  finish(outer, result);
  return result;
}

}  // namespace

Hash hash_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::hs384:
    case Algorithm::rs384:
    case Algorithm::ps384:
    case Algorithm::es384:
      return Hash::sha384;
    case Algorithm::hs512:
    case Algorithm::rs512:
    case Algorithm::ps512:
    case Algorithm::es512:
      return Hash::sha512;
    default:
      return Hash::sha256;
  }
}

std::size_t size_of(Hash hash) {
  switch (hash) {
    case Hash::sha256:
      return SHA256_DIGEST_LENGTH;
    case Hash::sha384:
      return SHA384_DIGEST_LENGTH;
    case Hash::sha512:
      break;
  }
  return SHA512_DIGEST_LENGTH;
}

Digest digest(Hash hash, std::string_view text) {
  std::variant<SHA256_CTX, SHA512_CTX> state;
  begin(hash, state);
  Digest result{.bytes = {}, .size = size_of(hash)};
  std::visit(
      [&](auto& context) {
        update(context, text);
        finish(context, result);
      },
      state);
  return result;
}

Hmac::Hmac(Hash hash, std::string_view key) : hash_(hash) {
  std::array<char, SHA512_CBLOCK> pad{};
  const std::size_t block = hash == Hash::sha256 ? SHA256_CBLOCK : SHA512_CBLOCK;
  Digest shortened;
  if (key.size() > block) {
    shortened = digest(hash, key);
    key = shortened.view();
  }
  std::copy(key.begin(), key.end(), pad.begin());
  const auto absorb = [&](State& state, char mask) {
    begin(hash, state);
    for (char& c : pad) c = static_cast<char>(c ^ mask);
    std::visit([&](auto& context) { update(context, {pad.data(), block}); }, state);
    for (char& c : pad) c = static_cast<char>(c ^ mask);
  };
  absorb(inner_, 0x36);
  absorb(outer_, 0x5c);
  wipe(pad.data(), pad.size());
  wipe(shortened.bytes.data(), shortened.bytes.size());
}

Hmac::~Hmac() {
  for (State* state : {&inner_, &outer_})
    std::visit([](auto& context) { wipe(&context, sizeof context); }, *state);
}

Digest Hmac::compute(std::string_view text) const {
  const std::size_t size = size_of(hash_);
  if (hash_ == Hash::sha256)
    return hmac(*std::get_if<SHA256_CTX>(&inner_), *std::get_if<SHA256_CTX>(&outer_), size, text);
  return hmac(*std::get_if<SHA512_CTX>(&inner_), *std::get_if<SHA512_CTX>(&outer_), size, text);
}

}  // namespace gw::jose
