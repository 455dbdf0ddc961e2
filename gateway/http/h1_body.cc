// SPDX-License-Identifier: Apache-2.0
// BodyReader of h1_parser.h (RFC 9112 sections 6 and 7).
#include <algorithm>

#include "http/h1_parser.h"
#include "http/h1_syntax.h"
#include "http/scan.h"

namespace gw::http {
namespace {

constexpr unsigned kMaxSizeDigits = 16;
constexpr std::size_t kMaxExtensionBytes = 1024;  // of all chunks of a body

}  // namespace

void BodyReader::begin(Framing framing, std::uint64_t length, const Limits& limits) {
  framing_ = framing;
  limits_ = &limits;
  remaining_ = framing == Framing::length ? length : 0;
  digits_ = 0;
  extension_bytes_ = 0;
  trailer_bytes_.clear();
  trailer_line_ = 0;
  trailers_.clear();
  const bool has_body = framing == Framing::chunked || framing == Framing::until_close ||
                        (framing == Framing::length && length > 0);
  state_ = has_body ? State::more : State::done;
  step_ = framing == Framing::chunked ? Step::size : Step::end;
}

BodyReader::Piece BodyReader::next(std::string_view bytes) {
  if (state_ != State::more) return {{}, 0, state_};
  switch (framing_) {
    case Framing::chunked:
      return next_chunked(bytes);
    case Framing::length:
      return next_counted(bytes);
    default:
      return {bytes, bytes.size(), state_};
  }
}

BodyReader::State BodyReader::at_eof() const {
  if (state_ == State::more && framing_ == Framing::until_close) return State::done;
  return state_ == State::done ? State::done : State::failed;
}

BodyReader::Piece BodyReader::next_counted(std::string_view bytes) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size()));
  remaining_ -= size;
  if (remaining_ == 0) state_ = State::done;
  return {bytes.substr(0, size), size, state_};
}

// Walks over framing until a run of data, the end of the body or the end of the bytes.
BodyReader::Piece BodyReader::next_chunked(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ == State::more) {
    if (step_ == Step::data) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size() - at));
      remaining_ -= size;
      if (remaining_ == 0) step_ = Step::data_cr;
      return {bytes.substr(at, size), at + size, state_};
    }
    const bool is_well_formed =
        step_ == Step::trailers ? take_trailers(bytes, at) : take_framing_byte(bytes[at++]);
    if (!is_well_formed) state_ = State::failed;
  }
  return {{}, at, state_};
}

bool BodyReader::take_framing_byte(char c) {
  switch (step_) {
    case Step::size:
      return take_size_byte(c);
    case Step::extension:
      return take_extension_byte(c) && (c == '\r' || ++extension_bytes_ <= kMaxExtensionBytes);
    case Step::size_lf:
      step_ = remaining_ == 0 ? Step::trailers : Step::data;
      digits_ = 0;
      return c == '\n';
    case Step::data_cr:
      step_ = Step::data_lf;
      return c == '\r';
    case Step::data_lf:
      step_ = Step::size;
      return c == '\n';
    default:
      return false;
  }
}

bool BodyReader::take_size_byte(char c) {
  if (const int value = hex_value(c); value >= 0) {
    remaining_ = remaining_ << 4 | static_cast<unsigned>(value);
    return ++digits_ <= kMaxSizeDigits && remaining_ <= static_cast<std::uint64_t>(INT64_MAX);
  }
  if (digits_ == 0) return false;
  if (c == '\r') {
    step_ = Step::size_lf;
    return true;
  }
  step_ = Step::extension;
  extension_ = Extension::name_start;
  return c == ';' && ++extension_bytes_ <= kMaxExtensionBytes;
}

// RFC 9112 7.1.1. Nobody here wants to know what it says; but parsers that skip it in different ways have
// found different ends of its line.
bool BodyReader::take_extension_byte(char c) {
  const bool is_token = folded_byte(c) != 0;
  const auto to = [this](Extension next) {
    extension_ = next;
    return true;
  };
  switch (extension_) {
    case Extension::name_start:
      return is_blank(c) || (is_token && to(Extension::name));
    case Extension::value_start:
      if (c == '"') return to(Extension::quoted);
      return is_blank(c) || (is_token && to(Extension::token));
    case Extension::quoted:
      if (c == '"') return to(Extension::closed);
      return c == '\\' ? to(Extension::escaped) : !is_control(c);
    case Extension::escaped:
      return !is_control(c) && to(Extension::quoted);
    case Extension::name:
    case Extension::token:
      if (is_token) return true;
      break;
    case Extension::name_end:
    case Extension::closed:
    case Extension::value_end:
      break;
  }
  // Behind a name or a value.
  const bool has_value = extension_ != Extension::name && extension_ != Extension::name_end;
  const bool may_end = extension_ != Extension::name_end && extension_ != Extension::value_end;
  if (c == ';') return to(Extension::name_start);
  if (c == '=') return !has_value && to(Extension::value_start);
  if (is_blank(c)) return to(has_value ? Extension::value_end : Extension::name_end);
  step_ = Step::size_lf;
  return c == '\r' && may_end;
}

// Keeps the trailer section up to its empty line, in lines as they come.
bool BodyReader::take_trailers(std::string_view bytes, std::size_t& at) {
  const std::string_view rest = bytes.substr(at);
  const std::size_t line_feed = rest.find('\n');
  const bool is_line = line_feed != std::string_view::npos;
  const std::string_view taken = is_line ? rest.substr(0, line_feed + 1) : rest;
  if (taken.size() > limits_->header_bytes - trailer_bytes_.size()) return false;
  // Only the last byte that was there can have been half a line end.
  const std::size_t unread = std::max(trailer_line_, trailer_bytes_.size() - !trailer_bytes_.empty());
  append_trailers(taken);
  at += taken.size();

  const LineEnd end = find_line_end(trailer_bytes_, unread);
  if (end.kind == LineEnd::Kind::malformed) return false;
  return end.kind == LineEnd::Kind::incomplete || take_trailer_line();
}

bool BodyReader::take_trailer_line() {
  const std::string_view all = trailer_bytes_;
  const std::string_view line = all.substr(trailer_line_, all.size() - trailer_line_ - 2);
  trailer_line_ = all.size();
  if (line.empty()) {
    step_ = Step::end;
    state_ = State::done;
    return true;
  }
  Field field;
  if (trailers_.size() == limits_->headers || parse_field_line(line, field) != nullptr) return false;
  trailers_.push(field);
  return true;
}

void BodyReader::append_trailers(std::string_view bytes) {
  const char* const before = trailer_bytes_.data();
  trailer_bytes_.append(bytes);
  if (trailer_bytes_.data() != before) rebase(trailers_, before, trailer_bytes_.data());
}

}  // namespace gw::http
