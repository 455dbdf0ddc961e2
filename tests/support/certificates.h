// SPDX-License-Identifier: Apache-2.0
// A certificate authority of a test, and what it issues, as PEM files in a scratch folder.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

#include "net/options.h"
#include "support/scratch_dir.h"
#include "support/wire.h"

namespace gw::test {

struct CertificateSpec {
  std::string names = "DNS:localhost,IP:127.0.0.1";  // as subjectAltName has them
  long begins_in = -3600;                            // seconds from now
  long ends_in = 86400;
};

class Authority {
 public:
  Authority(const ScratchDir& folder, const std::string& name) : folder_(folder), name_(name) {
    key_.reset(EVP_EC_gen("P-256"));
    certificate_ = make({.names = ""}, name, key_.get(), nullptr);
    write_certificate(ca_file());
  }

  std::string ca_file() const { return folder_ / (name_ + ".ca.pem"); }

  net::CertificateFiles issue(const std::string& name, const CertificateSpec& spec = {}) {
    const std::unique_ptr<EVP_PKEY, Free> key(EVP_EC_gen("P-256"));
    const auto certificate = make(spec, name, key.get(), certificate_.get());
    const net::CertificateFiles files{folder_ / (name + ".crt"), folder_ / (name + ".key"), {}};
    const File out(std::fopen(files.certificate.c_str(), "w"));
    EXPECT_EQ(PEM_write_X509(out.get(), certificate.get()), 1);
    const File key_out(std::fopen(files.key.c_str(), "w"));
    EXPECT_EQ(PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
    return files;
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using X509Ptr = std::unique_ptr<X509, Free>;
  using File = std::unique_ptr<std::FILE, Free>;

  // Its own issuer without one.
  X509Ptr make(const CertificateSpec& spec, const std::string& name, EVP_PKEY* key, X509* issuer) {
    X509Ptr made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), spec.begins_in);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), spec.ends_in);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer != nullptr ? issuer : made.get()));
    X509_set_pubkey(made.get(), key);
    add(made.get(), NID_basic_constraints, issuer != nullptr ? "CA:FALSE" : "critical,CA:TRUE");
    if (!spec.names.empty()) add(made.get(), NID_subject_alt_name, spec.names);
    EXPECT_NE(X509_sign(made.get(), key_.get(), EVP_sha256()), 0);
    return made;
  }

  static void add(X509* certificate, int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    ASSERT_NE(extension, nullptr) << value;
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  void write_certificate(const std::string& path) const {
    const File out(std::fopen(path.c_str(), "w"));
    EXPECT_EQ(PEM_write_X509(out.get(), certificate_.get()), 1);
  }

  const ScratchDir& folder_;
  const std::string name_;
  long serial_ = 0;
  std::unique_ptr<EVP_PKEY, Free> key_;
  X509Ptr certificate_;
};

// For the test's own ends of TLS connections.
inline SslContext client_context() {
  return {SSL_CTX_new(TLS_client_method()), FreeSsl()};
}

inline SslContext server_context(const net::CertificateFiles& files) {
  SslContext context(SSL_CTX_new(TLS_server_method()), FreeSsl());
  EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM), 1);
  return context;
}

}  // namespace gw::test
