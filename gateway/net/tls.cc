// SPDX-License-Identifier: Apache-2.0
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

#include "net/address.h"
#include "net/tls_common.h"
#include "net/tls_stream.h"

namespace gw::net {

Result<std::shared_ptr<const ClientTls>, std::string> ClientTls::make(const ClientTlsOptions& options,
                                                                      std::string_view alpn) {
  std::shared_ptr<ClientTls> made(new ClientTls());
  made->context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX* context = made->context_;
  set_common_options(context, TlsVersion::tls12);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  ERR_clear_error();
  if (options.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_locations(context, options.ca.c_str(), nullptr) != 1) {
    return options.ca + ": not a PEM file of certificates: " + openssl_reason();
  }
  if (!options.certificate.empty()) {
    if (auto used = use_certificate(context, options.certificate, options.key); !used)
      return std::move(used.error());
  }
  if (!alpn.empty()) {
    const std::string protocols = static_cast<char>(alpn.size()) + std::string(alpn);
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned>(protocols.size()));
  }
  return std::shared_ptr<const ClientTls>(std::move(made));
}

ClientTls::~ClientTls() {
  SSL_CTX_free(context_);
}

std::unique_ptr<Stream> ClientTls::connect(EventLoop& loop, UniqueFd fd, const std::string& host) const {
  SSL* ssl = SSL_new(context_);
  SSL_set_connect_state(ssl);
  if (Address::parse(host, 0)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
  } else {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl, host.c_str());
    SSL_set_tlsext_host_name(ssl, host.c_str());
  }
  return std::make_unique<TlsStream>(loop, std::move(fd), ssl);
}

}  // namespace gw::net
