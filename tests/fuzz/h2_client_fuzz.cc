// SPDX-License-Identifier: Apache-2.0
// Bytes from a server into an HTTP/2 session that has asked for three things, whole and in pieces; every head
// and all trailers that come out are checked as for an exchange.
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

class ShortBody final : public H2Session::Body {
  Piece read_body(char* to, std::size_t) override {
    *to = 'x';
    return {Piece::State::last, 1};
  }
  const Fields& trailers() const override { return trailers_; }

 public:
  Fields trailers_;
};

void check_fields(const Fields& fields) {
  for (const Field& field : fields) {
    require(!field.name.empty() && field.id != FieldName::connection &&
            field.id != FieldName::transfer_encoding && field.id != FieldName::upgrade);
    require(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    require(field.folded == folded_hash(field.name) && field.id == field_name_of(field.name));
  }
}

void hear(H2Session& session, Method method) {
  for (H2Session::Event& event : session.events()) {
    if (event.kind == H2Session::Event::Kind::body)
      session.give_window_back(event.stream, event.bytes.size());
    if (event.kind != H2Session::Event::Kind::head) continue;
    ResponseHead head;
    if (event.head->finish_response(method, !event.is_whole, head)) {
      require(head.status >= 100 && head.status < 600 && head.status != 101);
      require(head.framing != Framing::chunked && head.framing != Framing::until_close);
      check_fields(head.fields);
      continue;
    }
    Fields trailers;
    if (event.head->finish_trailers(trailers)) check_fields(trailers);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  gw::net::BufferPool pool;
  const Limits limits;
  ShortBody body;
  body.trailers_.add("x-sum", "1");
  H2Session session(H2Session::Side::client, pool, limits);
  gw::net::Buffer out(pool);
  Fields fields;
  fields.add("accept", "*/*");
  UpstreamRequest request;
  request.method_text = "GET";
  request.path = "/";
  request.authority = "h";
  request.fields = &fields;
  for (int i = 0; i < 3; ++i)
    require(session.submit_request(request, "http", i == 0 ? &body : nullptr) == 2 * i + 1);
  require(session.send(out, 64 * 1024));
  out.clear();
  const Method method = data[0] % 2 == 0 ? Method::get : Method::head;
  // The server's empty SETTINGS frame comes for free.
  std::string_view bytes("\0\0\0\x04\0\0\0\0\0", 9);
  const std::size_t step = data[0] < 2 ? size : data[0];
  std::size_t at = 1;
  while (session.receive(bytes, gw::TimePoint{}) && !session.is_overspent() && !session.is_over()) {
    hear(session, method);
    if (!session.send(out, 16 * 1024)) break;
    out.clear();
    if (at >= size) break;
    bytes = {reinterpret_cast<const char*>(data) + at, std::min(step, size - at)};
    at += bytes.size();
  }
  return 0;
}
