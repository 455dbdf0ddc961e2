// SPDX-License-Identifier: Apache-2.0
// The form of the audit log: one JSON object a line, numbered, and ended by a MAC over itself and the MAC of
// the line before, with a key that only the gateway has. So a line that was changed, taken out, put in or
// moved is found, and nobody who can write the file can make it whole again.
//   {"seq":7,"time":"2030-01-31T12:00:00Z","event":"login", … ,"mac":"<64 hex digits>"}
// A file that was rotated away goes on in the next one. What was cut off at the end is found by the number
// and MAC of the last line, which are kept apart (`state_dir`/audit.head).
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace gw::exchange {

// Where a chain has got to.
struct ChainEnd {
  std::uint64_t number = 0;
  std::string mac;  // hex; empty before the first line

  bool operator==(const ChainEnd&) const = default;
};

class AuditChain {
 public:
  explicit AuditChain(SecretString key, ChainEnd end = {}) : key_(std::move(key)), end_(std::move(end)) {}

  const ChainEnd& end() const { return end_; }
  void go_on_from(ChainEnd end) { end_ = std::move(end); }

  // A line with its newline. `members` is the inside of the object after the number: `"time":…,"event":…`.
  std::string seal(std::string_view members);
  // The first of a file, which names the MAC of the last line of the file before, if there was one.
  std::string seal_first(std::string_view members);
  // Takes the next line, without its newline; the error says what is wrong with it. The first line that is
  // checked may be the first of any file.
  Result<void, std::string> check(std::string_view line);

  // Of the last whole line of a text; nothing when it has none in this form.
  static std::optional<ChainEnd> end_of(std::string_view text);

 private:
  std::string mac_of(std::string_view previous, std::string_view sealed) const;

  SecretString key_;
  ChainEnd end_;
};

// "7 MAC\n".
std::string format_chain_end(const ChainEnd& end);
std::optional<ChainEnd> parse_chain_end(std::string_view text);

}  // namespace gw::exchange
