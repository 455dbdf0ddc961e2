// SPDX-License-Identifier: Apache-2.0
#include <re2/re2.h>

#include <array>

#include "cel/check.h"
#include "cel/operations.h"
#include "cel/parser.h"
#include "cel/program.h"

namespace gw::cel {
namespace {

using What = Node::What;

constexpr const char* kTooMuch = "the expression takes more steps than it may";
constexpr const char* kNoBool = "no such overload";
constexpr const char* kTooLarge = "the expression makes more than it may";

class Evaluation {
 public:
  Evaluation(std::span<const std::unique_ptr<re2::RE2>> patterns, std::span<const Value> values, Arena& arena)
      : patterns_(patterns), arena_(arena) {
    std::copy(values.begin(), values.end(), frame_.begin());
  }

  Value run(const Node& node) {
    if (++cost_ > Program::kCostLimit) return Value::error(kTooMuch);
    switch (node.what) {
      case What::literal:
        return node.value;
      case What::variable:
        return frame_[node.slot];
      case What::field:
        return field(node);
      case What::has_field:
        return has_field(node);
      case What::index:
        return cel::index(run(*node.children[0]), run(*node.children[1]));
      case What::call:
        return call(node);
      case What::all_of:
      case What::any_of:
        return bools(node);
      case What::choice:
        return choice(node);
      case What::list:
        return list(node);
      case What::map:
        return map(node);
      case What::all:
      case What::exists:
      case What::exists_one:
        return quantify(node);
      case What::filter:
      case What::transform:
        return collect(node);
    }
    return Value::error(kNoBool);
  }

 private:
  Value field(const Node& node) {
    const Value of = run(*node.children[0]);
    if (of.is_error()) return of;
    if (!of.is(Kind::map)) return Value::error("no such field: not a map");
    cost_ += of.size() / 8;
    const auto found = of.find(Value::text(node.name));
    return found ? *found : Value::error("no such key");
  }

  Value has_field(const Node& node) {
    const Value of = run(*node.children[0]);
    if (of.is_error()) return of;
    if (!of.is(Kind::map)) return Value::error("no such field: not a map");
    return Value::boolean(of.find(Value::text(node.name)).has_value());
  }

  Value call(const Node& node) {
    std::array<Value, 2> arguments;
    for (std::size_t i = 0; i < node.children.size(); ++i) arguments[i] = run(*node.children[i]);
    const std::span<const Value> given(arguments.data(), node.children.size());
    if (node.function != Function::matches) return apply(node.function, given, arena_, cost_);
    if (given[0].is_error()) return given[0];
    if (!given[0].is(Kind::text)) return Value::error(kNoBool);
    const std::string_view text = given[0].as_text();
    cost_ += text.size() / 16;
    return Value::boolean(
        re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *patterns_[node.pattern]));
  }

  // An error on one side does not matter when the other decides.
  Value bools(const Node& node) {
    const bool deciding = node.what == What::any_of;
    Value error = Value::boolean(!deciding);
    for (const Node* child : node.children) {
      const Value value = run(*child);
      if (value.is(Kind::boolean)) {
        if (value.as_bool() == deciding) return value;
      } else if (!error.is_error()) {
        error = value.is_error() ? value : Value::error(kNoBool);
      }
    }
    return error;
  }

  Value choice(const Node& node) {
    const Value condition = run(*node.children[0]);
    if (condition.is_error()) return condition;
    if (!condition.is(Kind::boolean)) return Value::error(kNoBool);
    return run(*node.children[condition.as_bool() ? 1 : 2]);
  }

  Value list(const Node& node) {
    const std::span<Value> room = arena_.make<Value>(node.children.size());
    if (room.size() != node.children.size()) return Value::error(kTooLarge);
    for (std::size_t i = 0; i < room.size(); ++i) {
      room[i] = run(*node.children[i]);
      if (room[i].is_error()) return room[i];
    }
    return Value::list(std::span<const Value>(room));
  }

