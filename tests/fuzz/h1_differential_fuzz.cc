// SPDX-License-Identifier: Apache-2.0
// Our parser of HTTP/1 beside another one (libhttp-parser): wherever both accept a message, they agree on its
// method, target, status, fields, body and trailers. The first byte says which kind it is: 'Q' a request,
// anything else a response.
#include <http_parser.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/h1_parser.h"

namespace {

using namespace gw::http;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Seen {
  std::string method;
  std::string target;
  unsigned status = 0;
  std::vector<std::pair<std::string, std::string>> fields;  // trailers behind them
  std::size_t head_fields = 0;
  std::string body;
};

std::string trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return std::string(text);
}

void copy_fields(const Fields& fields, Seen& seen) {
  for (const Field& field : fields)
    seen.fields.emplace_back(std::string(field.name), std::string(field.value));
}

// Of the bytes behind the head. False when the body is not whole.
bool read_body(std::string_view bytes, Framing framing, std::uint64_t length, const Limits& limits,
               Seen& seen) {
  BodyReader reader;
  reader.begin(framing, length, limits);
  while (reader.state() == BodyReader::State::more && !bytes.empty()) {
    const BodyReader::Piece piece = reader.next(bytes);
    seen.body.append(piece.data);
    bytes.remove_prefix(piece.consumed);
  }
  if (reader.state() == BodyReader::State::more && reader.at_eof() != BodyReader::State::done) return false;
  if (reader.state() == BodyReader::State::failed) return false;
  copy_fields(reader.trailers(), seen);
  return true;
}

std::optional<Seen> ours(std::string_view bytes, bool is_request, const Limits& limits,
                         RequestHead& request) {
  Seen seen;
  if (is_request) {
    RequestParser parser(limits);
    if (parser.parse(bytes, request) != Parse::complete) return std::nullopt;
    seen.method = request.method_text;
    seen.target = request.target;
    copy_fields(request.fields, seen);
    seen.head_fields = seen.fields.size();
    if (!read_body(bytes.substr(parser.size()), request.framing, request.content_length, limits, seen))
      return std::nullopt;
    return seen;
  }
  ResponseParser parser(limits);
  ResponseHead head;
  if (parser.parse(bytes, Method::get, head) != Parse::complete) return std::nullopt;
  seen.status = head.status;
  copy_fields(head.fields, seen);
  seen.head_fields = seen.fields.size();
  if (!read_body(bytes.substr(parser.size()), head.framing, head.content_length, limits, seen))
    return std::nullopt;
  return seen;
}

struct Other {
  Seen seen;
  bool in_value = true;
  bool complete = false;
};

Other& of(http_parser* parser) {
  return *static_cast<Other*>(parser->data);
}

std::optional<Seen> theirs(std::string_view bytes, bool is_request) {
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_url = [](http_parser* parser, const char* at, std::size_t size) {
    of(parser).seen.target.append(at, size);
    return 0;
  };
  settings.on_header_field = [](http_parser* parser, const char* at, std::size_t size) {
    if (std::exchange(of(parser).in_value, false)) of(parser).seen.fields.emplace_back();
    of(parser).seen.fields.back().first.append(at, size);
    return 0;
  };
  settings.on_header_value = [](http_parser* parser, const char* at, std::size_t size) {
    of(parser).in_value = true;
    of(parser).seen.fields.back().second.append(at, size);
    return 0;
  };
  settings.on_headers_complete = [](http_parser* parser) {
    of(parser).seen.head_fields = of(parser).seen.fields.size();
    if (parser->type == HTTP_REQUEST)
      of(parser).seen.method = http_method_str(static_cast<http_method>(parser->method));
    of(parser).seen.status = parser->status_code;
    // It does not know by itself that 304 has no body (RFC 9112 6.3): 1 tells it.
    return parser->type == HTTP_RESPONSE && parser->status_code == 304 ? 1 : 0;
  };
  settings.on_body = [](http_parser* parser, const char* at, std::size_t size) {
    of(parser).seen.body.append(at, size);
    return 0;
  };
  settings.on_message_complete = [](http_parser* parser) {
    of(parser).complete = true;
    http_parser_pause(parser, 1);
    return 0;
  };
  Other other;
  http_parser parser;
  http_parser_init(&parser, is_request ? HTTP_REQUEST : HTTP_RESPONSE);
  parser.data = &other;
  http_parser_execute(&parser, &settings, bytes.data(), bytes.size());
  if (!other.complete && HTTP_PARSER_ERRNO(&parser) == HPE_OK)
    http_parser_execute(&parser, &settings, nullptr, 0);
  if (!other.complete) return std::nullopt;
  return other.seen;
}

// They keep the target as sent; we take an absolute one apart.
bool is_same_target(const std::string& sent, const RequestHead& head) {
  if (sent == head.target) return true;
  const std::size_t authority = sent.find("//") + 2;
  if (sent.find("//") == std::string::npos ||
      sent.compare(authority, head.authority.size(), head.authority) != 0)
    return false;
  const std::string rest = sent.substr(authority + head.authority.size());
  return rest.empty() ? head.target == "/" || head.target == "*" : rest == head.target;
}

bool is_same_field(const std::pair<std::string, std::string>& ours,
                   const std::pair<std::string, std::string>& theirs) {
  return ours.first == theirs.first && ours.second == trimmed(theirs.second);
}

// They take `Transfer-Encoding!` for Transfer-Encoding, and a tab behind its value for a part of it (it is
// optional white space: RFC 9110 5.6.3).
bool they_misread_framing(const Seen& theirs) {
  constexpr std::string_view kName = "Transfer-Encoding";
  for (std::size_t i = 0; i < theirs.head_fields; ++i) {
    const auto& [name, value] = theirs.fields[i];
    if (equal_without_case(std::string_view(name).substr(0, kName.size()), kName) &&
        (name.size() > kName.size() || value.find('\t') != value.npos))
      return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool is_request = data[0] == 'Q';
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Limits limits;
  RequestHead head;
  const auto a = ours(bytes, is_request, limits, head);
  const auto b = theirs(bytes, is_request);
  if (!a || !b) return 0;
  require(a->method == b->method && a->status == b->status && a->head_fields == b->head_fields);
  for (std::size_t i = 0; i < a->head_fields; ++i) require(is_same_field(a->fields[i], b->fields[i]));
  if (is_request) require(is_same_target(b->target, head));
  if (they_misread_framing(*b)) return 0;
  require(a->body == b->body && a->fields.size() == b->fields.size());
  for (std::size_t i = a->head_fields; i < a->fields.size(); ++i)
    require(is_same_field(a->fields[i], b->fields[i]));
  return 0;
}
