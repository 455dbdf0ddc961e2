// SPDX-License-Identifier: Apache-2.0
// Bytes from a client into an HTTP/2 session, whole and in pieces; every head that comes out is checked as
// for an exchange, every request is answered, everything is sent.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/h2_session.h"

namespace {

using namespace gw::http;

void require(bool holds) {
  if (!holds) std::abort();
}

class EmptyBody final : public H2Session::Body {
  Piece read_body(char*, std::size_t) override { return {Piece::State::last, 0}; }
  const Fields& trailers() const override { return trailers_; }
  Fields trailers_;
};

void check_fields(const Fields& fields) {
  for (const Field& field : fields) {
    require(!field.name.empty() && field.id != FieldName::connection &&
            field.id != FieldName::transfer_encoding);
    require(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    require(field.folded == folded_hash(field.name) && field.id == field_name_of(field.name));
  }
}

void check_head(const RequestHead& head) {
  require(head.target == "*" || head.target.starts_with('/'));
  require(!head.authority.empty());
  check_fields(head.fields);
}

void answer(H2Session& session, EmptyBody& body) {
  for (H2Session::Event& event : session.events()) {
    if (event.kind == H2Session::Event::Kind::body)
      session.give_window_back(event.stream, event.bytes.size());
    if (event.kind == H2Session::Event::Kind::trailers) {
      Fields trailers;
      if (event.head->finish_trailers(trailers)) check_fields(trailers);
    }
    if (event.kind != H2Session::Event::Kind::head) continue;
    RequestHead head;
    if (event.head->finish_request(!event.is_whole, head)) check_head(head);
    ResponseHead response;
    response.status = 200;
    session.submit_head(event.stream, response, 0, event.stream % 4 == 1 ? nullptr : &body);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  gw::net::BufferPool pool;
  const Limits limits;
  EmptyBody body;
  H2Session session(H2Session::Side::server, pool, limits);
  gw::net::Buffer out(pool);
  // The preface and an empty SETTINGS frame come for free.
  std::string_view bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", 33);
  const std::size_t step = data[0] == 0 ? size : data[0];
  std::size_t at = 1;
  while (session.receive(bytes, gw::TimePoint{}) && !session.is_overspent() && !session.is_over()) {
    answer(session, body);
    if (!session.send(out, 16 * 1024)) break;
    out.clear();
    if (at >= size) break;
    bytes = {reinterpret_cast<const char*>(data) + at, std::min(step, size - at)};
    at += bytes.size();
  }
  return 0;
}
