// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 messages from bytes (RFC 9112), strict: what two parsers could read differently is refused.
// Nothing is copied: heads are views into the caller's bytes. Incremental: called again with the same bytes
// and more behind them, it goes on where it stopped, also when the bytes have moved in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/limits.h"
#include "http/message.h"

namespace gw::http {

enum class Parse : std::uint8_t { need_more, complete, failed };

// One request head. A line is judged when it is complete, so malformed input is refused as soon as it is
// seen. Faults: bad_request, bad_path (a byte in the target that no two servers read alike), uri_too_long,
// header_too_large, expectation_failed, method_not_allowed (CONNECT, TRACE). None leaves a connection to go
// on with.
class RequestParser {
 public:
  explicit RequestParser(const Limits& limits) : limits_(&limits) {}
  void use(const Limits& limits) { limits_ = &limits; }

  // `bytes` begins with the first byte of the message. On `complete`, `head` is filled and size() bytes of
  // `bytes` were the head, including an empty line that came before it.
  Parse parse(std::string_view bytes, RequestHead& head);
  std::size_t size() const { return at_; }
  // True as soon as any byte of a message was seen (an empty line before it does not count).
  bool has_begun() const;
  const Error& error() const { return error_; }
  void reset();

 private:
  struct Line {  // as much of a request line as is there
    std::string_view method;
    std::string_view target;
    std::string_view version;
  };

  void follow(std::string_view bytes, RequestHead& head);
  Parse split_request_line(std::string_view text, Line& line);
  Parse parse_unfinished(std::string_view text, bool malformed);
  Parse parse_line(std::string_view text, RequestHead& head);
  Parse parse_request_line(std::string_view text, RequestHead& head);
  Parse parse_target(std::string_view target, RequestHead& head);
  Parse parse_absolute_form(std::string_view target, RequestHead& head);
  Parse finish(RequestHead& head);
  Parse check_host(std::string_view host, RequestHead& head);
  Parse fail(Fault fault, const char* why);

  enum class State : std::uint8_t { start, fields, done, failed };
  const Limits* limits_;
  State state_ = State::start;
  bool is_https_ = false;    // the scheme of a target in absolute-form
  std::size_t at_ = 0;       // start of the line being read
  std::size_t scanned_ = 0;  // no line end before here
  const char* base_ = nullptr;
  Error error_{Fault::bad_request};
};

// One response head, also an interim one (1xx). The method of the request decides about the body.
// Fault: upstream_protocol.
class ResponseParser {
 public:
  explicit ResponseParser(const Limits& limits) : limits_(&limits) {}

  Parse parse(std::string_view bytes, Method request_method, ResponseHead& head);
  std::size_t size() const { return at_; }
  const Error& error() const { return error_; }
  void reset();

 private:
  void follow(std::string_view bytes, ResponseHead& head);
  Parse parse_line(std::string_view text, Method request_method, ResponseHead& head);
  Parse parse_status_line(std::string_view text, ResponseHead& head);
  Parse finish(Method request_method, ResponseHead& head);
  Parse fail(const char* why);

  enum class State : std::uint8_t { start, fields, done, failed };
  const Limits* limits_;
  State state_ = State::start;
  std::size_t at_ = 0;
  std::size_t scanned_ = 0;
  const char* base_ = nullptr;
  Error error_{Fault::upstream_protocol};
};

// The body of one message: strips the framing, counts, and collects the trailers.
class BodyReader {
 public:
  enum class State : std::uint8_t { more, done, failed };
  struct Piece {
    std::string_view data;     // of the body; may be empty
    std::size_t consumed = 0;  // of the bytes that were given
    State state = State::more;
  };

  void begin(Framing framing, std::uint64_t length, const Limits& limits);
  // Takes the next piece from `bytes`. Call again while it consumes and says `more`.
  // Chunk extensions are read to the letter (RFC 9112 7.1.1) and skipped, up to 1 KiB a body; sizes have 1 to
  // 16 hex digits and nothing else.
  Piece next(std::string_view bytes);
  // The connection has ended: whether that completes the body (until_close) or cuts it off.
  State at_eof() const;
  State state() const { return state_; }
  // Bytes of Framing::length still to come.
  std::uint64_t remaining() const { return remaining_; }
  // Names and values are the reader's own copies, until begin().
  Fields& trailers() { return trailers_; }
  const Fields& trailers() const { return trailers_; }

 private:
  enum class Step : std::uint8_t { size, extension, size_lf, data, data_cr, data_lf, trailers, end };
  // Of `; name = "value"`: what comes next, or what is being read. A CR may follow name, token and closed.
  enum class Extension : std::uint8_t {
    name_start,
    name,
    name_end,
    value_start,
    token,
    quoted,
    escaped,
    closed,
    value_end
  };
  Piece next_counted(std::string_view bytes);
  Piece next_chunked(std::string_view bytes);
  bool take_framing_byte(char c);
  bool take_size_byte(char c);
  bool take_extension_byte(char c);
  bool take_trailers(std::string_view bytes, std::size_t& at);
  bool take_trailer_line();
  void append_trailers(std::string_view bytes);

  Framing framing_ = Framing::none;
  State state_ = State::done;
  Step step_ = Step::end;
  Extension extension_ = Extension::name_start;
  std::uint64_t remaining_ = 0;
  unsigned digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::string trailer_bytes_;
  std::size_t trailer_line_ = 0;  // start of the line being read
  Fields trailers_;
  const Limits* limits_ = nullptr;
};

}  // namespace gw::http
