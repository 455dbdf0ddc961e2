// SPDX-License-Identifier: Apache-2.0
#include "cli/access_records.h"

#include <fstream>
#include <iostream>

namespace gw::cli {
namespace {

std::string text_of(const json::Value& line, std::string_view name) {
  const json::Value* value = line.find(name);
  return value != nullptr && value->as_string() != nullptr ? *value->as_string() : std::string();
}

// Lines of the log proper have no method.
std::optional<AccessRecord> parse(std::string_view text) {
  const auto line = json::parse(text);
  if (!line || line->find("method") == nullptr || line->find("status") == nullptr) return std::nullopt;
  AccessRecord record;
  const auto take = [&](std::string_view name, std::string& to) { to = text_of(*line, name); };
  take("request_id", record.request_id);
  take("client", record.client);
  take("method", record.method);
  take("host", record.host);
  take("path", record.path);
  take("query", record.query);
  take("route", record.route);
  take("sub", record.subject);
  take("issuer", record.issuer);
  take("code", record.code);
  take("would_refuse_code", record.unenforced);
  take("shadow", record.shadow);
  // As versions before the code was written.
  if (record.unenforced.empty() && line->find("would_refuse") != nullptr) record.unenforced = "refused";
  if (const std::int64_t* status = line->find("status")->as_int()) record.status = *status;
  if (const json::Value* claims = line->find("claims"); claims != nullptr && claims->as_object() != nullptr)
    record.claims = *claims;
  return record;
}

}  // namespace

Result<ReadRecords, std::string> read_access_records(std::istream& in, const std::string& name,
                                                     const std::function<void(const AccessRecord&)>& visit) {
  ReadRecords read;
  std::string line(kLongestRecord + 1, '\0');  // and the zero that getline() sets behind
  while (in.getline(line.data(), static_cast<std::streamsize>(line.size()))) {
    // The line's end is counted, unless it was the file's.
    const auto length = static_cast<std::size_t>(in.gcount()) - (in.eof() ? 0 : 1);
    const auto record = parse(std::string_view(line).substr(0, length));
    ++(record ? read.records : read.others);
    if (record) visit(*record);
  }
  if (in.bad()) return name + " cannot be read to its end";
  if (!in.eof())
    return name + ": line " + std::to_string(read.records + read.others + 1) +
           " is longer than 1 MiB: that is no access log";
  if (read.records == 0 && read.others != 0)
    return name + " has no line of the access log in JSON (set log.format: json, and log.access)";
  return read;
}

Result<ReadRecords, std::string> read_access_log(const std::string& file,
                                                 const std::function<void(const AccessRecord&)>& visit) {
  if (file == "-") return read_access_records(std::cin, "standard input", visit);
  std::ifstream opened(file);
  if (!opened) return file + " cannot be read";
  return read_access_records(opened, file, visit);
}

}  // namespace gw::cli
