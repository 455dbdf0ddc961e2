// SPDX-License-Identifier: Apache-2.0
#include "cel/check.h"

#include <re2/re2.h>

#include <algorithm>

namespace gw::cel {
namespace {

using What = Node::What;
using T = Type::What;

constexpr unsigned kMaxTreeDepth = 256;  // sums and products nest to the left without nesting in the text
constexpr std::size_t kMaxPatternBytes = 1024;

bool is_numeric(T what) {
  return what == T::integer || what == T::uinteger || what == T::real;
}
bool is_map(T what) {
  return what == T::map || what == T::object;
}

// A value of type `have` may be one of type `wanted`.
bool fits(T have, T wanted) {
  return have == T::dyn || wanted == T::dyn || have == wanted || (is_map(have) && is_map(wanted));
}

bool can_be_equal(T a, T b) {
  return fits(a, b) || (is_numeric(a) && is_numeric(b));
}
bool can_be_ordered(T what) {
  return what != T::list && !is_map(what) && what != T::null && what != T::type;
}

const Type* element_of(const Type* type) {
  return type->element != nullptr ? type->element : Type::of(T::dyn);
}

// What both are, or anything.
const Type* common(const Type* a, const Type* b) {
  if (a == nullptr) return b;
  if (a == b || (a->what == b->what && a->element == b->element && a->what != T::object)) return a;
  return Type::of(T::dyn);
}

const Type* type_of(const Value& value) {
  switch (value.kind()) {
    case Kind::boolean:
      return Type::of(T::boolean);
    case Kind::integer:
      return Type::of(T::integer);
    case Kind::uinteger:
      return Type::of(T::uinteger);
    case Kind::real:
      return Type::of(T::real);
    case Kind::text:
      return Type::of(T::text);
    case Kind::bytes:
      return Type::of(T::bytes);
    default:
      return Type::of(T::null);
  }
}

// The names of types are values too: `type(claims.age) == int`.
std::optional<Kind> type_named(std::string_view name) {
  for (int kind = static_cast<int>(Kind::null); kind <= static_cast<int>(Kind::type); ++kind)
    if (name_of(static_cast<Kind>(kind)) == name) return static_cast<Kind>(kind);
  return std::nullopt;
}

std::string described(const std::vector<const Type*>& types) {
  std::string text;
  for (const Type* type : types) text += (text.empty() ? "" : ", ") + std::string(name_of(type->what));
  return text;
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// " (did you mean X?)", or nothing when none of the names is near.
template <class Names>
std::string suggestion(std::string_view name, const Names& names) {
  std::string_view best;
  std::size_t least = std::max<std::size_t>(name.size() / 3, 1) + 1;
  for (const auto& candidate : names) {
    const std::size_t steps = distance(name, candidate);
    if (steps >= least) continue;
    least = steps;
    best = candidate;
  }
  return best.empty() ? std::string() : " (did you mean " + std::string(best) + "?)";
}

}  // namespace

Checker::Checker(Syntax& syntax, std::span<const Variable> variables,
                 std::vector<std::unique_ptr<re2::RE2>>& patterns)
    : syntax_(syntax), variables_(variables), patterns_(patterns) {}

const Type* Checker::run() {
  return check(*syntax_.root);
}

const Type* Checker::refuse(const Node& node, std::string what) {
  if (problem_.what.empty()) problem_ = problem_at(syntax_.text, node.at, std::move(what));
  return nullptr;
}

const Type* Checker::make_list(const Type* element) {
  return &types_.emplace_back(Type{T::list, element, nullptr});
}

const Type* Checker::make_map(const Type* element) {
  return &types_.emplace_back(Type{T::map, element, nullptr});
}

const Type* Checker::check(Node& node) {
  if (depth_ == kMaxTreeDepth) return refuse(node, "the expression is nested too deeply");
  ++depth_;
  const Type* type = nullptr;
  switch (node.what) {
    case What::literal:
      type = type_of(node.value);
      break;
    case What::variable:
      type = check_variable(node);
      break;
    case What::field:
    case What::has_field:
      type = check_field(node);
      break;
    case What::index:
      type = check_index(node);
      break;
    case What::call:
      type = check_call(node);
      break;
    case What::all_of:
    case What::any_of:
      type = check_bools(node);
      break;
    case What::choice:
      type = check_choice(node);
      break;
    case What::list:
      type = check_list(node);
      break;
    case What::map:
      type = check_map(node);
      break;
    case What::all:
    case What::exists:
    case What::exists_one:
    case What::filter:
    case What::transform:
      type = check_macro(node);
      break;
  }
  --depth_;
  return type;
}

const Type* Checker::check_variable(Node& node) {
  for (std::size_t i = locals_.size(); i-- > 0;) {
    if (locals_[i].name != node.name) continue;
    node.slot = static_cast<std::uint32_t>(variables_.size() + i);
    return locals_[i].type;
  }
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    if (variables_[i].name != node.name) continue;
    node.slot = static_cast<std::uint32_t>(i);
    return variables_[i].type;
  }
  if (const auto kind = type_named(node.name)) {
    node.what = What::literal;
    node.value = Value::type(*kind);
    return Type::of(T::type);
  }
  std::vector<std::string_view> names;
  for (const Variable& variable : variables_) names.push_back(variable.name);
  for (const Local& local : locals_) names.push_back(local.name);
  std::string what = "there is no variable " + std::string(node.name) + suggestion(node.name, names);
  return refuse(node, std::move(what));
}

const Type* Checker::check_field(Node& node) {
  const Type* of = check(child(node, 0));
  if (of == nullptr) return nullptr;
  const Type* result = Type::of(T::dyn);
  if (of->what == T::object) {
    const auto found = std::find_if(of->members->begin(), of->members->end(),
                                    [&](const auto& member) { return member.first == node.name; });
    if (found == of->members->end()) {
      std::vector<std::string_view> names;
      for (const auto& member : *of->members) names.push_back(member.first);
      return refuse(node,
                    "there is no field " + std::string(node.name) + " here" + suggestion(node.name, names));
    }
    result = found->second;
  } else if (of->what == T::map) {
    result = element_of(of);
  } else if (of->what != T::dyn) {
    return refuse(node, "a " + std::string(name_of(of->what)) + " has no fields");
  }
  return node.what == What::has_field ? Type::of(T::boolean) : result;
}

const Type* Checker::check_index(Node& node) {
  const Type* of = check(child(node, 0));
  const Type* key = of == nullptr ? nullptr : check(child(node, 1));
  if (key == nullptr) return nullptr;
  if (of->what == T::list) {
    if (!fits(key->what, T::integer) && !is_numeric(key->what))
      return refuse(node, "a list is indexed by a number, not by a " + std::string(name_of(key->what)));
    return element_of(of);
  }
  if (of->what == T::map) return element_of(of);
  if (of->what == T::object || of->what == T::dyn) return Type::of(T::dyn);
  return refuse(node, "a " + std::string(name_of(of->what)) + " has no elements");
}

const Type* Checker::expect(Node& node, T wanted, const char* of) {
  const Type* type = check(node);
  if (type == nullptr || fits(type->what, wanted)) return type;
  return refuse(node, std::string(of) + " is a " + std::string(name_of(wanted)) + ", not a " +
                          std::string(name_of(type->what)));
}

const Type* Checker::check_bools(Node& node) {
  for (std::size_t i = 0; i < node.children.size(); ++i)
    if (expect(child(node, i), T::boolean, node.what == What::all_of ? "a side of &&" : "a side of ||") ==
        nullptr)
      return nullptr;
  return Type::of(T::boolean);
}

const Type* Checker::check_choice(Node& node) {
  if (expect(child(node, 0), T::boolean, "what stands before ?") == nullptr) return nullptr;
  const Type* yes = check(child(node, 1));
  const Type* no = yes == nullptr ? nullptr : check(child(node, 2));
  return no == nullptr ? nullptr : common(yes, no);
}

const Type* Checker::check_list(Node& node) {
  const Type* element = nullptr;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const Type* type = check(child(node, i));
    if (type == nullptr) return nullptr;
    element = common(element, type);
  }
  return make_list(element);
}

