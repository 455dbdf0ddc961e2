// SPDX-License-Identifier: Apache-2.0
#include "server/downstream_connection.h"

#include <algorithm>

#include "base/log.h"
#include "server/worker.h"

namespace gw::server {
namespace {

constexpr std::size_t kFirstRead = 16 * 1024;  // the head of most requests

}  // namespace

DownstreamConnection::DownstreamConnection(Worker& worker, const Door& door, UniqueFd fd,
                                           const net::Address& peer)
    : worker_(worker), door_(door), accepted_(worker.loop().now()), fd_(std::move(fd)) {
  facts_.listener = &door.facts;
  learn_peer(peer);
}

DownstreamConnection::~DownstreamConnection() {
  worker_.loop().forget(*this);
}

void DownstreamConnection::learn_peer(const net::Address& peer) {
  facts_.peer_ip = peer.ip();
  const auto& trusted = door_.facts.trusted_proxies;
  facts_.peer_is_trusted = std::any_of(trusted.begin(), trusted.end(),
                                       [&](const net::Cidr& network) { return peer.is_in(network); });
}

void DownstreamConnection::start() {
  worker_.deadlines().set(*this, accepted_ + worker_.limits().client_header_timeout);
  if (door_.facts.proxy_protocol)
    greeting_ = std::make_unique<net::ProxyGreeting>(worker_.loop(), std::move(fd_),
                                                     static_cast<net::ProxyGreeting::Events&>(*this));
  else
    open_stream(std::move(fd_));
}

void DownstreamConnection::on_greeting(const net::ProxyHeader& header) {
  if (header.source()) learn_peer(*header.source());
  worker_.loop().run_later(*this);
}

void DownstreamConnection::on_greeting_failed(const char* why) {
  log::debug("connection refused", {{"client", facts_.peer_ip}, {"why", why}});
  close();
}

void DownstreamConnection::run_task() {
  if (state_ != State::greeting) return;
  UniqueFd fd = greeting_->take_fd();
  greeting_.reset();
  open_stream(std::move(fd));
}

void DownstreamConnection::open_stream(UniqueFd fd) {
  state_ = State::handshaking;
  stream_ = worker_.make_stream(door_, std::move(fd));
  stream_->start(*this);
}

void DownstreamConnection::drain(Duration patience) {
  if (state_ == State::choosing) choose_codec();  // a request that has arrived is still answered
  if (state_ == State::resting) resume();         // likewise
  if (codec_) return codec_->drain(patience);
  if (state_ == State::closed) return;
  worker_.deadlines().set(
      *this, std::min(worker_.loop().now() + patience, accepted_ + worker_.limits().client_header_timeout));
}

void DownstreamConnection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  net::Deadlines::clear(*this);
  worker_.resting().remove(*this);
  if (stream_) stream_->set_reading(false);
  worker_.release(id_);
}

void DownstreamConnection::on_stream_open() {
  if (stream_->is_tls()) {
    const net::TlsSession session = stream_->tls_session();
    const bool is_latest = session.version == net::TlsSession::Version::tls13;
    ++worker_.tls_counters().done[is_latest ? exchange::TlsCounters::tls13 : exchange::TlsCounters::tls12]
                                 [session.resumed ? 1 : 0];
  }
  facts_.server_name = stream_->server_name();
  facts_.certificate = stream_->peer_certificate();
  const bool offers_http2 = facts_.listener->http2;
  if (stream_->is_tls() || !offers_http2)
    return serve(http::protocol_of_alpn(stream_->alpn()), net::Buffer(worker_.codec_worker().buffers));
  first_bytes_ = std::make_unique<net::Buffer>(worker_.codec_worker().buffers);
  state_ = State::choosing;
}

void DownstreamConnection::on_stream_readable() {
  if (state_ == State::choosing) choose_codec();
  if (state_ == State::resting) resume();
}

// Without TLS nothing but the first bytes says what the client speaks.
void DownstreamConnection::choose_codec() {
  char* to = first_bytes_->reserve(kFirstRead);
  const net::IoResult got = stream_->read(to, first_bytes_->room());
  if (got.state == net::Io::ok) first_bytes_->commit(got.bytes);
  const http::Protocol protocol = http::protocol_of_preface(first_bytes_->view());
  if (protocol != http::Protocol::unknown) return serve(protocol, std::move(*first_bytes_));
  first_bytes_->consume(0);
  if (got.state != net::Io::ok && got.state != net::Io::blocked) close();
}

void DownstreamConnection::serve(http::Protocol protocol, net::Buffer received) {
  state_ = State::serving;
  net::Deadlines::clear(*this);
  codec_ = http::make_server_codec(protocol, *stream_, worker_.codec_worker(), *this, accepted_);
  codec_->start(std::move(received));
  first_bytes_.reset();
  if (worker_.is_draining() && state_ == State::serving) codec_->drain(worker_.drain_patience());
}

void DownstreamConnection::on_codec_resting() {
  if (state_ == State::serving) worker_.resting().add(*this);
}

void DownstreamConnection::give_up_codec() {
  const TimePoint until = codec_->rests_until();
  codec_.reset();
  state_ = State::resting;
  stream_->hand_to(*this);
  worker_.deadlines().set(*this, until);
}

void DownstreamConnection::resume() {
  const TimePoint until = deadline();
  net::Deadlines::clear(*this);
  state_ = State::serving;
  codec_ = http::make_server_codec(http::Protocol::http1, *stream_, worker_.codec_worker(), *this, accepted_);
  codec_->resume(until);
}

void DownstreamConnection::on_stream_failed(const char* why) {
  ++worker_.tls_counters().failed;
  log::debug("handshake failed", {{"client", facts_.peer_ip}, {"why", why}});
  close();
}

void DownstreamConnection::on_deadline() {
  if (state_ == State::handshaking && facts_.listener->tls) ++worker_.tls_counters().failed;
  if (first_bytes_ == nullptr || first_bytes_->empty()) return close();
  serve(http::Protocol::http1, std::move(*first_bytes_));  // which says that the head took too long
}

http::RequestEvents& DownstreamConnection::open_exchange(http::ServerStream& stream) {
  worker_.resting().remove(*this);
  return worker_.open_exchange(stream, facts_);
}

bool DownstreamConnection::is_draining() const {
  return worker_.is_draining();
}

}  // namespace gw::server
