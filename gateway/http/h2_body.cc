// SPDX-License-Identifier: Apache-2.0
#include "http/h2_body.h"

#include <algorithm>

#include "http/h1_syntax.h"

namespace gw::http {

void H2Body::append(std::string_view bytes) {
  out_.append(bytes);
  if (out_.size() >= ClientStream::kHighWatermark) above_watermark_ = true;
}

void H2Body::end(const Fields& trailers) {
  state_ = State::ended;
  for (const Field& field : trailers) {
    if (field.dropped) continue;
    Field kept = field;
    const std::size_t at = trailer_bytes_.size();
    const char* const before = trailer_bytes_.data();
    trailer_bytes_.append(field.name).append(field.value);
    rebase(trailers_, before, trailer_bytes_.data());
    kept.name = std::string_view(trailer_bytes_).substr(at, field.name.size());
    kept.value = std::string_view(trailer_bytes_).substr(at + field.name.size());
    trailers_.push(kept);
  }
}

void H2Body::break_off() {
  state_ = State::broken;
  out_.clear();
}

H2Body::Piece H2Body::read_body(char* to, std::size_t room) {
  using Is = Piece::State;
  if (state_ == State::broken) return {Is::broken, 0};
  const std::size_t size = std::min(room, out_.size());
  out_.view().copy(to, size);
  if (size != 0) out_.consume(size);
  const bool drained = above_watermark_ && out_.size() <= ClientStream::kLowWatermark;
  if (drained) above_watermark_ = false;
  events_.on_body_taken(size, drained);
  if (state_ == State::ended) return {out_.empty() ? Is::last : Is::more, size};
  return {size == 0 ? Is::waiting : Is::more, size};
}

}  // namespace gw::http
