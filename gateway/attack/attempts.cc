// SPDX-License-Identifier: Apache-2.0
#include "attack/attempts.h"

#include <stdexcept>

namespace gw::attack {

extern const std::string_view kTable;

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
  if (const json::Value* token = row.find("jwt")) attempt.token = *token;
  if (const json::Value* fields = row.find("fields"))
    for (const json::Value& field : *fields->as_array()) attempt.fields.push_back(*field.as_string());
  else if (attempt.token)
    attempt.fields = {"Authorization: Bearer {jwt}"};
  return attempt;
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
    const auto rows = json::parse(kTable);
    if (!rows) throw std::logic_error("attacks.json: " + rows.error());
    std::vector<Attempt> all;
    for (const json::Value& row : *rows->as_array()) all.push_back(read(row));
    return all;
  }();
  return attempts;
}

}  // namespace gw::attack
