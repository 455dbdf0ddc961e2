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
std::optional<AccessRecord> parse(const std::string& text) {
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

Result<ReadRecords, std::string> read_access_log(const std::string& file,
                                                 const std::function<void(const AccessRecord&)>& visit) {
  std::ifstream opened;
  if (file != "-") {
    opened.open(file);
    if (!opened) return file + " cannot be read";
  }
  std::istream& in = file == "-" ? std::cin : opened;
  ReadRecords read;
  for (std::string text; std::getline(in, text);) {
    const auto record = parse(text);
    ++(record ? read.records : read.others);
    if (record) visit(*record);
  }
  if (in.bad()) return file + " cannot be read to its end";
  if (read.records == 0 && read.others != 0)
    return file + " has no line of the access log in JSON (set log.format: json, and log.access)";
  return read;
}

}  // namespace gw::cli
