// SPDX-License-Identifier: Apache-2.0
#include "jose/pem.h"

#include <openssl/pem.h>

#include <cstring>

#include "jose/evp.h"

namespace gw::jose {
namespace {

// An encrypted key is refused instead of asking on the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

int give_passphrase(char* room, int size, int, void* passphrase) {
  const std::string_view text = static_cast<const SecretString*>(passphrase)->reveal();
  if (text.empty() || text.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(room, text.data(), text.size());
  return static_cast<int>(text.size());
}

BioOwner read_from(std::string_view text) {
  return BioOwner(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

constexpr std::string_view kBegin = "-----BEGIN ";

// The blocks one by one, so that one that cannot be read does not hide those after it.
std::vector<std::string_view> split_blocks(std::string_view text) {
  std::vector<std::string_view> blocks;
  for (std::size_t at = text.find(kBegin); at != std::string_view::npos;) {
    const std::size_t next = text.find(kBegin, at + kBegin.size());
    blocks.push_back(text.substr(at, next == std::string_view::npos ? next : next - at));
    at = next;
  }
  return blocks;
}

EvpKey public_part_of(EvpKeyOwner key) {
  // Out through SubjectPublicKeyInfo and in again: nothing private stays with a key that only verifies.
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  if (size <= 0) return nullptr;
  const unsigned char* at = der;
  EVP_PKEY* made = d2i_PUBKEY(nullptr, &at, size);
  OPENSSL_free(der);
  return made == nullptr ? nullptr : EvpKey(made, EVP_PKEY_free);
}

EvpKey read_block(std::string_view block) {
  const BioOwner bio = read_from(block);
  if (!bio) return nullptr;
  if (block.starts_with("-----BEGIN CERTIFICATE-----")) {
    const X509Owner certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    EVP_PKEY* key = certificate ? X509_get_pubkey(certificate.get()) : nullptr;
    return key == nullptr ? nullptr : EvpKey(key, EVP_PKEY_free);
  }
  if (block.substr(0, block.find('\n')).find("PRIVATE KEY") != std::string_view::npos) {
    EvpKeyOwner key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    return key ? public_part_of(std::move(key)) : nullptr;
  }
  EVP_PKEY* key = PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr);
  return key == nullptr ? nullptr : EvpKey(key, EVP_PKEY_free);
}

}  // namespace

Result<KeySet, std::string> parse_public_pem(std::string_view text, AlgorithmSet wanted) {
  const CleanErrors clean;
  KeySet set;
  const auto blocks = split_blocks(text);
  if (blocks.empty()) return std::string("it has no PEM block");
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::string place = "PEM block " + std::to_string(i + 1) + " is left out: ";
    EvpKey material = read_block(blocks[i]);
    if (!material) {
      set.warnings.push_back(place + "it is no public key or certificate that can be read");
      continue;
    }
    auto key = Key::from_evp(std::move(material), wanted);
    if (key)
      set.keys.push_back(std::move(*key));
    else
      set.warnings.push_back(place + key.error());
  }
  return set;
}

Result<KeySet, std::string> parse_key_file(std::string_view text, const JwkRules& rules) {
  if (text.find(kBegin) != std::string_view::npos) return parse_public_pem(text, rules.wanted);
  return parse_jwk_set(text, rules);
}

Result<Key, std::string> parse_private_pem(std::string_view text, AlgorithmSet wanted,
                                           const SecretString& passphrase) {
  const CleanErrors clean;
  const BioOwner bio = read_from(text);
  EVP_PKEY* read = bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase,
                                                 const_cast<SecretString*>(&passphrase))
                       : nullptr;
  const bool is_encrypted = text.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string_view::npos;
  if (read == nullptr && is_encrypted)
    return std::string(passphrase.empty()
                           ? "it is an encrypted private key, and there is no passphrase for it"
                           : "it is an encrypted private key of another passphrase");
  if (read == nullptr) return std::string("it is no private key that can be read");
  return Key::from_evp(EvpKey(read, EVP_PKEY_free), wanted);
}

Result<SecretString, std::string> format_private_pem(const Key& key, const SecretString& passphrase) {
  const CleanErrors clean;
  const BioOwner bio(BIO_new(BIO_s_secmem()));
  const EVP_CIPHER* cipher = passphrase.empty() ? nullptr : EVP_aes_256_cbc();
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key.material().get(), cipher, nullptr, 0,
                                            give_passphrase, const_cast<SecretString*>(&passphrase)) != 1)
    return std::string("the private key cannot be written");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return SecretString(std::string(data, static_cast<std::size_t>(size)));
}

}  // namespace gw::jose
