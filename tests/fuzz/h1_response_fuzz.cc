// SPDX-License-Identifier: Apache-2.0
// A response head and its body: fed whole and in pieces, from memory that moves, with one outcome.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "http/h1_parser.h"
#include "http/websocket.h"

namespace {

using namespace gw::http;

void require(bool holds) {
  if (!holds) std::abort();
}

bool lies_inside(std::string_view view, std::string_view bytes) {
  return view.empty() ||
         (view.data() >= bytes.data() && view.data() + view.size() <= bytes.data() + bytes.size());
}

std::string summary(const ResponseHead& head) {
  std::string text = std::to_string(head.status) + "|" + std::string(head.reason);
  text += "|" + std::to_string(static_cast<int>(head.framing)) + "|" + std::to_string(head.content_length);
  text += head.keep_alive ? "|k" : "|c";
  for (const Field& field : head.fields)
    text += "|" + std::string(field.name) + ":" + std::string(field.value);
  return text;
}

void check_head(const ResponseHead& head, std::string_view bytes) {
  require(head.status >= 100 && head.status <= 599 && lies_inside(head.reason, bytes));
  for (const Field& field : head.fields) {
    require(lies_inside(field.name, bytes) && lies_inside(field.value, bytes) && !field.name.empty());
    require(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    require(field.folded == folded_hash(field.name) && field.id == field_name_of(field.name));
  }
}

std::string read_body(const ResponseHead& head, std::string_view rest, std::size_t step,
                      const Limits& limits) {
  BodyReader reader;
  reader.begin(head.framing, head.content_length, limits);
  std::string body;
  while (!rest.empty() && reader.state() == BodyReader::State::more) {
    const std::string_view bytes = rest.substr(0, step);
    const BodyReader::Piece piece = reader.next(bytes);
    require(piece.consumed <= bytes.size() && lies_inside(piece.data, bytes) &&
            piece.state == reader.state());
    require(piece.consumed > 0 || piece.state != BodyReader::State::more);
    body += piece.data;
    rest.remove_prefix(piece.consumed);
  }
  if (reader.state() == BodyReader::State::failed) return "failed";
  for (const Field& field : reader.trailers())
    body += "|" + std::string(field.name) + ":" + std::string(field.value);
  return body + (reader.state() == BodyReader::State::done ? "|done|" + std::string(rest) : "|more");
}

struct Outcome {
  Parse parsed = Parse::need_more;
  int fault = 0;
  std::string text;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome feed(std::string_view raw, std::size_t step, Method method, const Limits& limits) {
  Outcome outcome;
  ResponseParser parser(limits);
  ResponseHead head;
  std::unique_ptr<std::string> bytes;
  std::size_t size = 0;
  do {
    size = step < raw.size() - size ? size + step : raw.size();
    bytes = std::make_unique<std::string>(raw.substr(0, size));
    outcome.parsed = parser.parse(*bytes, method, head);
  } while (size < raw.size() && outcome.parsed == Parse::need_more);
  if (outcome.parsed == Parse::failed) outcome.fault = static_cast<int>(parser.error().fault);
  if (outcome.parsed == Parse::complete) {
    check_head(head, *bytes);
    outcome.text = summary(head) + read_body(head, raw.substr(parser.size()), step, limits);
  }
  return outcome;
}

// As frames of a WebSocket: where they end does not depend on how they come.
void follow_frames(std::string_view raw) {
  WebSocketFrames whole, pieces;
  whole.follow(raw);
  for (const char c : raw) pieces.follow({&c, 1});
  require(whole.at_boundary() == pieces.at_boundary());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  follow_frames(raw);
  Limits limits;
  limits.header_bytes = 2048;
  limits.headers = 20;
  for (const Method method : {Method::get, Method::head}) {
    const Outcome whole = feed(raw, raw.size() + 1, method, limits);
    for (const std::size_t step : {std::size_t{1}, std::size_t{5}, std::size_t{17}})
      require(feed(raw, step, method, limits) == whole);
  }
  return 0;
}
