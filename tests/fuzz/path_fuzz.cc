// SPDX-License-Identifier: Apache-2.0
// The normaliser: what it gives is its own normal form and has nothing left that two servers read
// differently.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/path.h"

namespace {

using namespace gw::http;

void require(bool holds) {
  if (!holds) std::abort();
}

bool has_dot_segment(std::string_view path) {
  const std::string text = std::string(path) + "/";
  return text.find("/./") != std::string::npos || text.find("/../") != std::string::npos ||
         text.find("/.;") != std::string::npos || text.find("/..;") != std::string::npos;
}

void check_path(const Target& result) {
  require(result.path.starts_with('/'));
  require(!has_dot_segment(result.path) && result.path.find("//") == std::string_view::npos);
  for (const char* never : {"\\", "#", "?", "%2F", "%5C", "%00", "%2E", "%252e", "%252F", "%C0"})
    require(result.path.find(never) == std::string_view::npos);
  for (const char c : result.path) require(c > 0x20 && c < 0x7F);
}

void check_target(std::string_view target) {
  std::string scratch, again;
  const auto first = normalise_target(target, scratch);
  if (!first) return;
  if (first->path != "*") check_path(*first);

  const auto second = normalise_target(first->path, again);
  require(second.ok() && second->path == first->path && second->has_parameters == first->has_parameters);

  const std::string_view bare = without_parameters(first->path, again);
  require(bare.find(';') == std::string_view::npos && !has_dot_segment(bare));
  require(first->has_parameters || bare == first->path);
}

void check_host(std::string_view authority) {
  std::string scratch, again;
  const std::string_view host = normalise_host(authority, scratch);
  if (!host.empty()) require(normalise_host(host, again) == host);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_target(input);
  check_target("/" + std::string(input));
  check_host(input);
  return 0;
}
