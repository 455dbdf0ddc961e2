// SPDX-License-Identifier: Apache-2.0
// A PROXY header: fed whole and in pieces, with one outcome and the same bytes taken.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/proxy_header.h"

namespace {

using gw::net::ProxyHeader;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  ProxyHeader::State state;
  std::string source;
  std::size_t taken;
};

Outcome read(std::string_view bytes, std::size_t step) {
  ProxyHeader header;
  std::size_t at = 0;
  while (at < bytes.size() && header.state() == ProxyHeader::State::need_more) {
    const std::string piece(bytes.substr(at, step));  // memory of its own, so that a read past it is seen
    const std::size_t taken = header.feed(piece);
    require(taken <= piece.size());
    require(header.state() != ProxyHeader::State::need_more || taken == piece.size());
    at += taken;
  }
  require(header.state() != ProxyHeader::State::complete || at <= 16 + 4096);
  require(header.state() == ProxyHeader::State::complete || !header.source());
  return {header.state(),
          header.source() ? header.source()->ip() + ' ' + std::to_string(header.source()->port()) : "", at};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = read(bytes, bytes.size() + 1);
  for (const std::size_t step : {1u, 7u}) {
    const Outcome pieces = read(bytes, step);
    require(pieces.state == whole.state && pieces.source == whole.source);
    require(whole.state != ProxyHeader::State::complete || pieces.taken == whole.taken);
  }
  return 0;
}
