// SPDX-License-Identifier: Apache-2.0
#include "http/server_codec.h"

#include "http/h1_server.h"
#include "http/h2_server.h"

namespace gw::http {
namespace {

// The first line of the client's preface; no request of HTTP/1 begins like this.
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n";

}  // namespace

Protocol protocol_of_alpn(std::string_view alpn) {
  return alpn == "h2" ? Protocol::http2 : Protocol::http1;
}

Protocol protocol_of_preface(std::string_view bytes) {
  const std::string_view seen = bytes.substr(0, kPreface.size());
  if (!kPreface.starts_with(seen)) return Protocol::http1;
  return seen.size() == kPreface.size() ? Protocol::http2 : Protocol::unknown;
}

std::unique_ptr<ServerCodec> make_server_codec(Protocol protocol, net::Stream& stream,
                                               const ServerWorker& worker, ServerCodecEvents& owner,
                                               TimePoint accepted) {
  if (protocol == Protocol::http2) return std::make_unique<H2Server>(stream, worker, owner, accepted);
  return std::make_unique<H1Server>(stream, worker, owner, accepted);
}

}  // namespace gw::http