const Type* Checker::check_map(Node& node) {
  const Type* element = nullptr;
  for (std::size_t i = 0; i < node.children.size(); i += 2) {
    const Type* key = check(child(node, i));
    const Type* value = key == nullptr ? nullptr : check(child(node, i + 1));
    if (value == nullptr) return nullptr;
    if (key->what != T::dyn && key->what != T::text && key->what != T::integer && key->what != T::uinteger &&
        key->what != T::boolean)
      return refuse(child(node, i), "a " + std::string(name_of(key->what)) + " cannot be the key of a map");
    element = common(element, value);
  }
  return make_map(element);
}

const Type* Checker::check_macro(Node& node) {
  const Type* range = check(child(node, 0));
  if (range == nullptr) return nullptr;
  if (range->what != T::dyn && range->what != T::list && !is_map(range->what))
    return refuse(node, "a " + std::string(name_of(range->what)) + " has no elements to go through");
  if (variables_.size() + locals_.size() >= kMaxSlots) return refuse(node, "macros are nested too deeply");
  node.slot = static_cast<std::uint32_t>(variables_.size() + locals_.size());
  const Type* element = range->what == T::list ? element_of(range)
                        : is_map(range->what)  ? Type::of(T::text)
                                               : Type::of(T::dyn);
  if (range->what == T::map) element = Type::of(T::dyn);
  locals_.push_back({node.name, element});
  const bool maps = node.what == What::transform;
  const Type* result = nullptr;
  for (std::size_t i = 1; i < node.children.size(); ++i) {
    const bool is_condition = !maps || (node.children.size() == 3 && i == 1);
    result =
        is_condition ? expect(child(node, i), T::boolean, "the condition of a macro") : check(child(node, i));
    if (result == nullptr) return nullptr;
  }
  locals_.pop_back();
  if (maps) return make_list(result);
  if (node.what == What::filter) return make_list(element);
  return Type::of(T::boolean);
}

