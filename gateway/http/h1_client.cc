// SPDX-License-Identifier: Apache-2.0
#include "http/h1_client.h"

#include <utility>

#include "http/h1_writer.h"
#include "http/websocket.h"

namespace gw::http {

H1Client::H1Client(std::unique_ptr<net::Stream> stream, net::BufferPool& buffers, std::span<char> scratch,
                   const Limits& limits, H1ClientOwner& owner)
    : stream_(std::move(stream)),
      scratch_(scratch),
      owner_(owner),
      in_(buffers),
      out_(buffers),
      parser_(limits),
      limits_(limits) {
  stream_->hand_to(*this);
  stream_->set_reading(true);
}

H1Client::~H1Client() {
  stream_->loop().forget(*this);
}

void H1Client::send_head(const UpstreamRequest& request, ResponseEvents& events) {
  events_ = &events;
  state_ = State::head;
  method_ = request.method;
  request_framing_ = request.framing;
  request_ended_ = false;
  upgrades_ = request.upgrades;
  answering_ = false;
  keep_alive_ = true;
  parser_.reset();
  append_request_head(out_, request);
  stream_->loop().run_next_round(*this);
}

void H1Client::send_body(std::string_view bytes) {
  if (bytes.empty() || write_broken_ || state_ == State::broken) return;
  if (request_framing_ == Framing::length) {
    constexpr std::size_t kDirect = 8 * 1024;
    if (out_.empty() && bytes.size() >= kDirect) {
      const net::IoResult wrote = stream_->write(bytes);
      if (wrote.state == net::Io::ok) bytes.remove_prefix(wrote.bytes);
    }
    out_.append(bytes);
  } else {
    append_chunk_head(out_, bytes.size());
    out_.append(bytes);
    out_.append("\r\n");
  }
  if (out_.size() >= kHighWatermark) above_watermark_ = true;
  stream_->loop().run_next_round(*this);
}

void H1Client::send_end(const Fields& trailers) {
  if (request_framing_ != Framing::none && request_framing_ != Framing::length)
    append_last_chunk(out_, trailers);
  request_ended_ = true;
  stream_->loop().run_next_round(*this);
}

void H1Client::set_body_paused(bool paused) {
  stream_->set_reading(!paused);
  if (!paused) stream_->read_pending();
}

void H1Client::cancel() {
  events_ = nullptr;
  state_ = State::broken;
  out_.clear();
  stream_->set_reading(false);
}

void H1Client::on_stream_readable() {
  if (state_ == State::broken) return stream_->set_reading(false);
  const net::IoResult got = stream_->read(scratch_.data(), scratch_.size());
  if (got.state == net::Io::blocked) return;
  if (state_ == State::idle) {
    state_ = State::broken;
    return owner_.on_idle_connection_lost(*this);
  }
  if (got.state != net::Io::ok) return on_end_of_stream(got.state == net::Io::closed);
  const std::string_view bytes(scratch_.data(), got.bytes);
  if (in_.empty()) return take_bytes(bytes);
  in_.append(bytes);
  net::Buffer held = std::move(in_);  // keeps the bytes while their events run
  in_ = net::Buffer(held.pool());
  take_bytes(held.view());
}

void H1Client::take_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::head:
        bytes = take_head(bytes);
        break;
      case State::body:
        bytes = take_body(bytes);
        break;
      case State::idle:
      case State::broken:
        return;
    }
  }
  if (state_ == State::body || state_ == State::head) stream_->read_pending();
}

// Returns the bytes behind the head; none when it is not complete.
std::string_view H1Client::take_head(std::string_view bytes) {
  switch (parser_.parse(bytes, method_, head_)) {
    case Parse::need_more:
      in_.append(bytes);
      return {};
    case Parse::failed:
      fail(UpstreamFailure::protocol, parser_.error().detail.c_str());
      return {};
    case Parse::complete:
      break;
  }
  bytes.remove_prefix(parser_.size());
  parser_.reset();
  if (head_.status == 101) {
    if (!upgrades_ || !agrees_to_websocket(head_)) {
      fail(UpstreamFailure::protocol, "101 that nobody asked for");
      return {};
    }
    request_framing_ = Framing::length;  // a tunnel: bytes as they are
    head_.framing = Framing::until_close;
  } else if (head_.status < 200) {
    answering_ = true;
    events_->on_interim_head(head_);
    return bytes;
  }
  keep_alive_ = head_.keep_alive && head_.framing != Framing::until_close;
  body_.begin(head_.framing, head_.content_length, limits_);
  state_ = State::body;
  events_->on_response_head(head_);
  if (state_ == State::body && body_.state() == BodyReader::State::done) finish_response(bytes);
  return bytes;
}

std::string_view H1Client::take_body(std::string_view bytes) {
  const BodyReader::Piece piece = body_.next(bytes);
  bytes.remove_prefix(piece.consumed);
  if (!piece.data.empty()) events_->on_response_body(piece.data);
  if (state_ != State::body) return {};
  if (piece.state == BodyReader::State::failed) {
    fail(UpstreamFailure::protocol, "the framing of the body is malformed");
    return {};
  }
  if (piece.state == BodyReader::State::done) finish_response(bytes);
  return bytes;
}

void H1Client::on_end_of_stream(bool clean) {
  if (state_ == State::head) {
    const bool unanswered = in_.empty() && !answering_;
    return fail(unanswered ? UpstreamFailure::unanswered : UpstreamFailure::protocol,
                "the connection ended before the answer");
  }
  if (clean && body_.at_eof() == BodyReader::State::done) return finish_response({});
  fail(UpstreamFailure::truncated, "the connection ended within the answer");
}

// `behind`: what came behind the answer. Nobody asked for it, and the next request must not take it for its
// own.
void H1Client::finish_response(std::string_view behind) {
  ++answers_;
  // An answer that came before the whole request leaves the connection in the middle of a message.
  const bool reusable = keep_alive_ && request_ended_ && out_.empty() && !write_broken_ && behind.empty() &&
                        !stream_->has_pending();
  state_ = reusable ? State::idle : State::broken;
  stream_->set_reading(reusable);  // may have been paused within the last bytes
  std::exchange(events_, nullptr)->on_response_end(body_.trailers());
}

void H1Client::fail(UpstreamFailure failure, const char* why) {
  state_ = State::broken;
  stream_->set_reading(false);
  if (ResponseEvents* events = std::exchange(events_, nullptr)) events->on_upstream_failed(failure, why);
}

void H1Client::flush() {
  while (!out_.empty() && !write_broken_) {
    const net::IoResult wrote = stream_->write(out_.view());
    if (wrote.state == net::Io::blocked) break;
    if (wrote.state != net::Io::ok) {
      write_broken_ = true;
      out_.clear();
      break;
    }
    out_.consume(wrote.bytes);
  }
  if (out_.empty()) stream_->stop_writing_events();
  if (!above_watermark_ || out_.size() > kLowWatermark) return;
  above_watermark_ = false;
  if (events_ != nullptr) events_->on_upstream_drained();
}

}  // namespace gw::http
