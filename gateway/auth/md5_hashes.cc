// SPDX-License-Identifier: Apache-2.0
#include "auth/md5_hashes.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

namespace gw::auth {
namespace {

constexpr std::string_view kAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kMd5Bytes = 16;
using Md5 = std::array<unsigned char, kMd5Bytes>;

class Hash {
 public:
  Hash() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_.get(), EVP_md5(), nullptr); }
  Hash& add(std::string_view text) {
    EVP_DigestUpdate(context_.get(), text.data(), text.size());
    return *this;
  }
  Hash& add(const Md5& bytes, std::size_t count = kMd5Bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), count);
    return *this;
  }
  Md5 end() {
    Md5 digest{};
    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    return digest;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

void append_bits(std::string& out, std::uint32_t bits, int characters) {
  for (; characters > 0; --characters, bits >>= 6) out += kAlphabet[bits & 63];
}

}  // namespace

std::string apr1(std::string_view password, std::string_view salt) {
  constexpr std::string_view kMagic = "$apr1$";
  const Md5 inner = Hash().add(password).add(salt).add(password).end();
  Hash first;
  first.add(password).add(kMagic).add(salt);
  for (std::size_t left = password.size(); left > 0; left -= std::min(left, kMd5Bytes))
    first.add(inner, std::min(left, kMd5Bytes));
  for (std::size_t bits = password.size(); bits != 0; bits >>= 1)
    first.add((bits & 1) != 0 ? std::string_view("\0", 1) : password.substr(0, 1));
  Md5 digest = first.end();

  for (int round = 0; round < 1000; ++round) {
    Hash next;
    (round & 1) != 0 ? next.add(password) : next.add(digest);
    if (round % 3 != 0) next.add(salt);
    if (round % 7 != 0) next.add(password);
    (round & 1) != 0 ? next.add(digest) : next.add(password);
    digest = next.end();
  }

  std::string out = std::string(kMagic) + std::string(salt) + "$";
  constexpr std::size_t kOrder[5][3] = {{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}};
  for (const auto& [high, middle, low] : kOrder)
    append_bits(out, std::uint32_t{digest[high]} << 16 | std::uint32_t{digest[middle]} << 8 | digest[low], 4);
  append_bits(out, digest[11], 2);
  return out;
}

std::optional<std::uint32_t> phpass_cost(char c) {
  const std::size_t at = kAlphabet.find(c);
  return at == std::string_view::npos ? std::nullopt : std::optional(static_cast<std::uint32_t>(at));
}

std::string phpass(std::string_view password, std::string_view head, std::string_view salt,
                   std::uint32_t log2) {
  Md5 digest = Hash().add(salt).add(password).end();
  for (std::uint32_t round = 1u << log2; round != 0; --round) digest = Hash().add(digest).add(password).end();

  std::string out = std::string(head) + std::string(salt);
  for (std::size_t i = 0; i < kMd5Bytes; i += 3) {
    std::uint32_t bits = digest[i];
    if (i + 1 < kMd5Bytes) bits |= std::uint32_t{digest[i + 1]} << 8;
    if (i + 2 < kMd5Bytes) bits |= std::uint32_t{digest[i + 2]} << 16;
    append_bits(out, bits, i + 1 < kMd5Bytes ? 4 : 2);
  }
  return out;
}

}  // namespace gw::auth