  Value map(const Node& node) {
    const std::size_t size = node.children.size() / 2;
    const std::span<Entry> room = arena_.make<Entry>(size);
    if (room.size() != size) return Value::error(kTooLarge);
    for (std::size_t i = 0; i < size; ++i) {
      room[i] = {run(*node.children[2 * i]), run(*node.children[2 * i + 1])};
      if (room[i].key.is_error()) return room[i].key;
      if (room[i].value.is_error()) return room[i].value;
      const Kind kind = room[i].key.kind();
      if (kind != Kind::text && kind != Kind::boolean && kind != Kind::integer && kind != Kind::uinteger)
        return Value::error("a key of a map is a text, a number or a bool");
      for (std::size_t j = 0; j < i; ++j)
        if (equal(room[i].key, room[j].key, cost_)) return Value::error("a key stands twice in a map");
    }
    return Value::map(std::span<const Entry>(room));
  }

  // What a macro goes through: an error unless a list or a map.
  Value range_of(const Node& node) {
    const Value range = run(*node.children[0]);
    if (range.is_error() || range.is(Kind::list) || range.is(Kind::map)) return range;
    return Value::error(kNoBool);
  }

  void bind(const Node& node, const Value& range, std::size_t i) {
    frame_[node.slot] = range.is(Kind::list) ? range.at(i) : range.key_at(i);
  }

  Value quantify(const Node& node) {
    const Value range = range_of(node);
    if (range.is_error()) return range;
    Value error;
    std::size_t yes = 0;
    for (std::size_t i = 0; i < range.size(); ++i) {
      bind(node, range, i);
      Value value = run(*node.children[1]);
      if (!value.is(Kind::boolean) && !value.is_error()) value = Value::error(kNoBool);
      if (value.is_error() && (node.what == What::exists_one || cost_ > Program::kCostLimit)) return value;
      if (value.is_error() && !error.is_error()) error = value;
      if (node.what == What::all && value.is_false()) return value;
      if (node.what == What::exists && value.is_true()) return value;
      yes += value.is_true() ? 1 : 0;
    }
    if (error.is_error()) return error;
    return Value::boolean(node.what == What::all || (node.what == What::exists_one && yes == 1));
  }

  Value collect(const Node& node) {
    const Value range = range_of(node);
    if (range.is_error()) return range;
    const std::span<Value> room = arena_.make<Value>(range.size());
    if (room.size() != range.size()) return Value::error(kTooLarge);
    const bool maps = node.what == What::transform;
    const Node* condition = !maps || node.children.size() == 3 ? node.children[1] : nullptr;
    std::size_t count = 0;
    for (std::size_t i = 0; i < range.size(); ++i) {
      bind(node, range, i);
      if (condition != nullptr) {
        const Value wanted = run(*condition);
        if (wanted.is_error()) return wanted;
        if (!wanted.is(Kind::boolean)) return Value::error(kNoBool);
        if (!wanted.as_bool()) continue;
      }
      const Value value = maps ? run(*node.children.back()) : frame_[node.slot];
      if (value.is_error()) return value;
      room[count++] = value;
    }
    return Value::list(std::span<const Value>(room.first(count)));
  }

  std::span<const std::unique_ptr<re2::RE2>> patterns_;
  Arena& arena_;
  std::array<Value, kMaxSlots> frame_;
  std::size_t cost_ = 0;
};

}  // namespace

Program::Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

Result<Program, Problem> Program::compile(std::string_view text, std::span<const Variable> variables,
                                          Type::What wanted) {
  auto syntax = parse(text);
  if (!syntax) return std::move(syntax.error());
  Program program;
  program.syntax_ = std::move(*syntax);
  Checker checker(*program.syntax_, variables, program.patterns_);
  const Type* type = checker.run();
  if (type == nullptr) return std::move(checker.problem());
  program.type_ = type->what;
  if (wanted != Type::What::dyn && type->what != Type::What::dyn && type->what != wanted)
    return Problem{
        1, 1, 0,
        "the whole is a " + std::string(name_of(type->what)) + ", not a " + std::string(name_of(wanted))};
  return program;
}

Value Program::evaluate(std::span<const Value> values, Arena& arena) const {
  return Evaluation(patterns_, values, arena).run(*syntax_->root);
}

}  // namespace gw::cel
