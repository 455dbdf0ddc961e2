// SPDX-License-Identifier: Apache-2.0
// A stream over TLS, of either side. THREAD: one loop. OpenSSL's error queue is cleared before each call.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "net/peer_certificate.h"
#include "net/stream.h"
#include "net/ticket_keys.h"
#include "net/tls.h"

namespace gw::net {

class TlsStream final : public Stream {
 public:
  // A client's end: towards an upstream server.
  TlsStream(EventLoop& loop, UniqueFd fd, SSL* ssl);
  // A server's end. `tickets` outlive the stream.
  TlsStream(EventLoop& loop, UniqueFd fd, SSL* ssl, std::shared_ptr<const ServerTls> server,
            const TicketKeys& tickets);
  ~TlsStream() override;

  static TlsStream& of(SSL* ssl);

  IoResult read(char* to, std::size_t room) override;
  IoResult write(std::string_view bytes) override;
  bool has_pending() const override { return SSL_has_pending(ssl_) != 0; }
  void end_writing() override;
  void reset() override;
  std::string_view alpn() const override;
  std::string_view server_name() const override { return server_name_; }
  TlsSession tls_session() const override;
  const PeerCertificate* peer_certificate() const override { return peer_.get(); }

  // Of the handshake's callbacks.
  const TicketKeys& ticket_keys() const { return *tickets_; }
  void set_server_name(std::string name) { server_name_ = std::move(name); }

 private:
  struct Socket;  // what OpenSSL reads from and writes to

  Handshake shake_hands(const char*& why) override;
  Handshake learn_peer(const char*& why);
  void send_ticket();
  bool close_tls();  // false: it was closed already, or broke

  const std::shared_ptr<const ServerTls> server_;  // the handshake's callbacks point to it
  const TicketKeys* const tickets_ = nullptr;
  SSL* ssl_;
  std::string server_name_;
  std::unique_ptr<const PeerCertificate> peer_;
  bool owes_ticket_ = false;      // TLS 1.3
  bool more_follows_ = false;     // another record, or the end, goes to the kernel right behind this one
  bool has_sent_flight_ = false;  // of a handshake, in the current step of it
  bool ended_ = false;
  bool broken_ = false;  // OpenSSL forbids SSL_shutdown after a fatal error
};

}  // namespace gw::net
