// SPDX-License-Identifier: Apache-2.0
// The floor under any TLS proxy of one thread: passes bytes on, and neither parses nor checks anything. A
// connection to the service for each of a client, TLS 1.3, one ticket a handshake, one read and one write
// each way.
//   floor --port P --origin P --certificate FILE --key FILE
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>

#include <string_view>
#include <vector>

#include "sockets.h"

namespace {

struct Pair;
struct End {
  Pair* pair;
  bool is_client;
};

struct Pair {
  Pair(SSL* session, int client_fd, int origin_fd) : ssl(session), client(client_fd), origin(origin_fd) {}
  SSL* ssl;
  int client, origin;
  std::string to_client, to_origin;  // what the other did not take yet
  bool is_over = false;
  End client_end{this, true}, origin_end{this, false};
};

char buffer[65536];

// How much went out; -1 when the connection is over.
ssize_t write_client(Pair& pair, std::string_view bytes) {
  std::size_t total = 0;
  while (total < bytes.size()) {
    std::size_t sent = 0;
    ERR_clear_error();
    const int result = SSL_write_ex(pair.ssl, bytes.data() + total, bytes.size() - total, &sent);
    if (result != 1) {
      const int error = SSL_get_error(pair.ssl, result);
      if (error != SSL_ERROR_WANT_WRITE && error != SSL_ERROR_WANT_READ) return -1;
      break;
    }
    total += sent;
  }
  return static_cast<ssize_t>(total);
}

ssize_t write_origin(Pair& pair, std::string_view bytes) {
  const ssize_t sent = ::send(pair.origin, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return sent >= 0 ? sent : errno == EAGAIN || errno == ENOTCONN ? 0 : -1;
}

template <class Write>
void pass(Pair& pair, std::string& held, std::string_view bytes, Write write) {
  const ssize_t sent = held.empty() ? write(pair, bytes) : 0;
  if (sent < 0)
    pair.is_over = true;
  else
    held.append(bytes.substr(static_cast<std::size_t>(sent)));
}

template <class Write>
void pass_held(Pair& pair, std::string& held, Write write) {
  if (held.empty()) return;
  const ssize_t sent = write(pair, held);
  if (sent < 0)
    pair.is_over = true;
  else
    held.erase(0, static_cast<std::size_t>(sent));
}

void read_client(Pair& pair) {
  do {
    std::size_t got = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(pair.ssl, buffer, sizeof buffer, &got);
    if (result == 1) {
      pass(pair, pair.to_origin, {buffer, got}, write_origin);
    } else {
      const int error = SSL_get_error(pair.ssl, result);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) pair.is_over = true;
      return;
    }
  } while (SSL_has_pending(pair.ssl) && !pair.is_over);
}

void read_origin(Pair& pair) {
  const ssize_t got = ::recv(pair.origin, buffer, sizeof buffer, 0);
  if (got > 0)
    pass(pair, pair.to_client, {buffer, static_cast<std::size_t>(got)}, write_client);
  else if (got == 0 || errno != EAGAIN)
    pair.is_over = true;
}

void handle(bench::Poller& poller, End& end, unsigned events) {
  Pair& pair = *end.pair;
  const bool held_client = !pair.to_client.empty(), held_origin = !pair.to_origin.empty();
  pass_held(pair, pair.to_client, write_client);
  pass_held(pair, pair.to_origin, write_origin);
  if ((events & ~static_cast<unsigned>(EPOLLOUT)) != 0) {
    if (end.is_client && pair.to_origin.empty()) read_client(pair);
    if (!end.is_client && pair.to_client.empty()) read_origin(pair);
  }
  const bool holds_client = !pair.to_client.empty(), holds_origin = !pair.to_origin.empty();
  if (held_client == holds_client && held_origin == holds_origin) return;
  poller.change(pair.client, &pair.client_end,
                (holds_origin ? 0U : EPOLLIN) | (holds_client ? EPOLLOUT : 0U));
  poller.change(pair.origin, &pair.origin_end,
                (holds_client ? 0U : EPOLLIN) | (holds_origin ? EPOLLOUT : 0U));
}

SSL_CTX* make_context(const bench::Options& options) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
  if (SSL_CTX_use_certificate_chain_file(context, options.text("certificate").c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, options.text("key").c_str(), SSL_FILETYPE_PEM) != 1) {
    ERR_print_errors_fp(stderr);
    std::exit(1);
  }
  return context;
}

}  // namespace

int main(int count, char** words) {
  ::signal(SIGPIPE, SIG_IGN);
  const bench::Options options(count, words);
  SSL_CTX* context = make_context(options);
  const int listener = bench::listen_on(static_cast<int>(options.number("port")));
  const int origin = static_cast<int>(options.number("origin"));
  bench::Poller poller;
  poller.add(listener, nullptr);
  std::vector<Pair*> over;
  for (epoll_event events[256];;) {
    const int ready = poller.wait(events, 256, -1);
    for (int i = 0; i < ready; ++i) {
      auto* end = static_cast<End*>(events[i].data.ptr);
      if (end != nullptr) {
        if (end->pair->is_over) continue;
        handle(poller, *end, events[i].events);
        if (end->pair->is_over) over.push_back(end->pair);
        continue;
      }
      for (int fd; (fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        bench::no_delay(fd);
        auto* pair = new Pair(SSL_new(context), fd, bench::connect_to(origin));
        SSL_set_fd(pair->ssl, fd);
        SSL_set_accept_state(pair->ssl);
        poller.add(fd, &pair->client_end);
        poller.add(pair->origin, &pair->origin_end);
      }
    }
    for (Pair* pair : over) {  // not earlier: both ends may be in one batch
      SSL_shutdown(pair->ssl);
      SSL_free(pair->ssl);
      ::close(pair->client);
      ::close(pair->origin);
      delete pair;
    }
    over.clear();
  }
}
