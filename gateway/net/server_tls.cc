// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <optional>

#include "net/peer_certificate.h"
#include "net/tls.h"
#include "net/tls_common.h"
#include "net/tls_stream.h"

namespace gw::net {
namespace {

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  auto* alternatives =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; alternatives != nullptr && i < sk_GENERAL_NAME_num(alternatives); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives, i);
    if (name->type != GEN_DNS) continue;
    const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                                static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    if (text.find('\0') == std::string_view::npos) names.push_back(lower_name(text));
  }
  GENERAL_NAMES_free(alternatives);
  return names;
}

// The host name of a ClientHello's server_name extension (RFC 6066 3); empty without one. What is malformed
// is left to OpenSSL, which answers with an alert.
std::string read_server_name(SSL* ssl) {
  const unsigned char* bytes = nullptr;
  std::size_t length = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &length) != 1 || length < 5) return {};
  const std::size_t size = static_cast<std::size_t>(bytes[3]) << 8 | bytes[4];
  if (bytes[2] != TLSEXT_NAMETYPE_host_name || size + 5 != length) return {};
  std::string name(reinterpret_cast<const char*>(bytes + 5), size);
  if (name.find('\0') != std::string::npos) return {};
  if (name.ends_with('.')) name.pop_back();
  return lower_name(name);
}

using Digest = std::array<unsigned char, 32>;  // SHA-256

class Hasher {
 public:
  Hasher() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_, EVP_sha256(), nullptr); }
  ~Hasher() { EVP_MD_CTX_free(context_); }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  // With its length, so that two parts never run into each other.
  void add(const void* bytes, std::size_t size) {
    EVP_DigestUpdate(context_, &size, sizeof size);
    EVP_DigestUpdate(context_, bytes, size);
  }
  Digest finish() {
    Digest digest{};
    EVP_DigestFinal_ex(context_, digest.data(), nullptr);
    return digest;
  }

 private:
  EVP_MD_CTX* context_;
};

void add_certificate(Hasher& hasher, X509* certificate) {
  Digest digest{};
  unsigned length = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &length);
  hasher.add(digest.data(), digest.size());
}

// What clients are asked to show, on one context.
Result<void, std::string> ask_for_certificates(SSL_CTX* context, const ServerTlsOptions& options) {
  ERR_clear_error();
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(options.client_ca.c_str());
  if (names == nullptr || SSL_CTX_load_verify_locations(context, options.client_ca.c_str(), nullptr) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return options.client_ca + ": not a PEM file of certificates: " + openssl_reason();
  }
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_verify(
      context, SSL_VERIFY_PEER | (options.client_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  return {};
}

// Who may be believed decides what a session is worth: another set of authorities is another session.
std::string digest_of_authorities(SSL_CTX* context, const ServerTlsOptions& options) {
  Hasher hasher;
  hasher.add(&options.client_required, 1);
  if (!options.client_ca.empty()) {
    STACK_OF(X509_OBJECT)* all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
    for (int i = 0; i < sk_X509_OBJECT_num(all); ++i)
      if (X509* authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i)))
        add_certificate(hasher, authority);
  }
  const Digest digest = hasher.finish();
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

Result<std::shared_ptr<const ServerTls>, std::string> ServerTls::make(const ServerTlsOptions& options,
                                                                      std::vector<std::string> alpn) {
  std::shared_ptr<ServerTls> made(new ServerTls());
  for (const std::string& protocol : alpn) {
    made->alpn_ += static_cast<char>(protocol.size());
    made->alpn_ += protocol;
  }
  made->asks_ = !options.client_ca.empty();
  made->demands_ = made->asks_ && options.client_required;
  made->certificates_.reserve(options.certificates.size());  // contexts point to their staples
  for (const CertificateFiles& files : options.certificates)
    if (auto added = made->add(files, options); !added) return std::move(added.error());
  return std::shared_ptr<const ServerTls>(std::move(made));
}

ServerTls::~ServerTls() {
  for (const Certificate& certificate : certificates_) SSL_CTX_free(certificate.context);
}

Result<void, std::string> ServerTls::add(const CertificateFiles& files, const ServerTlsOptions& options) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  Certificate& added = certificates_.emplace_back();
  added.context = context;
  set_common_options(context, options.min_version);
  // Clients often leave without close_notify. Not so with upstreams: there it would hide a truncated answer.
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Stateless tickets only; one a connection, as each costs a tenth of a handshake. TlsStream says when.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  use_ticket_keys(context);
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_mode(context,
                   SSL_MODE_NO_AUTO_CHAIN);  // what the file has is shown, and no search at each handshake
  if (auto used = use_certificate(context, files.certificate, files.key); !used) return used;
  if (asks_)
    if (auto asked = ask_for_certificates(context, options); !asked) return asked;
  X509* certificate = SSL_CTX_get0_certificate(context);
  added.names = names_of(certificate);
  added.file = files.certificate;
  added.ends = describe_certificate(certificate).ends;
  Hasher hasher;
  add_certificate(hasher, certificate);
  const std::string authorities = digest_of_authorities(context, options);
  hasher.add(authorities.data(), authorities.size());
  const Digest identity = hasher.finish();
  added.identity.assign(reinterpret_cast<const char*>(identity.data()), identity.size());
  if (!files.ocsp.empty()) {
    auto staple = OcspStaple::read(files.ocsp, context);
    if (!staple) return std::move(staple.error());
    added.staple = std::move(*staple);
    use_staple(context, added.staple);
  }
  set_callbacks(context);
  return {};
}

