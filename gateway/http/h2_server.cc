// SPDX-License-Identifier: Apache-2.0
#include "http/h2_server.h"

#include <algorithm>

namespace gw::http {
namespace {

constexpr std::size_t kGathered = 16 * 1024;  // a TLS record
constexpr Duration kAnnounced = 1s;           // for the client to hear of the end, when it does not answer
constexpr std::size_t kDiscarded = 1024 * 1024;
constexpr Duration kLinger = 2s;  // so that a last frame is not lost to a reset

}  // namespace

H2Server::H2Server(net::Stream& stream, const ServerWorker& worker, ServerCodecEvents& owner,
                   TimePoint accepted)
    : stream_(stream),
      owner_(owner),
      accepted_(accepted),
      session_(H2Session::Side::server, worker.buffers, worker.limits),
      traffic_(stream, worker.buffers),
      connection_{session_, worker, stream.loop(), *this, traffic_},
      idle_since_(accepted) {}

H2Server::~H2Server() {
  stream_.loop().forget(*this);
}

void H2Server::start(net::Buffer received) {
  stream_.hand_to(*this);
  stream_.set_reading(true);
  idle_since_ = stream_.loop().now();
  if (!received.empty()) take(received.view());
  if (state_ == State::closed) return;
  flush_later();
  stream_.read_pending();
}

// In two steps: requests that are on their way when the client hears of it are still answered.
void H2Server::drain(Duration) {
  if (state_ != State::serving) return;
  state_ = State::announced;
  announced_at_ = stream_.loop().now();
  session_.announce_end();
  flush_later();
}

void H2Server::on_stream_readable() {
  do {
    if (state_ == State::closed) return;
    if (state_ >= State::ending) return discard();
    const std::span<char> scratch = connection_.worker.scratch;
    const net::IoResult got = stream_.read(scratch.data(), scratch.size());
    if (got.state == net::Io::blocked) return;
    if (got.state != net::Io::ok) return lose_client();
    take({scratch.data(), got.bytes});
  } while (stream_.has_pending());
}

void H2Server::on_stream_writable() {
  if (!traffic_.out.empty()) return flush_later();
  // It was TLS that had something to say, and held up a read for it.
  stream_.stop_writing_events();
  on_stream_readable();
}

void H2Server::take(std::string_view bytes) {
  if (!session_.receive(bytes, stream_.loop().now())) return lose_client();
  if (session_.is_overspent()) return give_up(H2Session::Ending::too_much);
  handle_events();
  flush_later();
}

void H2Server::handle_events() {
  for (H2Session::Event& event : session_.events()) handle(event);
}

void H2Server::handle(H2Session::Event& event) {
  using Kind = H2Session::Event::Kind;
  if (event.kind == Kind::head) return open_stream(event);
  if (event.kind == Kind::closed) return close_stream(event.stream);
  if (event.kind == Kind::ponged) {
    if (state_ == State::announced) refuse_new_streams();
    return;
  }
  const auto found = streams_.find(event.stream);
  if (found == streams_.end()) {
    if (event.kind == Kind::body) session_.give_connection_window_back(event.bytes.size());
    return;
  }
  H2Stream& stream = *found->second;
  if (event.kind == Kind::body)
    stream.on_body(event.bytes);
  else if (event.kind == Kind::trailers)
    stream.on_trailers(*event.head);
  else if (event.kind == Kind::end)
    stream.on_end();
  else
    stream.on_sent();
}

void H2Server::open_stream(H2Session::Event& event) {
  if (!session_.is_open(event.stream)) return;  // taken back already
  auto stream = std::make_unique<H2Stream>(connection_, event.stream);
  H2Stream& opened = *stream;
  streams_.emplace(event.stream, std::move(stream));
  opened.begin(owner_.open_exchange(opened), *event.head, event.is_whole);
}

void H2Server::close_stream(std::int32_t id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second->on_gone();
  streams_.erase(found);
  if (streams_.empty()) idle_since_ = stream_.loop().now();
}

// Makes frames and writes them, until there are none or the client takes no more.
void H2Server::run_task() {
  while (state_ < State::lingering) {
    if (!session_.send(traffic_.out, kGathered)) return lose_client();
    handle_events();
    if (traffic_.out.empty()) {
      stream_.stop_writing_events();
      if (session_.is_over()) return linger();
      break;
    }
    if (!write_out()) break;
  }
  note_blocked();
  update_deadline();
}

// The kernel takes bytes in large steps: what the client has taken of them is looked at, not each step.
void H2Server::note_blocked() {
  if (traffic_.out.empty()) {
    blocked_since_ = TimePoint::max();
  } else if (blocked_since_ == TimePoint::max()) {
    blocked_since_ = stream_.loop().now();
    writing_pace_.begin(blocked_since_, traffic_.taken());
  }
}

// False when the client takes no more for now, or is gone.
bool H2Server::write_out() {
  const net::IoResult wrote = stream_.write(traffic_.out.view());
  if (wrote.state == net::Io::failed || wrote.state == net::Io::closed) {
    lose_client();
    return false;
  }
  if (wrote.state == net::Io::blocked) return false;
  if (wrote.bytes != 0) traffic_.out.consume(wrote.bytes);
  traffic_.written += static_cast<std::int64_t>(wrote.bytes);
  return traffic_.out.empty();
}

void H2Server::refuse_new_streams() {
  state_ = State::draining;
  session_.refuse_new_streams();
  flush_later();
}

void H2Server::on_deadline() {
  const TimePoint now = stream_.loop().now();
  if (state_ == State::lingering) return close();
  const Limits& limits = connection_.worker.limits;
  if (blocked_since_ != TimePoint::max() && now >= blocked_since_ + limits.client_body_timeout) {
    if (!writing_pace_.holds(limits, now, traffic_.taken())) return lose_client();
    blocked_since_ = now;
    return update_deadline();
  }
  if (state_ == State::announced && now >= announced_at_ + kAnnounced) return refuse_new_streams();
  if (!session_.has_begun()) return lose_client();
  give_up(H2Session::Ending::clean);  // idle, or a head that does not end
}

// Says goodbye; what is under way is broken off.
void H2Server::give_up(H2Session::Ending ending) {
  state_ = State::ending;
  for (const auto& [id, stream] : streams_) stream->on_gone();
  session_.end(ending);
  flush_later();
}

void H2Server::discard() {
  const std::span<char> scratch = connection_.worker.scratch;
  const net::IoResult got = stream_.read(scratch.data(), scratch.size());
  if (got.state == net::Io::blocked) return;
  discarded_ += got.bytes;
  if (got.state != net::Io::ok || discarded_ > kDiscarded) close();
}

// The last frame is out; the client may still be sending. Closing now could reset what it has not read yet.
void H2Server::linger() {
  state_ = State::lingering;
  stream_.end_writing();
  stream_.set_reading(true);
  connection_.worker.deadlines.set_in(*this, kLinger);
}

void H2Server::lose_client() {
  for (const auto& [id, stream] : streams_) stream->on_gone();
  traffic_.out.clear();
  close();
}

void H2Server::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  net::Deadlines::clear(*this);
  stream_.set_reading(false);
  owner_.on_codec_closed();
}

void H2Server::update_deadline() {
  if (state_ >= State::lingering) return;
  const Limits& limits = connection_.worker.limits;
  TimePoint at = TimePoint::max();
  if (!session_.has_begun()) at = accepted_ + limits.client_header_timeout;
  if (session_.head_since()) at = std::min(at, *session_.head_since() + limits.client_header_timeout);
  if (state_ == State::announced) at = std::min(at, announced_at_ + kAnnounced);
  if (blocked_since_ != TimePoint::max()) at = std::min(at, blocked_since_ + limits.client_body_timeout);
  if (streams_.empty()) at = std::min(at, idle_since_ + limits.idle_timeout);
  if (at == TimePoint::max())
    net::Deadlines::clear(*this);
  else
    connection_.worker.deadlines.set(*this, at);
}

}  // namespace gw::http
