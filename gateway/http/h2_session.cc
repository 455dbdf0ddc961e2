// SPDX-License-Identifier: Apache-2.0
#include "http/h2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>

#include "http/h2_field_list.h"

namespace gw::http {
namespace {

constexpr std::uint32_t kStreamWindow = 64 * 1024;
// Of all streams together. A client that holds its own back harms itself; on a connection to a server,
// streams of many clients meet, and those that read slowly must not use up what the others need.
constexpr std::int32_t kClientsWindow = 1024 * 1024;
constexpr std::int32_t kServersWindow = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kSentHead = 64 * 1024;  // nghttp2's own limit
constexpr std::size_t kFrameHead = 9;
constexpr std::size_t kLeastRoom = 1024;  // smaller frames of a body are not worth their head
constexpr std::size_t kMostBodyFrame = 16 * 1024;

std::string_view text_of(const nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(const_cast<nghttp2_rcbuf*>(buffer));
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

std::uint32_t code_of(H2Session::Reset reason) {
  switch (reason) {
    case H2Session::Reset::no_error:
      return NGHTTP2_NO_ERROR;
    case H2Session::Reset::protocol_error:
      return NGHTTP2_PROTOCOL_ERROR;
    case H2Session::Reset::cancel:
      return NGHTTP2_CANCEL;
    case H2Session::Reset::internal_error:
      break;
  }
  return NGHTTP2_INTERNAL_ERROR;
}

H2Budget::Cost cost_of(const nghttp2_frame_hd& frame) {
  switch (frame.type) {
    case NGHTTP2_WINDOW_UPDATE:
      return H2Budget::Cost::window_update;
    case NGHTTP2_RST_STREAM:
      return H2Budget::Cost::reset;
    default:
      return H2Budget::Cost::control;
  }
}

bool is_free(const nghttp2_frame_hd& frame) {
  const bool ends = (frame.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  return frame.type == NGHTTP2_HEADERS || (frame.type == NGHTTP2_DATA && (frame.length != 0 || ends));
}

bool is_request(const nghttp2_frame& frame) {
  return frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}

}  // namespace

// What nghttp2 calls. Records, and decides only what nghttp2 asks for.
struct H2Callbacks {
  using Kind = H2Session::Event::Kind;
  static H2Session& of(void* user) { return *static_cast<H2Session*>(user); }

  static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* hd, void* user) noexcept {
    if (!is_free(*hd)) of(user).spend(cost_of(*hd));
    return 0;
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame*, void* user) noexcept {
    H2Session& self = of(user);
    self.head_since_ = self.now_;
    self.head_ = std::make_unique<H2Head>(self.pool_, self.limits_);
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                       std::uint8_t, void* user) noexcept {
    H2Session& self = of(user);
    if (self.head_ == nullptr || self.head_->add(text_of(name), text_of(value))) return 0;
    self.head_.reset();
    self.head_since_.reset();
    self.spend(H2Budget::Cost::fault);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  // Without this nghttp2 would leave such a field out and go on.
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf*, nghttp2_rcbuf*,
                               std::uint8_t, void*) noexcept {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) noexcept {
    H2Session& self = of(user);
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        self.head_since_.reset();
        if (self.head_ == nullptr) break;
        if (self.side_ == H2Session::Side::client || is_request(*frame)) {
          self.record_head(Kind::head, frame->hd.stream_id, ends);
          return 0;
        }
        self.record_head(Kind::trailers, frame->hd.stream_id, ends);
        break;
      case NGHTTP2_DATA:
        if (!ends && frame->hd.length != 0 && frame->hd.length <= frame->data.padlen)
          self.spend(H2Budget::Cost::control);
        break;
      case NGHTTP2_SETTINGS:
        self.begun_ = true;
        return 0;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) self.record(Kind::ponged, 0);
        return 0;
      default:
        return 0;
    }
    if (ends) self.record(Kind::end, frame->hd.stream_id);
    return 0;
  }

  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int error, void* user) noexcept {
    H2Session& self = of(user);
    if (frame->hd.type == NGHTTP2_HEADERS) self.head_since_.reset();
    // An honest client may overshoot the limit of streams before it has read our settings.
    self.spend(error == NGHTTP2_ERR_REFUSED_STREAM ? H2Budget::Cost::control : H2Budget::Cost::fault);
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
                     std::size_t size, void* user) noexcept {
    of(user).record(Kind::body, stream, {reinterpret_cast<const char*>(data), size});
    return 0;
  }

  static int on_closed(nghttp2_session*, std::int32_t stream, std::uint32_t code, void* user) noexcept {
    if (code == NGHTTP2_NO_ERROR) of(user).budget_.on_response_complete();
    of(user).record(Kind::closed, stream);
    of(user).events_.back().outcome = code == NGHTTP2_NO_ERROR         ? H2Session::Outcome::clean
                                      : code == NGHTTP2_REFUSED_STREAM ? H2Session::Outcome::refused
                                                                       : H2Session::Outcome::broken;
    return 0;
  }

  static int on_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) noexcept {
    if (frame->hd.type == NGHTTP2_DATA) of(user).budget_.on_data_sent();
    if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) return 0;
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) of(user).record(Kind::sent, frame->hd.stream_id);
    return 0;
  }

  static ssize_t read_body(nghttp2_session* session, std::int32_t stream, std::uint8_t* to, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source*, void* user) noexcept {
    using State = H2Session::Body::Piece::State;
    auto* body = static_cast<H2Session::Body*>(nghttp2_session_get_stream_user_data(session, stream));
    if (body == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const auto piece = body->read_body(reinterpret_cast<char*>(to), std::min(room, of(user).room_));
    switch (piece.state) {
      case State::waiting:
        return NGHTTP2_ERR_DEFERRED;
      case State::broken:
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
      case State::last:
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (body->trailers().size() != 0 && submit_trailers(session, stream, body->trailers()))
          *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        break;
      case State::more:
        break;
    }
    return static_cast<ssize_t>(piece.bytes);
  }

  // False when none is left of them.
  static bool submit_trailers(nghttp2_session* session, std::int32_t stream, const Fields& trailers) {
    const H2FieldList fields(trailers);
    return fields.size() != 0 && nghttp2_submit_trailer(session, stream, fields.data(), fields.size()) == 0;
  }

  static nghttp2_session* make(H2Session& self) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_option* option = nullptr;
    if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0) std::abort();
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback2(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_closed);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    // What was taken in may go out, however the configuration limits it.
    nghttp2_option_set_max_send_header_block_length(option, kSentHead + 2 * self.limits_.header_bytes);
    nghttp2_session* session = nullptr;
    const int made = self.side_ == H2Session::Side::server
                         ? nghttp2_session_server_new2(&session, callbacks, &self, option)
                         : nghttp2_session_client_new2(&session, callbacks, &self, option);
    if (made != 0) std::abort();
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return session;
  }
};

