// SPDX-License-Identifier: Apache-2.0
#include "attack/attempts.h"

#include <span>
#include <stdexcept>

namespace gw::attack {

extern const std::span<const std::string_view> kTableLines;

namespace {

std::string text_of(const json::Value& row, std::string_view name) {
  const json::Value* value = row.find(name);
  return value != nullptr && value->as_string() != nullptr ? *value->as_string() : std::string();
}

Aim aim_of(const std::string& name) {
  if (name == "forwardable") return Aim::forwardable;
  return name == "methods" ? Aim::methods : Aim::guarded;
}

Expect expect_of(const std::string& name) {
  if (name == "unseen") return Expect::unseen;
  return name == "smuggled" ? Expect::smuggled : Expect::refused;
}

FieldList fields_of(const json::Value& list) {
  FieldList fields;
  for (const json::Value& pair : *list.as_array()) {
    const json::Array& both = *pair.as_array();
    fields.emplace_back(*both.at(0).as_string(), *both.at(1).as_string());
  }
  return fields;
}

// Those of the row; without a `:` in front they follow the usual four.
FieldList framed_of(const json::Value& list) {
  FieldList fields = fields_of(list);
  if (!fields.empty() && fields.front().first.starts_with(':')) return fields;
  FieldList all{
      {":method", "{method}"}, {":scheme", "{scheme}"}, {":path", "{path}"}, {":authority", "{host}"}};
  all.insert(all.end(), fields.begin(), fields.end());
  return all;
}

Attempt read(const json::Value& row) {
  Attempt attempt;
  attempt.name = text_of(row, "name");
  attempt.kind = text_of(row, "kind");
  attempt.source = text_of(row, "source");
  attempt.aim = aim_of(text_of(row, "aim"));
  attempt.expect = expect_of(text_of(row, "expect"));
  attempt.needs = text_of(row, "needs");
  attempt.ambiguous = row.find("ambiguous") != nullptr;
  attempt.each = row.find("each") != nullptr;
  attempt.path = row.find("path") != nullptr ? text_of(row, "path") : "{path}";
  attempt.raw = text_of(row, "raw");
  attempt.field = text_of(row, "field");
  if (const json::Value* framed = row.find("http2")) attempt.framed = framed_of(*framed);
  attempt.http2 = attempt.framed.has_value();
  if (row.find("body") != nullptr) attempt.body = text_of(row, "body");
  if (const json::Value* trailers = row.find("trailers")) attempt.trailers = fields_of(*trailers);
  if (const json::Value* token = row.find("jwt")) attempt.token = *token;
  if (const json::Value* fields = row.find("fields"))
    for (const json::Value& field : *fields->as_array()) attempt.fields.push_back(*field.as_string());
  else if (attempt.token)
    attempt.fields = {"Authorization: Bearer {jwt}"};
  return attempt;
}

// Paths and identity fields are written the same in both versions, and read by other code.
bool is_for_both(const Attempt& attempt) {
  return attempt.raw.empty() && !attempt.framed && (attempt.kind == "path" || attempt.kind == "identity");
}

}  // namespace

std::string_view name_of(Expect expect) {
  switch (expect) {
    case Expect::refused:
      return "refused before the upstream";
    case Expect::unseen:
      return "not seen by the upstream";
    case Expect::smuggled:
      break;
  }
  return "one request, or none";
}

const std::vector<Attempt>& all_attempts() {
  static const std::vector<Attempt> attempts = [] {
    std::string table;
    for (const std::string_view line : kTableLines) table += line;
    const auto rows = json::parse(table);
    if (!rows) throw std::logic_error("attacks.json: " + rows.error());
    std::vector<Attempt> all;
    for (const json::Value& row : *rows->as_array()) all.push_back(read(row));
    for (std::size_t i = 0, count = all.size(); i < count; ++i) {
      if (!is_for_both(all[i])) continue;
      Attempt again = all[i];
      again.name += " (HTTP/2)";
      again.http2 = true;
      again.each = false;
      all.push_back(std::move(again));
    }
    return all;
  }();
  return attempts;
}

}  // namespace gw::attack
