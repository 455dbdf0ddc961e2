// SPDX-License-Identifier: Apache-2.0
// TLS 1.2 and 1.3 on OpenSSL. A ServerTls holds the certificates of a listener, chosen by SNI (RFC 6066), and
// whom it asks for client certificates; a ClientTls verifies an upstream server. THREAD: both are immutable
// and shared; streams belong to a worker. OpenSSL's error queue is per thread and is cleared before each
// call, so one connection's failure is never taken for another's.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/ocsp_staple.h"
#include "net/options.h"
#include "net/stream.h"
#include "net/ticket_keys.h"

struct ssl_ctx_st;

namespace gw::net {

class ServerTls : public std::enable_shared_from_this<ServerTls> {
 public:
  // `alpn` in the order of preference: "h2", "http/1.1". The error names the file and says what is wrong.
  static Result<std::shared_ptr<const ServerTls>, std::string> make(const ServerTlsOptions& options,
                                                                    std::vector<std::string> alpn);
  ~ServerTls();
  ServerTls(const ServerTls&) = delete;
  ServerTls& operator=(const ServerTls&) = delete;

  // The stream keeps this alive: a handshake may outlast a reload.
  // `tickets`, the worker's, outlive the stream.
  std::unique_ptr<Stream> accept(EventLoop& loop, UniqueFd fd, const TicketKeys& tickets) const;
  // The file of each certificate, and when the certificate runs out.
  std::vector<std::pair<std::string, WallSeconds>> ends() const;
  bool asks_for_certificates() const { return asks_; }
  bool demands_certificates() const { return demands_; }

 private:
  ServerTls() = default;
  struct Certificate {
    ssl_ctx_st* context = nullptr;
    std::vector<std::string> names;  // lower case; "*.example.com" too
    std::string identity;            // of the certificate and whom it believes; sessions are bound to it
    OcspStaple staple;
    std::string file;
    WallSeconds ends = 0;
  };
  Result<void, std::string> add(const CertificateFiles& files, const ServerTlsOptions& options);
  void set_callbacks(ssl_ctx_st* context);
  const Certificate& find(const std::string& name) const;
  static int on_client_hello(void* ssl, int* alert, void* self);
  static int on_alpn(void* ssl, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                     unsigned in_length, void* self);

  std::vector<Certificate> certificates_;
  std::string alpn_;      // in wire format
  bool asks_ = false;     // clients for a certificate
  bool demands_ = false;  // and takes no client without
};

class ClientTls {
 public:
  // `alpn`: the one protocol to be offered; empty: none. Whether the server took it, the stream's alpn()
  // tells.
  static Result<std::shared_ptr<const ClientTls>, std::string> make(const ClientTlsOptions& options,
                                                                    std::string_view alpn = "http/1.1");
  ~ClientTls();
  ClientTls(const ClientTls&) = delete;
  ClientTls& operator=(const ClientTls&) = delete;

  // Verifies the certificate for `host`, a name or an address.
  std::unique_ptr<Stream> connect(EventLoop& loop, UniqueFd fd, const std::string& host) const;

 private:
  ClientTls() = default;
  ssl_ctx_st* context_ = nullptr;
};

}  // namespace gw::net
