// SPDX-License-Identifier: Apache-2.0
#include "http/h1_server.h"

#include <algorithm>

#include "http/h1_writer.h"

namespace gw::http {
namespace {

constexpr std::size_t kRead = 17 * 1024;         // a TLS record of plain text
constexpr std::size_t kPipelined = 16 * 1024;    // bytes of later requests that are kept
constexpr std::uint64_t kDiscarded = 64 * 1024;  // of an unwanted body, to keep the connection
constexpr std::size_t kDirect = 8 * 1024;        // bodies that are written without being gathered
constexpr Duration kLinger = 2s;                 // so that an answer is not lost to a reset (RFC 9112 9.6)

}  // namespace

H1Server::H1Server(net::Stream& stream, const ServerWorker& worker, ServerCodecEvents& owner,
                   TimePoint accepted)
    : stream_(stream),
      worker_(worker),
      owner_(owner),
      in_(worker.buffers),
      out_(worker.buffers),
      parser_(worker.limits),
      head_started_(accepted) {}

H1Server::~H1Server() {
  stream_.loop().forget(*this);
}

void H1Server::start(net::Buffer received) {
  stream_.hand_to(*this);
  // The first head shares its time with the handshake.
  worker_.deadlines.set(*this, head_started_ + worker_.limits.client_header_timeout);
  stream_.set_reading(true);
  if (received.empty()) return;
  in_ = std::move(received);
  parse_head();
}

void H1Server::resume(TimePoint until) {
  first_request_ = false;
  stream_.hand_to(*this);
  worker_.deadlines.set(*this, until);
  read_head();
  if (request_ == Request::idle) owner_.on_codec_resting();
}

void H1Server::drain(Duration patience) {
  if (is_tunnel_ && events_ != nullptr) return events_->on_drain();
  if (request_ == Request::idle) read_head();  // a request that has arrived is still answered
  if (request_ == Request::idle) return worker_.deadlines.set_in(*this, patience);
  if (response_ == Response::none) keep_alive_ = false;
}

void H1Server::send_interim(const ResponseHead& head) {
  awaits_continue_ = awaits_continue_ && head.status != 100;
  if (version_ == Version::http10) return;
  append_status_line(out_, head.status, head.reason);
  append_fields(out_, head.fields);
  out_.append("\r\n");
  stream_.loop().run_next_round(*this);
}

void H1Server::send_head(const ResponseHead& head) {
  response_ = Response::head;
  if (head.status == 101) return send_switch(head);
  decide_persistence(head);
  append_status_line(out_, head.status, head.reason);
  append_fields(out_, head.fields);
  // To HEAD the length is told and the body left out (RFC 9110 9.3.2).
  if (response_framing_ == Framing::length || (method_ == Method::head && head.framing == Framing::length)) {
    out_.append("Content-Length: ");
    append_number(out_, head.content_length);
    out_.append("\r\n");
  } else if (response_framing_ == Framing::chunked) {
    out_.append("Transfer-Encoding: chunked\r\n");
  }
  if (!keep_alive_)
    out_.append("Connection: close\r\n\r\n");
  else if (version_ == Version::http10)
    out_.append("Connection: keep-alive\r\n\r\n");
  else
    out_.append("\r\n");
  stream_.loop().run_next_round(*this);
}

// What the client has sent behind its handshake has waited in in_ until now.
void H1Server::send_switch(const ResponseHead& head) {
  append_status_line(out_, head.status, head.reason);
  append_fields(out_, head.fields);
  out_.append(kUpgrade);
  out_.append("\r\n");
  is_tunnel_ = true;
  keep_alive_ = false;
  response_framing_ = Framing::until_close;
  body_.begin(Framing::until_close, 0, worker_.limits);
  body_paused_ = true;
  request_ = Request::body;
  stream_.loop().run_next_round(*this);
}

void H1Server::decide_persistence(const ResponseHead& head) {
  const bool bodiless =
      method_ == Method::head || head.status < 200 || head.status == 204 || head.status == 304;
  response_framing_ = bodiless ? Framing::none : head.framing;
  if (!bodiless) {
    if (head.framing == Framing::none) {
      response_framing_ = Framing::length;  // "Content-Length: 0"
    } else if (head.framing != Framing::length) {
      response_framing_ = version_ == Version::http10 ? Framing::until_close : Framing::chunked;
    }
  }
  if (response_framing_ == Framing::until_close || owner_.is_draining()) keep_alive_ = false;
  // A client that was not told to go on may or may not send its body: the next bytes would be ambiguous.
  if (request_ == Request::body && (awaits_continue_ || body_.remaining() > kDiscarded)) keep_alive_ = false;
}

void H1Server::send_body(std::string_view bytes) {
  if (bytes.empty() || response_framing_ == Framing::none) return;
  const bool chunked = response_framing_ == Framing::chunked;
  if (chunked) append_chunk_head(out_, bytes.size());
  if (!chunked && out_.empty() && bytes.size() >= kDirect) {
    const net::IoResult wrote = stream_.write(bytes);
    if (wrote.state == net::Io::ok) {
      bytes.remove_prefix(wrote.bytes);
      written_ += static_cast<std::int64_t>(wrote.bytes);
    }
    if (!bytes.empty()) await_reader();
  }
  out_.append(bytes);
  if (chunked) out_.append("\r\n");
  if (out_.size() >= kHighWatermark) above_watermark_ = true;
  stream_.loop().run_next_round(*this);
}

void H1Server::send_end(const Fields& trailers) {
  if (response_framing_ == Framing::chunked) append_last_chunk(out_, trailers);
  response_ = Response::ended;
  events_ = nullptr;
  above_watermark_ = false;
  if (request_ == Request::body && !keep_alive_) {
    request_ = Request::complete;
  } else if (request_ == Request::body) {
    discarded_ = 0;
    resume_body();
  }
  stream_.loop().run_next_round(*this);
}

void H1Server::abort() {
  events_ = nullptr;
  write_out();
  // An end that only the closing tells must not look like one.
  if (response_framing_ == Framing::until_close) stream_.reset();
  out_.clear();
  close();
}

void H1Server::set_body_paused(bool paused) {
  if (body_paused_ == paused || request_ != Request::body) return;
  if (!paused) return resume_body();
  body_paused_ = true;
  if (!writing_waits_) net::Deadlines::clear(*this);
}

void H1Server::resume_body() {
  body_paused_ = false;
  reading_pace_.begin(stream_.loop().now(), received_);
  await_body();
  stream_.set_reading(true);
  stream_.read_pending();
  if (!in_.empty()) stream_.loop().run_later(*this);
}

void H1Server::await_body_patiently() {
  is_patient_ = true;
  if (request_ == Request::body && out_.empty()) net::Deadlines::clear(*this);
}

void H1Server::await_body() {
  if (!is_patient_ && !writing_waits_) worker_.deadlines.set_in(*this, worker_.limits.client_body_timeout);
}

void H1Server::on_stream_readable() {
  // What waits for the end of the round goes first: the client's end must not take it.
  if (!out_.empty() && !writing_waits_) run_task();
  switch (request_) {
    case Request::idle:
    case Request::head:
      return read_head();
    case Request::body:
      return read_body();
    case Request::complete:
      return read_ahead();
    case Request::lingering:
      return discard();
    case Request::closed:
      return;
  }
}

void H1Server::on_stream_writable() {
  if (!out_.empty()) return stream_.loop().run_later(*this);
  // It was TLS that had something to say, and held up a read for it.
  stream_.stop_writing_events();
  on_stream_readable();
}

// While the body is held back. What a tunnel still holds is for the other side, which has not ended.
void H1Server::on_stream_hung_up() {
  if (events_ != nullptr && !is_tunnel_) client_left();
}

void H1Server::on_deadline() {
  // Written at the end of this round: then it is known what to wait for.
  if (!out_.empty() && !writing_waits_)
    return worker_.deadlines.set_in(*this, worker_.limits.client_body_timeout);
  if (!out_.empty()) {  // what we write is not read, or too slowly
    const auto taken = written_ - static_cast<std::int64_t>(stream_.unacknowledged());
    if (!writing_pace_.holds(worker_.limits, stream_.loop().now(), taken)) return client_left();
    return worker_.deadlines.set_in(*this, worker_.limits.client_body_timeout);
  }
  switch (request_) {
    case Request::head:
      return refuse({Fault::request_timeout, "the head took too long"});
    case Request::body:
      if (events_ != nullptr)
        return events_->on_request_failed({Fault::request_timeout, "the body took too long"});
      return close();
    default:
      return close();
  }
}

// The end of a callback: writes what was gathered, then goes on with what waits in the buffer.
void H1Server::run_task() {
  flush();
  if (request_ == Request::body && !body_paused_ && !in_.empty()) {
    const std::size_t before = in_.size();
    const std::string_view rest = feed_body(in_.view());
    if (request_ == Request::closed) return;
    if (!in_.empty()) in_.consume(before - rest.size());
    if (request_ == Request::body && !body_paused_) stream_.read_pending();
  }
  if (request_ == Request::complete && response_ == Response::ended && out_.size() < kHighWatermark)
    begin_next_request();
}

void H1Server::read_head() {
  do {
    char* to = in_.reserve(kRead);
    const net::IoResult got = stream_.read(to, in_.room());
    if (got.state == net::Io::blocked) return in_.consume(0);
    if (got.state != net::Io::ok) return client_left();
    in_.commit(got.bytes);
    parse_head();
  } while ((request_ == Request::idle || request_ == Request::head) && stream_.has_pending());
}

void H1Server::parse_head() {
  if (request_ == Request::idle) {
    request_ = Request::head;
    method_ = Method::get;
    version_ = Version::http11;
    if (!first_request_) head_started_ = stream_.loop().now();
    events_ = &owner_.open_exchange(*this);
    parser_.use(worker_.limits);
    parser_.reset();
  }
  switch (parser_.parse(in_.view(), events_->request_head())) {
    case Parse::need_more:
      return worker_.deadlines.set(*this, head_started_ + worker_.limits.client_header_timeout);
    case Parse::failed:
      return refuse(parser_.error());
    case Parse::complete:
      return accept_head();
  }
}

void H1Server::accept_head() {
  const RequestHead& head = events_->request_head();
  method_ = head.method;
  version_ = head.version;
  keep_alive_ = head.keep_alive;
  awaits_continue_ = head.expects_continue;
  body_paused_ = true;
  first_request_ = false;
  if (!writing_waits_) net::Deadlines::clear(*this);
  body_.begin(head.framing, head.content_length, worker_.limits);
  request_ = head.has_body() ? Request::body : Request::complete;

  // The exchange keeps the bytes that the head points into; what follows them moves to a buffer of its own.
  net::Buffer storage = std::move(in_);
  in_ = net::Buffer(worker_.buffers);
  if (storage.size() > parser_.size()) in_.append(storage.view().substr(parser_.size()));
  events_->on_request_head(std::move(storage));
}

void H1Server::refuse(const Error& error) {
  request_ = Request::complete;
  keep_alive_ = false;
  in_.clear();
  net::Deadlines::clear(*this);
  events_->on_request_refused(error);
}

void H1Server::read_body() {
  if (body_paused_) return stream_.set_reading(false);
  if (!in_.empty()) return stream_.loop().run_later(*this);
  const net::IoResult got = stream_.read(worker_.scratch.data(), worker_.scratch.size());
  if (got.state == net::Io::blocked) return;
  if (got.state != net::Io::ok) return client_left();
  received_ += static_cast<std::int64_t>(got.bytes);
  const std::string_view rest = feed_body({worker_.scratch.data(), got.bytes});
  if (request_ == Request::closed) return;
  if (!rest.empty()) in_.append(rest);
  if (request_ == Request::body && !body_paused_) {
    // Once the answer is on its way, both may talk as slowly as they like.
    if (response_ == Response::none && events_ != nullptr && !is_patient_ &&
        !reading_pace_.holds(worker_.limits, stream_.loop().now(), received_))
      return events_->on_request_failed({Fault::request_timeout, "the body is too slow"});
    await_body();
    stream_.read_pending();
  }
}

// Delivers body bytes; returns those behind the body's end.
std::string_view H1Server::feed_body(std::string_view bytes) {
  while (request_ == Request::body && !bytes.empty()) {
    const BodyReader::Piece piece = body_.next(bytes);
    bytes.remove_prefix(piece.consumed);
    if (events_ == nullptr) {  // answered already: the rest is thrown away, within a bound
      discarded_ += piece.consumed;
      if (piece.state == BodyReader::State::failed || discarded_ > kDiscarded) keep_alive_ = false;
      if (!keep_alive_) {
        request_ = Request::complete;
        stream_.loop().run_later(*this);  // which ends the connection
      }
    } else if (!piece.data.empty()) {
      events_->on_request_body(piece.data);
    }
    if (piece.state == BodyReader::State::failed && request_ == Request::body) {
      keep_alive_ = false;
      if (events_ != nullptr) events_->on_request_failed({Fault::bad_request, "the body is malformed"});
      return {};
    }
    if (piece.state == BodyReader::State::done && request_ == Request::body) finish_request();
  }
  return bytes;
}

void H1Server::finish_request() {
  request_ = Request::complete;
  if (!writing_waits_) net::Deadlines::clear(*this);
  stream_.set_reading(true);  // to hear when the client leaves
  if (events_ != nullptr) return events_->on_request_end(body_.trailers());
  stream_.loop().run_later(*this);
}

// While a response is under way: bytes of later requests wait, and an end is heard.
void H1Server::read_ahead() {
  if (in_.size() >= kPipelined) return stream_.set_reading(false);
  char* to = in_.reserve(kRead);
  const net::IoResult got = stream_.read(to, in_.room());
  if (got.state == net::Io::ok) {
    return in_.commit(got.bytes);
  }
  in_.consume(0);
  if (got.state != net::Io::blocked) client_left();
}

void H1Server::discard() {
  const net::IoResult got = stream_.read(worker_.scratch.data(), worker_.scratch.size());
  if (got.state == net::Io::blocked) return;
  if (got.state != net::Io::ok) return close();
  discarded_ += got.bytes;
  if (discarded_ > 16 * kDiscarded) close();
}

void H1Server::begin_next_request() {
  if (owner_.is_draining()) keep_alive_ = false;
  if (!keep_alive_) {
    if (out_.empty()) linger();
    return;
  }
  request_ = Request::idle;
  response_ = Response::none;
  is_patient_ = false;
  stream_.set_reading(true);
  if (in_.empty())
    worker_.deadlines.set_in(*this, worker_.limits.idle_timeout);
  else
    parse_head();
  if (request_ == Request::idle || request_ == Request::head) stream_.read_pending();
  if (request_ == Request::idle && out_.empty()) owner_.on_codec_resting();
}

// The deadline stands until all is written: then the pace is looked at, not each small step.
void H1Server::await_reader() {
  if (writing_waits_) return;
  writing_waits_ = true;
  writing_pace_.begin(stream_.loop().now(), written_ - static_cast<std::int64_t>(stream_.unacknowledged()));
  worker_.deadlines.set_in(*this, worker_.limits.client_body_timeout);
}

void H1Server::write_out() {
  while (!out_.empty()) {
    const net::IoResult wrote = stream_.write(out_.view());
    if (wrote.state == net::Io::failed || wrote.state == net::Io::closed) return client_left();
    const std::size_t bytes = wrote.state == net::Io::ok ? wrote.bytes : 0;
    written_ += static_cast<std::int64_t>(bytes);
    if (bytes < out_.size()) await_reader();
    if (wrote.state == net::Io::blocked) return;
    out_.consume(bytes);
  }
}

void H1Server::flush() {
  if (request_ == Request::closed || out_.empty()) return;
  write_out();
  if (request_ == Request::closed) return;
  if (out_.empty()) {
    const bool waited = std::exchange(writing_waits_, false);
    stream_.stop_writing_events();
    if (request_ == Request::complete || (request_ == Request::body && (body_paused_ || is_patient_)))
      net::Deadlines::clear(*this);
    else if (waited && request_ == Request::body)
      worker_.deadlines.set_in(*this, worker_.limits.client_body_timeout);
  }
  if (!above_watermark_ || out_.size() > kLowWatermark) return;
  above_watermark_ = false;
  if (events_ != nullptr) events_->on_response_drained();
}

// The response is out; the client may still be sending. Closing now could reset what it has not read yet.
void H1Server::linger() {
  if (request_ == Request::lingering || request_ == Request::closed) return;
  request_ = Request::lingering;
  in_.clear();
  discarded_ = 0;
  stream_.end_writing();
  stream_.set_reading(true);
  worker_.deadlines.set_in(*this, kLinger);
}

void H1Server::client_left() {
  RequestEvents* events = std::exchange(events_, nullptr);
  if (events != nullptr) events->on_downstream_gone();
  out_.clear();
  close();
}

void H1Server::close() {
  if (request_ == Request::closed) return;
  if (RequestEvents* events = std::exchange(events_, nullptr)) events->on_downstream_gone();
  request_ = Request::closed;
  net::Deadlines::clear(*this);
  stream_.set_reading(false);
  owner_.on_codec_closed();
}

}  // namespace gw::http