H2Session::H2Session(Side side, net::BufferPool& pool, const Limits& limits)
    : pool_(pool), limits_(limits), side_(side), session_(H2Callbacks::make(*this)) {
  const bool is_server = side == Side::server;
  const std::array<nghttp2_settings_entry, 4> settings{{
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.header_bytes)},
      {is_server ? NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS : NGHTTP2_SETTINGS_ENABLE_PUSH,
       is_server ? limits.h2_streams : 0},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        is_server ? kClientsWindow : kServersWindow);
}

H2Session::~H2Session() {
  nghttp2_session_del(session_);
}

bool H2Session::receive(std::string_view bytes, TimePoint now) {
  events_.clear();
  now_ = now;
  const ssize_t taken =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return taken >= 0;
}

bool H2Session::send(net::Buffer& out, std::size_t limit) {
  events_.clear();
  while (out.size() + kFrameHead + kLeastRoom <= limit) {
    room_ = std::min(kMostBodyFrame, limit - out.size() - kFrameHead);
    const std::uint8_t* frames = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &frames);
    if (size < 0) return false;
    if (size == 0) return true;
    out.append({reinterpret_cast<const char*>(frames), static_cast<std::size_t>(size)});
  }
  return true;
}

bool H2Session::is_over() const {
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

bool H2Session::is_open(std::int32_t stream) const {
  return nghttp2_session_find_stream(session_, stream) != nullptr;
}

bool H2Session::is_received(std::int32_t stream) const {
  return nghttp2_session_get_stream_remote_close(session_, stream) != 0;
}

bool H2Session::may_open() const {
  return nghttp2_session_check_request_allowed(session_) != 0;
}

std::size_t H2Session::allowed_streams() const {
  // Until the server has told us, it is asked for one thing: nearly all allow many, and those that do not
  // would refuse the others.
  if (!begun_) return 1;
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

void H2Session::submit_interim(std::int32_t stream, const ResponseHead& head) {
  const H2FieldList fields(head, std::nullopt);
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream, nullptr, fields.data(), fields.size(), nullptr);
}

void H2Session::submit_head(std::int32_t stream, const ResponseHead& head,
                            std::optional<std::uint64_t> content_length, Body* body) {
  // Streams share the connection in turns; clients' wishes are not asked for.
  const nghttp2_extpri in_turns{NGHTTP2_EXTPRI_DEFAULT_URGENCY, 1};
  nghttp2_session_change_extpri_stream_priority(session_, stream, &in_turns, 1);
  const H2FieldList fields(head, content_length);
  nghttp2_data_provider provider{};
  provider.read_callback = &H2Callbacks::read_body;
  nghttp2_session_set_stream_user_data(session_, stream, body);
  if (nghttp2_submit_response(session_, stream, fields.data(), fields.size(),
                              body != nullptr ? &provider : nullptr) != 0)
    reset(stream, Reset::internal_error);
}

std::int32_t H2Session::submit_request(const UpstreamRequest& request, std::string_view scheme, Body* body) {
  path_ = request.path;
  if (request.has_query) path_.append("?").append(request.query);
  const H2FieldList fields(request, scheme, path_);
  nghttp2_data_provider provider{};
  provider.read_callback = &H2Callbacks::read_body;
  const std::int32_t stream = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                                     body != nullptr ? &provider : nullptr, body);
  return std::max(stream, 0);
}

