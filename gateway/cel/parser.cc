// SPDX-License-Identifier: Apache-2.0
#include "cel/parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "cel/lexer.h"

namespace gw::cel {
namespace {

using What = Node::What;

constexpr std::array<std::string_view, 24> kReserved{
    "as",     "break", "const", "continue", "else",      "for",        "function", "if",
    "import", "let",   "loop",  "package",  "namespace", "return",     "var",      "void",
    "while",  "in",    "true",  "false",    "null",      "__result__", "__iter__", "__not_used__"};

bool is_reserved(std::string_view name) {
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

struct Macro {
  std::string_view name;
  What what;
  std::size_t least, most;  // arguments
};
constexpr std::array kMacros{
    Macro{"all", What::all, 2, 2},
    Macro{"exists", What::exists, 2, 2},
    Macro{"exists_one", What::exists_one, 2, 2},
    Macro{"existsOne", What::exists_one, 2, 2},
    Macro{"filter", What::filter, 2, 2},
    Macro{"map", What::transform, 2, 3},
};

class Parser {
 public:
  explicit Parser(Syntax& syntax) : syntax_(syntax) {}

  bool run() {
    if (auto problem = tokenise(syntax_.text, syntax_.strings, tokens_)) {
      problem_ = std::move(*problem);
      return false;
    }
    if (current().what == Token::What::end) return fail(0, "the expression is empty");
    syntax_.root = parse_choice();
    if (syntax_.root == nullptr) return false;
    if (current().what != Token::What::end) return fail(current().at, "unexpected " + shown(current()));
    return true;
  }

  Problem take_problem() { return std::move(problem_); }

 private:
  // One level of nesting; the grammar recurses only through these.
  class Depth {
   public:
    explicit Depth(Parser& parser) : parser_(parser) { ++parser_.depth_; }
    ~Depth() { --parser_.depth_; }
    bool is_too_deep() const { return parser_.depth_ > kMaxDepth; }

   private:
    Parser& parser_;
  };

  const Token& current() const { return tokens_[next_]; }
  const Token& take() { return tokens_[next_++]; }
  bool at_symbol(std::string_view symbol) const {
    return current().what == Token::What::symbol && current().text == symbol;
  }
  bool at_name(std::string_view name) const {
    return current().what == Token::What::name && current().text == name;
  }
  bool accept(std::string_view symbol) {
    if (!at_symbol(symbol)) return false;
    ++next_;
    return true;
  }
  bool expect(std::string_view symbol) {
    if (accept(symbol)) return true;
    return fail(current().at, "expected " + std::string(symbol) + ", found " + shown(current()));
  }

  static std::string shown(const Token& token) {
    if (token.what == Token::What::end) return "the end of the expression";
    if (token.what == Token::What::text || token.what == Token::What::bytes) return "a text";
    return "`" + std::string(token.text) + "`";
  }

  bool fail(std::size_t at, std::string what) {
    if (problem_.what.empty()) problem_ = problem_at(syntax_.text, at, std::move(what));
    return false;
  }
  Node* refuse(std::size_t at, std::string what) {
    fail(at, std::move(what));
    return nullptr;
  }

  Node* make(What what, std::size_t at) {
    if (syntax_.nodes.size() >= kMaxNodes) return refuse(at, "the expression has too many parts");
    Node& node = syntax_.nodes.emplace_back();
    node.what = what;
    node.at = static_cast<std::uint32_t>(at);
    return &node;
  }

  Node* make_call(std::string_view name, std::size_t at, std::initializer_list<const Node*> arguments) {
    Node* node = make(What::call, at);
    if (node == nullptr) return nullptr;
    node->name = name;
    node->children = arguments;
    return node;
  }

  Node* parse_choice() {
    const Depth depth(*this);
    if (depth.is_too_deep()) return refuse(current().at, "the expression is nested too deeply");
    Node* condition = parse_chain(What::any_of, "||");
    if (condition == nullptr || !at_symbol("?")) return condition;
    const std::size_t at = take().at;
    Node* yes = parse_chain(What::any_of, "||");
    if (yes == nullptr || !expect(":")) return nullptr;
    Node* no = parse_choice();
    Node* node = no == nullptr ? nullptr : make(What::choice, at);
    if (node != nullptr) node->children = {condition, yes, no};
    return node;
  }

  Node* parse_link(What what) {
    return what == What::any_of ? parse_chain(What::all_of, "&&") : parse_relation();
  }

  Node* parse_chain(What what, std::string_view symbol) {
    Node* first = parse_link(what);
    if (first == nullptr || !at_symbol(symbol)) return first;
    Node* chain = make(what, current().at);
    if (chain == nullptr) return nullptr;
    chain->children.push_back(first);
    while (accept(symbol)) {
      Node* next = parse_link(what);
      if (next == nullptr) return nullptr;
      chain->children.push_back(next);
    }
    return chain;
  }

  Node* parse_relation() {
    constexpr std::array<std::string_view, 6> kRelations{"==", "!=", "<", "<=", ">", ">="};
    Node* left = parse_binary(0);
    while (left != nullptr) {
      const bool is_relation = at_name("in") || (current().what == Token::What::symbol &&
                                                 std::find(kRelations.begin(), kRelations.end(),
                                                           current().text) != kRelations.end());
      if (!is_relation) break;
      const Token& symbol = take();
      Node* right = parse_binary(0);
      left = right == nullptr ? nullptr : make_call(symbol.text, symbol.at, {left, right});
    }
    return left;
  }

  // Sums, and below them products; from left to right.
  Node* parse_binary(int level) {
    constexpr std::array<std::string_view, 2> kSymbols{"+-", "*/%"};
    if (level == 2) return parse_unary();
    Node* left = parse_binary(level + 1);
    while (left != nullptr && current().what == Token::What::symbol && current().text.size() == 1 &&
           kSymbols[static_cast<std::size_t>(level)].find(current().text) != std::string_view::npos) {
      const Token& symbol = take();
      Node* right = parse_binary(level + 1);
      left = right == nullptr ? nullptr : make_call(symbol.text, symbol.at, {left, right});
    }
    return left;
  }

  Node* parse_unary() {
    if (!at_symbol("!") && !at_symbol("-")) return parse_member();
    const Depth depth(*this);
    if (depth.is_too_deep()) return refuse(current().at, "the expression is nested too deeply");
    const Token& symbol = take();
    const bool is_minus = symbol.text == "-";
    if (is_minus && (current().what == Token::What::integer || current().what == Token::What::real)) {
      Node* number = parse_number(true);
      return number == nullptr ? nullptr : parse_suffixes(number);
    }
    Node* operand = parse_unary();
    return operand == nullptr ? nullptr : make_call(is_minus ? "-_" : "!_", symbol.at, {operand});
  }

  Node* parse_member() {
    Node* node = parse_primary();
    return node == nullptr ? nullptr : parse_suffixes(node);
  }

  Node* parse_suffixes(Node* node) {
    // Each suffix is a level of the tree, though none of the grammar.
    for (unsigned levels = 0; node != nullptr; ++levels) {
      if (!at_symbol(".") && !at_symbol("[")) return node;
      if (levels > kMaxDepth) return refuse(current().at, "the expression is nested too deeply");
      node = at_symbol(".") ? parse_selection(node) : parse_index(node);
    }
    return nullptr;
  }

  Node* parse_index(Node* of) {
    const std::size_t at = take().at;
    Node* key = parse_choice();
    if (key == nullptr || !expect("]")) return nullptr;
    Node* node = make(What::index, at);
    if (node != nullptr) node->children = {of, key};
    return node;
  }

  Node* parse_selection(Node* of) {
    take();
    const Token& name = take();
    const bool is_quoted = name.what == Token::What::quoted_name;
    if (name.what != Token::What::name && !is_quoted)
      return refuse(name.at, "expected a name behind the dot, found " + shown(name));
    if (!is_quoted && accept("(")) return parse_method(of, name);
    if (name.text == "in" || name.text == "true" || name.text == "false" || name.text == "null")
      return refuse(name.at, shown(name) + " is a word of the language");
    Node* node = make(What::field, name.at);
    if (node == nullptr) return nullptr;
    node->name = name.text;
    node->children = {of};
    return node;
  }

  bool parse_arguments(std::vector<const Node*>& arguments, std::string_view closing) {
    if (accept(closing)) return true;
    for (;;) {
      const Node* argument = parse_choice();
      if (argument == nullptr) return false;
      arguments.push_back(argument);
      if (accept(closing)) return true;
      if (!expect(",")) return false;
      if (closing != ")" && accept(closing)) return true;
    }
  }

  Node* parse_method(Node* of, const Token& name) {
    Node* node = make(What::call, name.at);
    if (node == nullptr) return nullptr;
    node->name = name.text;
    node->is_method = true;
    node->children = {of};
    if (!parse_arguments(node->children, ")")) return nullptr;
    return expand_macro(node);
  }

  Node* expand_macro(Node* node) {
    const std::size_t arguments = node->children.size() - 1;
    for (const Macro& macro : kMacros) {
      if (macro.name != node->name || arguments < macro.least || arguments > macro.most) continue;
      const Node* variable = node->children[1];
      if (variable->what != What::variable || variable->name.find('.') != std::string_view::npos)
        return refuse(variable->at,
                      "the first argument of " + std::string(macro.name) + "() is a name for each element");
      node->what = macro.what;
      node->is_method = false;
      node->name = variable->name;
      node->children.erase(node->children.begin() + 1);
      return node;
    }
    return node;
  }

  Node* parse_primary() {
    const Token& token = current();
    switch (token.what) {
      case Token::What::integer:
      case Token::What::uinteger:
      case Token::What::real:
        return parse_number(false);
      case Token::What::text:
      case Token::What::bytes:
        take();
        return make_literal(
            token.at, token.what == Token::What::text ? Value::text(token.text) : Value::bytes(token.text));
      case Token::What::name:
        return parse_name();
      case Token::What::symbol:
        return parse_bracketed();
      case Token::What::quoted_name:
      case Token::What::end:
        break;
    }
    return refuse(token.at, "expected a value, found " + shown(token));
  }

  Node* parse_bracketed() {
    const Token& token = current();
    if (accept("(")) {
      Node* inner = parse_choice();
      return inner != nullptr && expect(")") ? inner : nullptr;
    }
    if (accept("[")) {
      Node* list = make(What::list, token.at);
      return list != nullptr && parse_arguments(list->children, "]") ? list : nullptr;
    }
    if (accept("{")) return parse_map(token.at);
    if (accept(".") && current().what == Token::What::name) return parse_name();
    return refuse(token.at, "expected a value, found " + shown(token));
  }

  Node* parse_map(std::size_t at) {
    Node* map = make(What::map, at);
    if (map == nullptr || accept("}")) return map;
    for (;;) {
      const Node* key = parse_choice();
      if (key == nullptr || !expect(":")) return nullptr;
      const Node* value = parse_choice();
      if (value == nullptr) return nullptr;
      map->children.push_back(key);
      map->children.push_back(value);
      if (accept("}")) return map;
      if (!expect(",")) return nullptr;
      if (accept("}")) return map;
    }
  }

  Node* make_literal(std::size_t at, Value value) {
    Node* node = make(What::literal, at);
    if (node != nullptr) node->value = value;
    return node;
  }

  Node* parse_name() {
    const Token& name = take();
    if (name.text == "true" || name.text == "false")
      return make_literal(name.at, Value::boolean(name.text == "true"));
    if (name.text == "null") return make_literal(name.at, Value());
    if (is_reserved(name.text)) return refuse(name.at, shown(name) + " is a word of the language");
    if (accept("(")) return parse_call(name);
    if (at_symbol("{")) return refuse(current().at, "messages cannot be made here");
    Node* node = make(What::variable, name.at);
    if (node != nullptr) node->name = name.text;
    return node;
  }

  Node* parse_call(const Token& name) {
    Node* node = make(What::call, name.at);
    if (node == nullptr) return nullptr;
    node->name = name.text;
    if (!parse_arguments(node->children, ")")) return nullptr;
    if (name.text != "has" || node->children.size() != 1) return node;
    const Node* field = node->children.front();
    if (field->what != What::field) return refuse(field->at, "has() takes a field: has(claims.email)");
    node->what = What::has_field;
    node->name = field->name;
    node->children = field->children;
    return node;
  }

  Node* parse_number(bool is_negative) {
    const Token& token = take();
    const char* const first = token.text.data();
    const char* const last = first + token.text.size();
    if (token.what == Token::What::real) {
      const double value = std::strtod(std::string(token.text).c_str(), nullptr);  // too small ones become 0
      if (std::isinf(value)) return refuse(token.at, "a number that does not fit a double");
      return make_literal(token.at, Value::real(is_negative ? -value : value));
    }
    const bool is_hex = token.text.starts_with("0x") || token.text.starts_with("0X");
    std::uint64_t value = 0;
    const auto read = std::from_chars(is_hex ? first + 2 : first, last, value, is_hex ? 16 : 10);
    if (read.ec != std::errc() || read.ptr != last)
      return refuse(token.at, "a number that does not fit 64 bits");
    if (token.what == Token::What::uinteger) return make_literal(token.at, Value::uinteger(value));
    constexpr std::uint64_t kHighest = 0x7FFFFFFFFFFFFFFF;
    if (value > kHighest + (is_negative ? 1 : 0))
      return refuse(token.at, "a number that does not fit 64 bits");
    return make_literal(token.at, Value::integer(static_cast<std::int64_t>(is_negative ? 0 - value : value)));
  }

  Syntax& syntax_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  unsigned depth_ = 0;
  Problem problem_;
};

}  // namespace

Result<std::unique_ptr<Syntax>, Problem> parse(std::string_view text) {
  auto syntax = std::make_unique<Syntax>();
  if (text.size() > kMaxExpressionBytes) return Problem{1, 1, 0, "the expression is longer than 16 KiB"};
  syntax->text = text;
  Parser parser(*syntax);
  if (!parser.run()) return parser.take_problem();
  return syntax;
}

}  // namespace gw::cel