std::vector<std::pair<std::string, WallSeconds>> ServerTls::ends() const {
  std::vector<std::pair<std::string, WallSeconds>> all;
  for (const Certificate& certificate : certificates_) all.emplace_back(certificate.file, certificate.ends);
  return all;
}

void ServerTls::set_callbacks(ssl_ctx_st* context) {
  SSL_CTX_set_client_hello_cb(
      context, +[](SSL* ssl, int* alert, void* self) { return on_client_hello(ssl, alert, self); }, this);
  // The name has been dealt with; this only acknowledges it.
  SSL_CTX_set_tlsext_servername_callback(
      context, +[](SSL* ssl, int*, void*) {
        return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) != nullptr ? SSL_TLSEXT_ERR_OK
                                                                             : SSL_TLSEXT_ERR_NOACK;
      });
  SSL_CTX_set_alpn_select_cb(
      context,
      +[](SSL* ssl, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
          unsigned in_length, void* self) { return on_alpn(ssl, out, out_length, in, in_length, self); },
      this);
}

std::unique_ptr<Stream> ServerTls::accept(EventLoop& loop, UniqueFd fd, const TicketKeys& tickets) const {
  SSL* ssl = SSL_new(certificates_.front().context);
  SSL_set_accept_state(ssl);
  return std::make_unique<TlsStream>(loop, std::move(fd), ssl, shared_from_this(), tickets);
}

// An unknown name gets the first certificate, as from nginx and HAProxy; the client then judges.
const ServerTls::Certificate& ServerTls::find(const std::string& name) const {
  for (const Certificate& certificate : certificates_)
    if (std::find(certificate.names.begin(), certificate.names.end(), name) != certificate.names.end())
      return certificate;
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) return certificates_.front();
  const std::string wildcard = "*" + name.substr(dot);  // one label (RFC 6125 6.4.3)
  for (const Certificate& certificate : certificates_)
    if (std::find(certificate.names.begin(), certificate.names.end(), wildcard) != certificate.names.end())
      return certificate;
  return certificates_.front();
}

// Before OpenSSL looks at tickets: it would resume a session in the first certificate's context, whatever the
// name (CVE-2025-23419). A session is bound to the name, the certificate and the client authorities that it
// began with; for any other there is a full handshake.
int ServerTls::on_client_hello(void* ssl, int*, void* self) {
  auto* connection = static_cast<SSL*>(ssl);
  std::string name = read_server_name(connection);
  const Certificate& chosen = static_cast<const ServerTls*>(self)->find(name);
  SSL_set_SSL_CTX(connection, chosen.context);
  Hasher hasher;
  hasher.add(chosen.identity.data(), chosen.identity.size());
  hasher.add(name.data(), name.size());
  const Digest id = hasher.finish();
  SSL_set_session_id_context(connection, id.data(), id.size());
  TlsStream::of(connection).set_server_name(std::move(name));
  return SSL_CLIENT_HELLO_SUCCESS;
}

int ServerTls::on_alpn(void*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                       unsigned in_length, void* self) {
  const std::string& ours = static_cast<const ServerTls*>(self)->alpn_;
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), in, in_length) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;  // no_application_protocol (RFC 7301 3.2)
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace gw::net
