// SPDX-License-Identifier: Apache-2.0
#include "policy/when.h"

#include <array>
#include <vector>

#include "cel/program.h"

namespace gw::policy {
namespace {

using cel::Type;
using cel::Value;
using Members = std::vector<std::pair<std::string, const Type*>>;

// The value of the one field of that name. Of a repeated one servers make different things, so it has none.
class HeadersView final : public cel::MapView {
 public:
  explicit HeadersView(const http::Fields* fields) : fields_(fields) {}

  std::optional<Value> find(std::string_view name) const override {
    const http::Field* only = nullptr;
    for (const http::Field& field : *fields_) {
      if (field.dropped || !http::equal_without_case(field.name, name)) continue;
      if (only != nullptr) return Value::error("the header is repeated");
      only = &field;
    }
    return only == nullptr ? std::nullopt : std::optional(Value::text(only->value));
  }
  std::size_t size() const override { return fields_->size(); }
  std::string_view key(std::size_t index) const override { return (*fields_)[index].name; }

 private:
  const http::Fields* fields_;
};

template <std::size_t N>
class FixedView final : public cel::MapView {
 public:
  explicit FixedView(std::array<std::pair<std::string_view, Value>, N> members) : members_(members) {}

  std::optional<Value> find(std::string_view name) const override {
    for (const auto& [key, value] : members_)
      if (key == name) return value;
    return std::nullopt;
  }
  std::size_t size() const override { return N; }
  std::string_view key(std::size_t index) const override { return members_[index].first; }

 private:
  const std::array<std::pair<std::string_view, Value>, N> members_;
};

class PathView final : public cel::MapView {
 public:
  explicit PathView(const Captures* captures) : captures_(captures) {}

  std::optional<Value> find(std::string_view name) const override {
    const auto value = captures_ == nullptr ? std::nullopt : captures_->find(name);
    return value ? std::optional(Value::text(*value)) : std::nullopt;
  }
  std::size_t size() const override { return captures_ == nullptr ? 0 : captures_->size(); }
  std::string_view key(std::size_t index) const override { return captures_->name(index); }

 private:
  const Captures* captures_;
};

// The claims as the token has them, but for the roles, which some issuers write as one text.
class ClaimsView final : public cel::MapView {
 public:
  ClaimsView(const auth::Identity& identity, cel::Arena& arena)
      : claims_(*identity.claims().as_object()), roles_(arena.make<Value>(identity.roles.size())) {
    for (std::size_t i = 0; i < roles_.size(); ++i) roles_[i] = Value::text(identity.roles[i]);
  }

  std::optional<Value> find(std::string_view name) const override {
    for (const json::Member& member : claims_)
      if (member.first == name)
        return name == "roles" ? Value::list(std::span<const Value>(roles_)) : Value::of(member.second);
    return std::nullopt;
  }
  std::size_t size() const override { return claims_.size(); }
  std::string_view key(std::size_t index) const override { return claims_[index].first; }

 private:
  const json::Object& claims_;
  std::span<Value> roles_;
};

}  // namespace

struct When::Parts {
  Members request_members, path_members, client_members;
  Type headers{Type::What::map, Type::of(Type::What::text), nullptr};
  Type request{Type::What::object, nullptr, &request_members};
  Type path{Type::What::object, nullptr, &path_members};
  Type client{Type::What::object, nullptr, &client_members};
  Type claims{Type::What::map, nullptr, nullptr};
  std::optional<cel::Program> program;
};

When::When(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
When::~When() = default;

Result<std::shared_ptr<const When>, WhenProblem> When::parse(std::string_view text,
                                                             std::span<const std::string> names) {
  auto parts = std::make_unique<Parts>();
  const Type* string = Type::of(Type::What::text);
  for (const char* member : {"method", "path", "host", "query", "scheme"})
    parts->request_members.emplace_back(member, string);
  parts->request_members.emplace_back("headers", &parts->headers);
  for (const std::string& name : names) parts->path_members.emplace_back(name, string);
  parts->client_members.emplace_back("ip", string);
  const std::array<cel::Variable, 5> variables{{{"claims", &parts->claims},
                                                {"request", &parts->request},
                                                {"path", &parts->path},
                                                {"client", &parts->client},
                                                {"now", Type::of(Type::What::timestamp)}}};
  auto program = cel::Program::compile(text, variables, Type::What::boolean);
  if (!program)
    return WhenProblem{program.error().line, program.error().column, program.error().offset,
                       program.error().what};
  parts->program = std::move(*program);
  return std::shared_ptr<const When>(new When(std::move(parts)));
}

When::Outcome When::evaluate(const RequestFacts& facts, const auth::Identity& identity) const {
  if (identity.claims().as_object() == nullptr || facts.fields == nullptr) return {false, "nothing is known"};
  static thread_local cel::Arena arena;
  arena.clear();
  const ClaimsView claims(identity, arena);
  const HeadersView headers(facts.fields);
  const FixedView<6> request({{{"method", Value::text(facts.method)},
                               {"path", Value::text(facts.path)},
                               {"host", Value::text(facts.host)},
                               {"query", Value::text(facts.query)},
                               {"scheme", Value::text(facts.scheme)},
                               {"headers", Value::map(headers)}}});
  const PathView path(facts.captures);
  const FixedView<1> client({{{"ip", Value::text(facts.client_ip)}}});
  const std::array<Value, 5> values{Value::map(claims), Value::map(request), Value::map(path),
                                    Value::map(client), Value::timestamp(facts.now, 0)};
  const Value result = parts_->program->evaluate(values, arena);
  if (result.is_error()) return {false, result.why()};
  if (!result.is(cel::Kind::boolean)) return {false, "the result is not true or false"};
  return {result.as_bool()};
}

std::string_view When::text() const {
  return parts_->program->text();
}

}  // namespace gw::policy
