// SPDX-License-Identifier: Apache-2.0
#include "http/h2_client_stream.h"

#include <utility>

#include "http/h2_client.h"

namespace gw::http {

H2ClientStream::H2ClientStream(H2Client& connection, net::BufferPool& buffers, bool is_reused)
    : connection_(&connection),
      loop_(connection.loop()),
      in_(buffers),
      out_(buffers, *this),
      trailer_storage_(buffers),
      is_reused_(is_reused) {}

H2ClientStream::~H2ClientStream() {
  loop_.forget(*this);
  leave();
}

void H2ClientStream::send_head(const UpstreamRequest& request, ResponseEvents& events) {
  events_ = &events;
  state_ = State::head;
  method_ = request.method;
  has_body_ =
      request.framing != Framing::none && (request.framing != Framing::length || request.content_length != 0);
  asked_ = loop_.now();
  if (connection_ != nullptr) id_ = connection_->send_head(*this, request, has_body_ ? &out_ : nullptr);
  if (id_ != 0) return;
  lost_ = "the connection takes no more requests";
  loop_.run_later(*this);
}

void H2ClientStream::send_body(std::string_view bytes) {
  if (bytes.empty() || connection_ == nullptr || id_ == 0) return;
  if (out_.empty()) connection_->session().resume_body(id_);
  out_.append(bytes);
  connection_->flush_later();
}

void H2ClientStream::send_end(const Fields& trailers) {
  if (!has_body_ || connection_ == nullptr || id_ == 0) return;
  out_.end(trailers);
  connection_->session().resume_body(id_);
  connection_->flush_later();
}

void H2ClientStream::set_body_paused(bool paused) {
  if (paused_ == paused) return;
  paused_ = paused;
  if (!paused) loop_.run_later(*this);
}

void H2ClientStream::cancel() {
  events_ = nullptr;
  if (connection_ != nullptr && id_ != 0 && state_ == State::head && !received_) connection_->probe(asked_);
  state_ = State::done;
  leave();
}

void H2ClientStream::on_head(H2Head& fields, bool is_whole) {
  if (state_ == State::body) return take_trailers(fields);
  if (state_ != State::head) return;
  if (auto read = fields.finish_response(method_, !is_whole, head_); !read)
    return fail(UpstreamFailure::protocol, "the head of the answer is malformed");
  if (head_.status < 200) {
    if (is_whole) return fail(UpstreamFailure::protocol, "an interim answer ends the stream");
    answering_ = true;
    return events_->on_interim_head(head_);
  }
  state_ = State::body;
  received_ = is_whole;
  events_->on_response_head(head_);
  deliver_end();
}

void H2ClientStream::take_trailers(H2Head& fields) {
  if (!fields.finish_trailers(trailers_))
    return fail(UpstreamFailure::protocol, "the trailers are malformed");
  trailer_storage_ = fields.take_storage();
  on_end();
}

void H2ClientStream::on_body(std::string_view bytes) {
  if (state_ != State::body) return connection_->session().give_connection_window_back(bytes.size());
  if (paused_ || !in_.empty()) return in_.append(bytes);
  pass_on(bytes);
}

void H2ClientStream::on_closed(H2Session::Outcome outcome) {
  id_ = 0;
  leave();
  if (received_ || state_ == State::done) return;
  if (state_ == State::body)
    return fail(UpstreamFailure::truncated, "the stream was reset within the answer");
  fail(outcome == H2Session::Outcome::refused ? UpstreamFailure::refused : UpstreamFailure::protocol,
       "the stream was reset before the answer");
}

void H2ClientStream::on_connection_lost(const char* why) {
  id_ = 0;
  if (received_ || state_ == State::done) return;
  if (state_ == State::idle) return;  // send_head() will find out
  if (state_ == State::body) return fail(UpstreamFailure::truncated, why);
  fail(answering_ ? UpstreamFailure::protocol : UpstreamFailure::unanswered, why);
}

void H2ClientStream::on_body_taken(std::size_t, bool drained) {
  if (!drained) return;
  drained_ = true;
  loop_.run_later(*this);
}

// The end of a callback: what was held back.
void H2ClientStream::run_task() {
  if (lost_ != nullptr) return fail(UpstreamFailure::refused, std::exchange(lost_, nullptr));
  if (std::exchange(drained_, false) && events_ != nullptr) events_->on_upstream_drained();
  while (state_ == State::body && !paused_ && !in_.empty()) {
    const net::Buffer held = std::exchange(in_, net::Buffer(in_.pool()));
    pass_on(held.view());
  }
  deliver_end();
}

void H2ClientStream::pass_on(std::string_view bytes) {
  if (connection_ != nullptr) {
    if (id_ != 0) connection_->session().give_window_back(id_, bytes.size());
    connection_->flush_later();
  }
  events_->on_response_body(bytes);
}

void H2ClientStream::deliver_end() {
  if (!received_ || state_ != State::body || paused_ || !in_.empty()) return;
  state_ = State::done;
  std::exchange(events_, nullptr)->on_response_end(trailers_);
}

void H2ClientStream::fail(UpstreamFailure failure, const char* why) {
  state_ = State::done;
  leave();
  if (ResponseEvents* events = std::exchange(events_, nullptr)) events->on_upstream_failed(failure, why);
}

// Nothing of this stream goes to the session any more, nor comes from it.
void H2ClientStream::leave() {
  H2Client* connection = std::exchange(connection_, nullptr);
  if (connection == nullptr) return;
  H2Session& session = connection->session();
  if (!in_.empty()) session.give_connection_window_back(in_.size());
  if (id_ != 0) {
    session.forget_body(id_);
    // What the server has answered to the end is closed by now, unless it did not want all of the request.
    if (!received_ || session.is_open(id_)) session.reset(id_, H2Session::Reset::cancel);
    connection->flush_later();
  }
  connection->forget(*this);
}

}  // namespace gw::http
