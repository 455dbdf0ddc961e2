// SPDX-License-Identifier: Apache-2.0
#include "net/peer_certificate.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <string_view>

#include "base/base64url.h"

namespace gw::net {
namespace {

std::string hex_text(const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

// As RFC 4514 has it, text in UTF-8.
std::string subject_of(X509* certificate) {
  BIO* memory = BIO_new(BIO_s_mem());
  X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(memory, &bytes);
  std::string text(bytes, static_cast<std::size_t>(length));
  BIO_free(memory);
  return text;
}

std::string common_name_of(X509* certificate) {
  const X509_NAME* name = X509_get_subject_name(certificate);
  int last = -1;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0;) last = at;
  if (last < 0) return {};
  unsigned char* bytes = nullptr;
  const int length = ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
  if (length < 0) return {};
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  return text;
}

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  const int length = ASN1_STRING_length(bytes);
  char text[64] = "";
  if (length != 4 && length != 16) return {};
  ::inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text, sizeof text);
  return text;
}

// Empty for what no rule can name, and for text with a NUL: two readers could see two names in it.
std::string name_text(const GENERAL_NAME* name) {
  if (name->type == GEN_IPADD) {
    const std::string address = address_text(name->d.iPAddress);
    return address.empty() ? address : "IP:" + address;
  }
  const char* kind = name->type == GEN_DNS     ? "DNS:"
                     : name->type == GEN_URI   ? "URI:"
                     : name->type == GEN_EMAIL ? "email:"
                                               : nullptr;
  if (kind == nullptr) return {};
  const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.ia5)),
                              static_cast<std::size_t>(ASN1_STRING_length(name->d.ia5)));
  return text.find('\0') == std::string_view::npos ? kind + std::string(text) : std::string();
}

std::vector<std::string> alternative_names_of(X509* certificate) {
  std::vector<std::string> all;
  auto* names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names); ++i)
    if (std::string text = name_text(sk_GENERAL_NAME_value(names, i)); !text.empty())
      all.push_back(std::move(text));
  GENERAL_NAMES_free(names);
  return all;
}

WallSeconds seconds_of(const ASN1_TIME* time, WallSeconds otherwise) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<WallSeconds>(::timegm(&parts)) : otherwise;
}

}  // namespace

PeerCertificate describe_certificate(x509_st* certificate) {
  PeerCertificate facts;
  facts.subject = subject_of(certificate);
  facts.common_name = common_name_of(certificate);
  facts.alternative_names = alternative_names_of(certificate);
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  facts.serial =
      hex_text(ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &length) == 1) {
    facts.fingerprint = hex_text(digest.data(), length);
    facts.thumbprint = base64url_encode({reinterpret_cast<const char*>(digest.data()), length});
  }
  // A time that cannot be read is one that is over.
  facts.begins = seconds_of(X509_get0_notBefore(certificate), WallSeconds{1} << 40);
  facts.ends = seconds_of(X509_get0_notAfter(certificate), 0);
  return facts;
}

}  // namespace gw::net
