// SPDX-License-Identifier: Apache-2.0
// The access log as the gateway writes it (log.format: json), read back.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace gw::cli {

struct AccessRecord {
  std::string request_id, client, method, host, path, query, route, subject, issuer;
  std::string code;        // of a refusal
  std::string unenforced;  // the code that a route with enforce: false would have refused with
  std::string shadow;      // and that its shadow would have
  std::int64_t status = 0;
  std::optional<json::Value> claims;  // with log.access.claims

  // Not of an endpoint of the gateway's own, nor of the admin address.
  bool is_of_routes() const { return !route.empty() || !code.empty(); }
};

struct ReadRecords {
  std::size_t records = 0;
  std::size_t others = 0;  // lines of something else: the log proper may be in the same file
};

inline constexpr std::size_t kLongestRecord = 1024 * 1024;

// Line by line; one that is longer than kLongestRecord is an error, for no gateway writes it. `name` is for
// the error, a sentence.
Result<ReadRecords, std::string> read_access_records(std::istream& in, const std::string& name,
                                                     const std::function<void(const AccessRecord&)>& visit);
// "-" is standard input.
Result<ReadRecords, std::string> read_access_log(const std::string& file,
                                                 const std::function<void(const AccessRecord&)>& visit);

}  // namespace gw::cli
