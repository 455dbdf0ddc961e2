// SPDX-License-Identifier: Apache-2.0
// What `gatewarden attack` understands of the frames that a server answers with, cut anywhere: never more
// than came.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "attack/frames.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gw::attack;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)is_http2(bytes);
  const FramedAnswer whole = read_frames(bytes);
  require(whole.statuses.size() <= 1 && whole.body.size() <= size);
  if (!whole.statuses.empty())
    require(whole.statuses[0] == 0 || (whole.statuses[0] >= 200 && whole.statuses[0] <= 999));
  // What has been understood stays true when more comes.
  const FramedAnswer half = read_frames(bytes.substr(0, size / 2));
  require(!half.is_over || whole.is_over);
  require(half.statuses.empty() || half.statuses == whole.statuses);
  require(std::string_view(whole.body).starts_with(half.body));
  return 0;
}