void H2Session::forget_body(std::int32_t stream) {
  nghttp2_session_set_stream_user_data(session_, stream, nullptr);
}

void H2Session::resume_body(std::int32_t stream) {
  nghttp2_session_resume_data(session_, stream);  // an error says that it does not wait
}

void H2Session::reset(std::int32_t stream, Reset reason) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, code_of(reason));
}

void H2Session::give_window_back(std::int32_t stream, std::size_t bytes) {
  if (is_open(stream))
    nghttp2_session_consume(session_, stream, bytes);
  else
    give_connection_window_back(bytes);
}

void H2Session::give_connection_window_back(std::size_t bytes) {
  nghttp2_session_consume_connection(session_, bytes);
}

bool H2Session::is_holding_peer_back() const {
  return nghttp2_session_get_local_window_size(session_) < static_cast<std::int32_t>(kMostBodyFrame);
}

bool H2Session::is_held_by_peer(std::int32_t stream) const {
  return nghttp2_session_get_stream_remote_window_size(session_, stream) <= 0 ||
         nghttp2_session_get_remote_window_size(session_) <= 0;
}

void H2Session::ping() {
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
}

void H2Session::announce_end() {
  nghttp2_submit_shutdown_notice(session_);
  ping();
}

void H2Session::refuse_new_streams() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

void H2Session::end(Ending ending) {
  nghttp2_session_terminate_session(
      session_, ending == Ending::too_much ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_NO_ERROR);
}

void H2Session::spend(H2Budget::Cost cost) {
  // A server that breaks off what we asked for has cost us a request, not the other way round.
  if (side_ == Side::client && cost == H2Budget::Cost::reset) return;
  if (!budget_.spend(cost, now_)) overspent_ = true;
}

void H2Session::record(Event::Kind kind, std::int32_t stream, std::string_view bytes) {
  events_.push_back({kind, stream, bytes, nullptr});
}

void H2Session::record_head(Event::Kind kind, std::int32_t stream, bool is_whole) {
  events_.push_back({kind, stream, {}, std::move(head_), is_whole});
}

}  // namespace gw::http
