// SPDX-License-Identifier: Apache-2.0
#include "http/h2_client.h"

#include <algorithm>
#include <utility>

namespace gw::http {
namespace {

constexpr std::size_t kGathered = 16 * 1024;  // a TLS record
constexpr Duration kSilence = 1s;             // that long without a word, and a server may be gone
constexpr Duration kProbe = 5s;               // for the answer to a ping

}  // namespace

H2Client::H2Client(std::unique_ptr<net::Stream> stream, const Worker& worker, H2ClientOwner& owner)
    : stream_(std::move(stream)),
      worker_(worker),
      owner_(&owner),
      session_(H2Session::Side::client, worker.buffers, worker.limits),
      out_(worker.buffers),
      heard_(stream_->loop().now()),
      idle_since_(heard_) {
  stream_->hand_to(*this);
  stream_->set_reading(true);
  flush_later();
}

H2Client::~H2Client() {
  loop().forget(*this);
}

bool H2Client::has_room() const {
  return state_ == State::serving && session_.may_open() && probed_ == TimePoint{} &&
         leased_.size() < session_.allowed_streams();
}

std::unique_ptr<ClientStream> H2Client::open_stream() {
  auto stream = std::make_unique<H2ClientStream>(*this, worker_.buffers, is_reused_);
  is_reused_ = true;
  stream->place_ = leased_.size();
  leased_.push_back(stream.get());
  return stream;
}

void H2Client::shut_down() {
  owner_ = nullptr;
  close("the pool is gone");
}

std::int32_t H2Client::send_head(H2ClientStream& stream, const UpstreamRequest& request,
                                 H2Session::Body* body) {
  if (state_ != State::serving) return 0;
  const std::int32_t id = session_.submit_request(request, stream_->is_tls() ? "https" : "http", body);
  if (id != 0) streams_.emplace(id, &stream);
  flush_later();
  return id;
}

void H2Client::forget(H2ClientStream& stream) {
  if (stream.id_ != 0) streams_.erase(stream.id_);
  leased_[stream.place_] = leased_.back();
  leased_[stream.place_]->place_ = stream.place_;
  leased_.pop_back();
  if (leased_.empty()) idle_since_ = loop().now();
  if (state_ == State::closed) return;
  flush_later();  // which also looks whether that was the last one
  if (owner_ != nullptr && has_room()) owner_->on_room(*this);
}

void H2Client::probe(TimePoint asked) {
  if (state_ == State::closed || probed_ != TimePoint{} || heard_ >= asked || loop().now() < asked + kSilence)
    return;
  probed_ = loop().now();
  session_.ping();
  flush_later();
}

void H2Client::on_stream_readable() {
  do {
    if (state_ == State::closed) return stream_->set_reading(false);
    const net::IoResult got = stream_->read(worker_.scratch.data(), worker_.scratch.size());
    if (got.state == net::Io::blocked) return;
    if (got.state != net::Io::ok) return close("the connection ended");
    heard_ = loop().now();
    if (!session_.receive({worker_.scratch.data(), got.bytes}, heard_))
      return close("the server does not speak HTTP/2");
    if (session_.is_overspent()) return close("the server sends too many frames that say nothing");
    if (!handle_events()) return;
    if (owner_ != nullptr && has_room()) owner_->on_room(*this);  // it may have told us of more
    flush_later();
  } while (stream_->has_pending());
}

void H2Client::on_stream_writable() {
  if (!out_.empty()) return flush_later();
  // It was TLS that had something to say, and held up a read for it.
  stream_->stop_writing_events();
  on_stream_readable();
}

// False when the connection has ended meanwhile.
bool H2Client::handle_events() {
  using Kind = H2Session::Event::Kind;
  for (H2Session::Event& event : session_.events()) {
    if (state_ == State::closed) return false;
    if (event.kind == Kind::ponged) {
      probed_ = {};
      continue;
    }
    const auto found = streams_.find(event.stream);
    if (found == streams_.end()) {
      if (event.kind == Kind::body) session_.give_connection_window_back(event.bytes.size());
      continue;
    }
    H2ClientStream& stream = *found->second;
    switch (event.kind) {
      case Kind::head:
        stream.on_head(*event.head, event.is_whole);
        break;
      case Kind::body:
        stream.on_body(event.bytes);
        break;
      case Kind::end:
        stream.on_end();
        break;
      case Kind::closed:
        streams_.erase(found);
        stream.on_closed(event.outcome);
        break;
      default:
        break;
    }
  }
  return state_ != State::closed;
}

// Makes frames and writes them, until there are none or the server takes no more.
void H2Client::run_task() {
  if (state_ == State::closed) return;
  if (state_ == State::serving && !session_.may_open()) state_ = State::leaving;
  while (state_ != State::closed) {
    if (!session_.send(out_, kGathered)) return close("the session is broken");
    if (!handle_events()) return;
    if (write_broken_) out_.clear();
    if (out_.empty()) break;
    write_out();
    if (!out_.empty()) break;
  }
  if (out_.empty()) {
    stream_->stop_writing_events();
    if (session_.is_over() || (state_ == State::leaving && leased_.empty()))
      return close("the server has said goodbye");
  }
  update_deadline();
}

void H2Client::write_out() {
  const net::IoResult wrote = stream_->write(out_.view());
  if (wrote.state == net::Io::blocked) return;
  if (wrote.state != net::Io::ok) {
    write_broken_ = true;  // what the server said before may still be there to be read
    return out_.clear();
  }
  if (wrote.bytes != 0) out_.consume(wrote.bytes);
}

void H2Client::leave() {
  if (state_ != State::serving) return;
  state_ = State::leaving;
  if (leased_.empty()) session_.end(H2Session::Ending::clean);
  flush_later();
}

void H2Client::on_deadline() {
  const TimePoint now = loop().now();
  if (probed_ != TimePoint{} && now >= probed_ + kProbe) return close("the server does not answer a ping");
  if (leased_.empty() && now >= idle_since_ + worker_.idle_timeout && state_ == State::serving) {
    state_ = State::leaving;
    session_.end(H2Session::Ending::clean);
    return flush_later();
  }
  update_deadline();
}

void H2Client::close(const char* why) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  net::Deadlines::clear(*this);
  stream_->set_reading(false);
  out_.clear();
  streams_.clear();
  const std::vector<H2ClientStream*> lost = std::exchange(leased_, {});
  for (H2ClientStream* stream : lost) stream->connection_ = nullptr;  // whoever hears of it first
  for (H2ClientStream* stream : lost) stream->on_connection_lost(why);
  if (H2ClientOwner* owner = std::exchange(owner_, nullptr)) owner->on_connection_ended(*this);
}

void H2Client::update_deadline() {
  TimePoint at = TimePoint::max();
  if (probed_ != TimePoint{}) at = probed_ + kProbe;
  if (leased_.empty()) at = std::min(at, idle_since_ + worker_.idle_timeout);
  if (at == TimePoint::max())
    net::Deadlines::clear(*this);
  else
    worker_.deadlines.set(*this, at);
}

}  // namespace gw::http
