// SPDX-License-Identifier: Apache-2.0
// An access log as `diff --log` and `shadow report` read it: any file that somebody names. Every line is
// counted once, whatever is in it; what is taken for a record is what JSON says it is.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>

#include "base/json.h"
#include "cli/access_records.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gw;
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::istringstream in(text);
  std::size_t visited = 0;
  const auto read = cli::read_access_records(in, "fuzz", [&](const cli::AccessRecord& record) {
    ++visited;
    require(!record.claims || record.claims->as_object() != nullptr);
    (void)record.is_of_routes();
  });
  std::size_t lines = 0, records = 0;
  for (std::string_view left = text; !left.empty(); ++lines) {
    const std::string_view line = left.substr(0, left.find('\n'));
    left.remove_prefix(std::min(left.size(), line.size() + 1));
    const auto value = json::parse(line);
    if (value && value->find("method") != nullptr && value->find("status") != nullptr) ++records;
  }
  if (read) {
    require(read->records == visited && read->records == records && read->records + read->others == lines);
  } else {
    require(!read.error().empty() && (visited == 0 || size > cli::kLongestRecord));
  }
  return 0;
}