const Type* Checker::check_call(Node& node) {
  std::vector<const Type*> arguments;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const Type* type = check(child(node, i));
    if (type == nullptr) return nullptr;
    arguments.push_back(type);
  }
  const auto overloads = overloads_of(node.name);
  if (overloads.empty())
    return refuse(node, "there is no function " + std::string(node.name) + "()" + advice_for(node.name));

  const Type* result = nullptr;
  for (const Overload& overload : overloads) {
    const bool as_method = overload.use != Overload::Use::call,
               as_call = overload.use != Overload::Use::method;
    if (!(node.is_method ? as_method : as_call) || overload.count != arguments.size()) continue;
    bool all_fit = true;
    for (std::size_t i = 0; i < arguments.size(); ++i)
      all_fit = all_fit && fits(arguments[i]->what, overload.arguments[i]);
    if (!all_fit) continue;
    node.function = overload.function;
    result = common(result, result_of(overload, arguments));
  }
  if (result == nullptr)
    return refuse(node,
                  std::string(node.name == "-_" || node.name == "!_" ? node.name.substr(0, 1) : node.name) +
                      " does not take (" + described(arguments) + ")");
  if (node.function >= Function::equal && node.function <= Function::in)
    return check_comparison(node, arguments);
  if (node.function == Function::matches && !compile_pattern(node)) return nullptr;
  return result;
}

const Type* Checker::result_of(const Overload& overload, const std::vector<const Type*>& arguments) {
  if (overload.result == T::list)
    return make_list(common(element_of(arguments[0]), element_of(arguments[1])));
  return Type::of(overload.result);
}

const Type* Checker::check_comparison(const Node& node, const std::vector<const Type*>& arguments) {
  T a = arguments[0]->what, b = arguments[1]->what;
  if (node.function == Function::in) {
    if (b == T::dyn || is_map(b)) return Type::of(T::boolean);
    b = element_of(arguments[1])->what;
    if (can_be_equal(a, b)) return Type::of(T::boolean);
    return refuse(node, "a " + std::string(name_of(a)) + " is never in a list of " + std::string(name_of(b)));
  }
  const bool is_equality = node.function <= Function::not_equal;
  if (can_be_equal(a, b) && (is_equality || (can_be_ordered(a) && can_be_ordered(b))))
    return Type::of(T::boolean);
  return refuse(node, std::string(node.name) + " does not take (" + described(arguments) + ")");
}

bool Checker::compile_pattern(Node& node) {
  const Node& pattern = *node.children[1];
  if (pattern.what != What::literal) {
    refuse(pattern, "the pattern of matches() is written out as a text, so that it is checked once");
    return false;
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  const std::string_view text = pattern.value.as_text();
  if (text.size() > kMaxPatternBytes) {
    refuse(pattern, "a pattern longer than 1 KiB");
    return false;
  }
  auto compiled = std::make_unique<re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!compiled->ok()) {
    refuse(pattern, "the pattern is no RE2 expression: " + compiled->error());
    return false;
  }
  node.pattern = static_cast<std::uint32_t>(patterns_.size());
  patterns_.push_back(std::move(compiled));
  return true;
}

std::string Checker::advice_for(std::string_view name) const {
  std::vector<std::string_view> names{"has", "all", "exists", "exists_one", "filter", "map"};
  for (const Overload& overload : all_overloads())
    if (overload.name.size() > 2) names.push_back(overload.name);
  return suggestion(name, names);
}

}  // namespace gw::cel
