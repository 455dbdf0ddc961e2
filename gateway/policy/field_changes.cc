// SPDX-License-Identifier: Apache-2.0
#include "policy/field_changes.h"

#include <algorithm>

namespace gw::policy {
namespace {

// Collects what is wrong with the changes of one route.
class Checker {
 public:
  Checker(HeaderUse use, const ProtectedFields& protected_fields) : use_(use), protected_(protected_fields) {}

  void check_name(std::string_view name) {
    if (auto valid = validate_header_name(name, use_); !valid) {
      problems_.push_back(valid.error());
    } else if (use_ == HeaderUse::request && protected_.carries_identity(name)) {
      problems_.push_back("\"" + std::string(name) + "\" tells upstreams who is calling (see `identity`)");
    }
  }
  // Of `set` and `remove`, where a name that stands twice contradicts itself.
  void check_once(std::string_view name) {
    for (const std::string_view before : seen_)
      if (http::folds_equal(before, name))
        problems_.push_back("\"" + std::string(name) + "\" is changed twice");
    seen_.push_back(name);
  }
  void check_value(std::string_view value) {
    if (auto valid = validate_header_value(value); !valid) problems_.push_back(valid.error());
  }

  std::vector<std::string> take() { return std::move(problems_); }

 private:
  HeaderUse use_;
  const ProtectedFields& protected_;
  std::vector<std::string_view> seen_;
  std::vector<std::string> problems_;
};

}  // namespace

Result<FieldChanges, std::vector<std::string>> FieldChanges::parse(const HeaderChanges& changes,
                                                                   HeaderUse use,
                                                                   const ProtectedFields& protected_fields) {
  Checker checker(use, protected_fields);
  FieldChanges parsed;
  for (const auto& field : changes.set) {
    checker.check_name(field.first);
    checker.check_once(field.first);
    checker.check_value(field.second);
    parsed.drop(field.first);
    parsed.append(field);
  }
  for (const auto& field : changes.add) {
    checker.check_name(field.first);
    checker.check_value(field.second);
    parsed.append(field);
  }
  for (const std::string& name : changes.remove) {
    checker.check_name(name);
    checker.check_once(name);
    parsed.drop(name);
  }
  std::vector<std::string> problems = checker.take();
  if (!problems.empty()) return problems;
  return parsed;
}

void FieldChanges::remove_from(http::Fields& fields) const {
  if (gone_.empty()) return;
  for (http::Field& field : fields)
    if (drops(field)) field.dropped = true;
}

void FieldChanges::apply(http::Fields& fields) const {
  remove_from(fields);
  for (const Addition& added : added_) fields.push({added.name, added.value, added.folded, added.id});
}

void FieldChanges::drop(std::string_view name) {
  gone_.push_back({std::string(name), http::folded_hash(name)});
}

void FieldChanges::append(const std::pair<std::string, std::string>& field) {
  const auto& [name, value] = field;
  added_.push_back({name, value, http::folded_hash(name), http::field_name_of(name)});
}

bool FieldChanges::drops(const http::Field& field) const {
  return std::any_of(gone_.begin(), gone_.end(), [&](const Name& name) {
    return name.folded == field.folded && http::folds_equal(name.text, field.name);
  });
}

}  // namespace gw::policy
