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
  if (writing_waits_) --connection_.traffic.readers;
  connection_.loop.forget(*this);
  connection_.session.forget_body(id_);
  drop_held();
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
  received_ += static_cast<std::int64_t>(bytes.size());
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
  if (!paused) {
    set_reading_pace();
    connection_.loop.run_later(*this);
  }
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
  if (events_ != nullptr && out_.empty()) {
    if (was_held_back()) return update_deadline();
    return events_->on_request_failed({Fault::request_timeout, "the body took too long"});
  }
  if (!out_.empty() && !reads_too_slowly())
    return connection_.worker.deadlines.set_in(*this, connection_.worker.limits.client_body_timeout);
  connection_.session.reset(id_, H2Session::Reset::cancel);
  flush_later();
  on_gone();
}

void H2Stream::on_body_taken(std::size_t bytes, bool drained) {
  taken_ += static_cast<std::int64_t>(bytes);
  behind_last_ = connection_.traffic.made() + static_cast<std::int64_t>(bytes);
  update_deadline();
  if (!drained || response_ == Response::ended) return;
  drained_ = true;
  connection_.loop.run_later(*this);
}

void H2Stream::pass_on(std::string_view bytes) {
  note_holding_back();
  connection_.session.give_window_back(id_, bytes.size());
  flush_later();
  events_->on_request_body(bytes);
  // Once the answer is on its way, both may talk as slowly as they like.
  if (awaits_body() && response_ == Response::none && sends_too_slowly())
    return events_->on_request_failed({Fault::request_timeout, "the body is too slow"});
  update_deadline();
}

void H2Stream::finish_request() {
  request_ = Request::complete;
  events_->on_request_end(trailers_);
}

// Nothing of the request is wanted any more.
void H2Stream::stop_hearing() {
  events_ = nullptr;
  request_ = Request::complete;
  drop_held();
  update_deadline();
}

void H2Stream::drop_held() {
  if (in_.empty()) return;
  note_holding_back();
  connection_.session.give_connection_window_back(in_.size());
  in_.clear();
}

// Before some of the window goes back.
void H2Stream::note_holding_back() {
  if (connection_.session.is_holding_peer_back())
    connection_.traffic.held_back_until = connection_.loop.now();
}

bool H2Stream::awaits_body() const {
  return events_ != nullptr && request_ == Request::body && !body_paused_ && !is_patient_;
}

void H2Stream::set_reading_pace() {
  reading_pace_.begin(connection_.loop.now(), received_);
}

void H2Stream::set_writing_pace() {
  behind_first_ = behind_last_;
  writing_pace_.begin(connection_.loop.now(), taken_);
  shared_pace_.begin(connection_.loop.now(), connection_.traffic.taken());
}

// A client can only be judged by a time in which it could send; another begins.
bool H2Stream::was_held_back() {
  if (!connection_.session.is_holding_peer_back() &&
      !reading_pace_.began_by(connection_.traffic.held_back_until))
    return false;
  set_reading_pace();
  return true;
}

bool H2Stream::sends_too_slowly() {
  return !was_held_back() &&
         !reading_pace_.holds(connection_.worker.limits, connection_.loop.now(), received_);
}

// A client that has got what was sent before this time began could have opened its windows since. Else the
// connection is what it takes from too slowly, and as long as that is so each stream has a share of it.
bool H2Stream::reads_too_slowly() {
  const Limits& limits = connection_.worker.limits;
  const TimePoint now = connection_.loop.now();
  const std::int64_t all_taken = connection_.traffic.taken();
  const bool holds = connection_.session.is_held_by_peer(id_) && all_taken >= behind_first_
                         ? writing_pace_.holds(limits, now, taken_)
                         : shared_pace_.holds(limits, now, all_taken, connection_.traffic.readers);
  set_writing_pace();
  return !holds;
}

// The client has something to do: to make room for our body, or to send its own. The deadline of the first
// stands until all is taken: then the pace is looked at, not each small step.
void H2Stream::update_deadline() {
  net::Deadlines& deadlines = connection_.worker.deadlines;
  const Duration timeout = connection_.worker.limits.client_body_timeout;
  const bool waited = std::exchange(writing_waits_, !out_.empty());
  if (waited && !writing_waits_) --connection_.traffic.readers;
  if (waited && writing_waits_) return;
  if (writing_waits_) {
    ++connection_.traffic.readers;
    set_writing_pace();
    deadlines.set_in(*this, timeout);
  } else if (request_ == Request::body && !body_paused_ && !is_patient_) {
    deadlines.set_in(*this, timeout);
  } else {
    net::Deadlines::clear(*this);
  }
}

}  // namespace gw::http
