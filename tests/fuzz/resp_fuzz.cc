// SPDX-License-Identifier: Apache-2.0
// What a Redis says: read whole and in pieces, with the same values; written anew, it is the same once more.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "store/resp.h"

namespace {

using gw::store::resp::Reader;
using gw::store::resp::State;
using gw::store::resp::Value;

constexpr gw::store::resp::Limits kLimits{4096, 256, 4};

void require(bool holds) {
  if (!holds) std::abort();
}

void describe(const Value& value, std::size_t depth, std::size_t& count, std::string& out) {
  require(depth <= kLimits.depth && ++count <= kLimits.values + 1);
  out += std::to_string(static_cast<int>(value.kind)) + (value.is_push ? ">" : "") + value.text + '|' +
         std::to_string(value.integer) + '[';
  for (const Value& each : value.list) describe(each, depth + 1, count, out);
  out += ']';
}

std::string read(std::string_view bytes, std::size_t step) {
  Reader reader(kLimits);
  std::string all;
  State state = State::need_more;
  for (std::size_t at = 0; at < bytes.size() && state != State::broken; at += step) {
    reader.feed(bytes.substr(at, step));
    Value value;
    while ((state = reader.next(value)) == State::complete) {
      std::size_t count = 0;
      describe(value, 0, count, all);
      require(all.size() <= bytes.size() * 64 + 64);
    }
  }
  return all + (state == State::broken ? "broken" : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = read(bytes, size + 1);
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}}) require(read(bytes, step) == whole);

  // Any bytes pass as words of a command, and a command is a list of texts.
  std::string command;
  const std::string_view half = bytes.substr(0, size / 2);
  gw::store::resp::append_command(command, {half, bytes.substr(size / 2)});
  Reader reader;
  reader.feed(command);
  Value value;
  require(reader.next(value) == State::complete && value.list.size() == 2 && value.list[0].text == half);
  return 0;
}
