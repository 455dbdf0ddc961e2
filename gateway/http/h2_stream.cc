// SPDX-License-Identifier: Apache-2.0
#include "http/h2_stream.h"

#include <algorithm>
#include <utility>

namespace gw::http {

H2Stream::H2Stream(const Connection& connection, std::int32_t id)
    : connection_(connection),
      id_(id),
      in_(connection.worker.buffers),
      out_(connection.worker.buffers, *this),
      trailer_storage_(connection.worker.buffers) {}

H2Stream::~H2Stream() {
  connection_.loop.forget(*this);
  connection_.session.forget_body(id_);
  if (!in_.empty()) connection_.session.give_connection_window_back(in_.size());
}

void H2Stream::begin(RequestEvents& events, H2Head& fields, bool is_whole) {
  events_ = &events;
  RequestHead& head = events.request_head();
  const Status read = fields.finish_request(!is_whole, head);
  method_ = head.method;
  if (!read) return events.on_request_refused(read.error());
  if (head.has_body()) request_ = Request::body;
  events.on_request_head(fields.take_storage());
}

void H2Stream::on_body(std::string_view bytes) {
  // The window of a stream that takes no more stays shut.
  if (request_ != Request::body) return connection_.session.give_connection_window_back(bytes.size());
  if (body_paused_ || !in_.empty()) return in_.append(bytes);
  pass_on(bytes);
}

void H2Stream::on_trailers(H2Head& fields) {
  if (request_ != Request::body) return;
  const Status read = fields.finish_trailers(trailers_);
  if (!read) {
    connection_.session.reset(id_, H2Session::Reset::protocol_error);
    return flush_later();
  }
  trailer_storage_ = fields.take_storage();
}

void H2Stream::on_end() {
  if (request_ != Request::body) return;
  request_ = Request::received;
  update_deadline();
  if (!body_paused_ && in_.empty()) finish_request();
}

// RFC 9113 8.1: the response is out, and what still comes of the request is not wanted.
void H2Stream::on_sent() {
  if (!connection_.session.is_received(id_)) connection_.session.reset(id_, H2Session::Reset::no_error);
}

void H2Stream::on_gone() {
  RequestEvents* events = events_;
  response_ = Response::aborted;
  out_.break_off();
  stop_hearing();
  if (events != nullptr) events->on_downstream_gone();
}

void H2Stream::send_interim(const ResponseHead& head) {
  if (head.status == 101) return;  // not in this version (RFC 9113 8.6)
  connection_.session.submit_interim(id_, head);
  flush_later();
}

void H2Stream::send_head(const ResponseHead& head) {
  response_ = Response::head;
  bodiless_ = method_ == Method::head || head.status == 204 || head.status == 304 ||
              head.framing == Framing::none || (head.framing == Framing::length && head.content_length == 0);
  // To HEAD the length is told and the body left out (RFC 9110 9.3.2); a 204 has none, a 304 that of another.
  std::optional<std::uint64_t> length;
  if (head.framing == Framing::length && head.status != 204 && head.status != 304)
    length = head.content_length;
  else if (head.framing == Framing::none && method_ != Method::head && head.status >= 200 &&
           head.status != 204 && head.status != 304)
    length = 0;
  connection_.session.submit_head(id_, head, length, bodiless_ ? nullptr : &out_);
  flush_later();
}

void H2Stream::send_body(std::string_view bytes) {
  if (bytes.empty() || bodiless_) return;
  if (out_.empty()) connection_.session.resume_body(id_);
  out_.append(bytes);
  update_deadline();
  flush_later();
}

void H2Stream::send_end(const Fields& trailers) {
  response_ = Response::ended;
  out_.end(trailers);
  stop_hearing();
  if (!bodiless_) connection_.session.resume_body(id_);
  flush_later();
}

void H2Stream::abort() {
  response_ = Response::aborted;
  out_.break_off();
  stop_hearing();
  connection_.session.reset(id_, H2Session::Reset::internal_error);
  flush_later();
}

void H2Stream::set_body_paused(bool paused) {
  if (body_paused_ == paused || request_ == Request::complete) return;
  body_paused_ = paused;
  if (!paused) connection_.loop.run_later(*this);
  update_deadline();
}

void H2Stream::await_body_patiently() {
  is_patient_ = true;
  update_deadline();
}

// The end of a callback: what was held back.
void H2Stream::run_task() {
  if (std::exchange(drained_, false) && events_ != nullptr) events_->on_response_drained();
  while (request_ != Request::complete && !body_paused_ && !in_.empty()) {
    const net::Buffer held = std::exchange(in_, net::Buffer(connection_.worker.buffers));
    pass_on(held.view());
  }
  if (request_ == Request::received && !body_paused_ && in_.empty()) finish_request();
}

void H2Stream::on_deadline() {
  if (events_ != nullptr && out_.empty())
    return events_->on_request_failed({Fault::request_timeout, "the body took too long"});
  // The client does not read what it asked for.
  connection_.session.reset(id_, H2Session::Reset::cancel);
  flush_later();
  on_gone();
}

void H2Stream::on_body_taken(bool drained) {
  update_deadline();
  if (!drained || response_ == Response::ended) return;
  drained_ = true;
  connection_.loop.run_later(*this);
}

void H2Stream::pass_on(std::string_view bytes) {
  connection_.session.give_window_back(id_, bytes.size());
  update_deadline();
  flush_later();
  events_->on_request_body(bytes);
}

void H2Stream::finish_request() {
  request_ = Request::complete;
  events_->on_request_end(trailers_);
}

// Nothing of the request is wanted any more.
void H2Stream::stop_hearing() {
  events_ = nullptr;
  request_ = Request::complete;
  if (!in_.empty()) connection_.session.give_connection_window_back(in_.size());
  in_.clear();
  update_deadline();
}

// The client has something to do: to send its body, or to make room for ours.
void H2Stream::update_deadline() {
  const bool waits = !out_.empty() || (request_ == Request::body && !body_paused_ && !is_patient_);
  if (waits)
    connection_.worker.deadlines.set_in(*this, connection_.worker.limits.client_body_timeout);
  else
    net::Deadlines::clear(*this);
}

}  // namespace gw::http
