// SPDX-License-Identifier: Apache-2.0
#include "net/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/tls_common.h"

namespace gw::net {
namespace {

// What an earlier call left would be taken for this one's. Looking is cheaper than clearing.
void clear_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace

// OpenSSL's own would send every record as a segment of its own, and wake the peer for each.
struct TlsStream::Socket {
  static void give_to(TlsStream& stream) {
    static const BIO_METHOD* const method = make_method();
    BIO* bio = BIO_new(method);
    BIO_set_data(bio, &stream);
    BIO_set_init(bio, 1);
    SSL_set_bio(stream.ssl_, bio, bio);
  }

  static TlsStream& stream_of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

 private:
  static const BIO_METHOD* make_method() {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    BIO_meth_set_read_ex(method, &read);
    BIO_meth_set_write_ex(method, &write);
    BIO_meth_set_ctrl(method, &control);
    return method;
  }

  static int read(BIO* bio, char* to, std::size_t room, std::size_t* got) {
    BIO_clear_retry_flags(bio);
    const TlsStream& stream = stream_of(bio);
    // Nobody has answered yet what was sent a moment ago; an event will tell.
    const bool is_too_early = stream.has_sent_flight_ && !stream.is_open();
    const ssize_t result = is_too_early ? -1 : ::recv(stream.fd(), to, room, 0);
    if (result > 0) {
      *got = static_cast<std::size_t>(result);
      return 1;
    }
    if (result == 0)
      BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    else if (is_too_early || errno == EAGAIN || errno == EINTR)
      BIO_set_retry_read(bio);
    return 0;
  }

  static int write(BIO* bio, const char* bytes, std::size_t size, std::size_t* sent) {
    BIO_clear_retry_flags(bio);
    TlsStream& stream = stream_of(bio);
    const ssize_t result =
        ::send(stream.fd(), bytes, size, MSG_NOSIGNAL | (stream.more_follows_ ? MSG_MORE : 0));
    if (result > 0) {
      stream.has_sent_flight_ = true;
      *sent = static_cast<std::size_t>(result);
      return 1;
    }
    if (errno == EAGAIN || errno == EINTR) BIO_set_retry_write(bio);
    return 0;
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }
};

TlsStream::TlsStream(EventLoop& loop, UniqueFd fd, SSL* ssl) : Stream(loop, std::move(fd)), ssl_(ssl) {
  tls_ = true;
  Socket::give_to(*this);
}

TlsStream::TlsStream(EventLoop& loop, UniqueFd fd, SSL* ssl, std::shared_ptr<const ServerTls> server,
                     const TicketKeys& tickets)
    : Stream(loop, std::move(fd)), server_(std::move(server)), tickets_(&tickets), ssl_(ssl) {
  tls_ = true;
  Socket::give_to(*this);
}

TlsStream& TlsStream::of(SSL* ssl) {
  return Socket::stream_of(SSL_get_rbio(ssl));
}

TlsStream::~TlsStream() {
  if (is_open()) close_tls();
  SSL_free(ssl_);
  clear_errors();
}

IoResult TlsStream::read(char* to, std::size_t room) {
  clear_errors();
  std::size_t got = 0;
  const int result = SSL_read_ex(ssl_, to, room, &got);
  if (result == 1) return {Io::ok, got};
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return {Io::blocked, 0};
    case SSL_ERROR_WANT_WRITE:
      wait_for_room();
      return {Io::blocked, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {Io::closed, 0};
    default:
      broken_ = true;
      return {Io::failed, 0};
  }
}

IoResult TlsStream::write(std::string_view bytes) {
  if (owes_ticket_) {
    more_follows_ = true;
    send_ticket();
  }
  std::size_t total = 0;
  while (total < bytes.size()) {
    clear_errors();
    std::size_t sent = 0;
    more_follows_ = bytes.size() - total > SSL3_RT_MAX_PLAIN_LENGTH;
    const int result = SSL_write_ex(ssl_, bytes.data() + total, bytes.size() - total, &sent);
    more_follows_ = false;
    if (result == 1) {
      total += sent;
      continue;
    }
    const int error = SSL_get_error(ssl_, result);
    if (error != SSL_ERROR_WANT_WRITE && error != SSL_ERROR_WANT_READ) {
      broken_ = true;
      return {Io::failed, 0};
    }
    wait_for_room();
    return total == 0 ? IoResult{Io::blocked, 0} : IoResult{Io::ok, total};
  }
  return {Io::ok, total};
}

void TlsStream::end_writing() {
  if (close_tls()) Stream::end_writing();
}

// The end of the connection follows: both are one segment.
bool TlsStream::close_tls() {
  if (ended_ || broken_) return false;
  ended_ = true;
  clear_errors();
  more_follows_ = true;
  SSL_shutdown(ssl_);
  return true;
}

void TlsStream::reset() {
  broken_ = true;
  Stream::reset();
}

std::string_view TlsStream::alpn() const {
  const unsigned char* chosen = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_, &chosen, &length);
  return {reinterpret_cast<const char*>(chosen), length};
}

TlsSession TlsStream::tls_session() const {
  return {SSL_version(ssl_) == TLS1_3_VERSION ? TlsSession::Version::tls13 : TlsSession::Version::tls12,
          SSL_session_reused(ssl_) == 1};
}

Stream::Handshake TlsStream::shake_hands(const char*& why) {
  clear_errors();
  has_sent_flight_ = false;
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    forget_ephemeral_keys(ssl_);
    const Handshake verdict = learn_peer(why);
    owes_ticket_ = verdict == Handshake::done && server_ != nullptr && SSL_version(ssl_) == TLS1_3_VERSION;
    // With the answer, when the request is here. Else at once: it also acknowledges the client's flight, and
    // a client that gathers small writes (Nagle) waits for that before it sends its request.
    if (owes_ticket_ && !has_pending()) send_ticket();
    return verdict;
  }
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return Handshake::blocked;
    case SSL_ERROR_WANT_WRITE:
      wait_for_room();
      return Handshake::blocked;
    default: {
      broken_ = true;
      const long verdict = SSL_get_verify_result(ssl_);
      const char* reason = ERR_reason_error_string(ERR_peek_last_error());
      why = verdict != X509_V_OK ? X509_verify_cert_error_string(verdict)
                                 : (reason != nullptr ? reason : "the connection ended in the handshake");
      return Handshake::failed;
    }
  }
}

// What cannot be written now, OpenSSL writes before whatever comes next. It also gets a buffer for reading,
// and would keep it until something is read.
void TlsStream::send_ticket() {
  owes_ticket_ = false;
  if (SSL_new_session_ticket(ssl_) == 1) SSL_do_handshake(ssl_);
  if (!has_pending()) SSL_free_buffers(ssl_);
}

// The certificate of a resumed session was verified when the session began: it may have run out since.
Stream::Handshake TlsStream::learn_peer(const char*& why) {
  if (server_ == nullptr || !server_->asks_for_certificates()) return Handshake::done;
  X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate != nullptr && SSL_get_verify_result(ssl_) == X509_V_OK) {
    peer_ = std::make_unique<const PeerCertificate>(describe_certificate(certificate));
    const WallSeconds now = wall_now();
    if (now < peer_->begins || now > peer_->ends) peer_.reset();
  }
  if (peer_ || !server_->demands_certificates()) return Handshake::done;
  broken_ = true;
  why = "the client's certificate is missing or has run out";
  return Handshake::failed;
}

}  // namespace gw::net
