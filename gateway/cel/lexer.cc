// SPDX-License-Identifier: Apache-2.0
#include "cel/lexer.h"

#include <array>

#include "base/utf8.h"

namespace gw::cel {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
int hex_of(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_code_point(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

class Lexer {
 public:
  Lexer(std::string_view text, std::deque<std::string>& strings, std::vector<Token>& tokens)
      : text_(text), strings_(strings), tokens_(tokens) {}

  std::optional<Problem> run() {
    for (skip_blanks(); at_ < text_.size(); skip_blanks())
      if (!read_token()) return problem_at(text_, failed_at_, why_);
    push(Token::What::end, at_, {});
    return std::nullopt;
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void push(Token::What what, std::size_t from, std::string_view text) {
    tokens_.push_back({what, static_cast<std::uint32_t>(from), text});
  }

  bool fail(std::size_t at, const char* why) {
    failed_at_ = at;
    why_ = why;
    return false;
  }

  void skip_blanks() {
    while (at_ < text_.size()) {
      if (text_.substr(at_).starts_with("//"))
        at_ = std::min(text_.find('\n', at_), text_.size());
      else if (std::string_view(" \t\r\n\f").find(text_[at_]) != std::string_view::npos)
        ++at_;
      else
        return;
    }
  }

  bool read_token() {
    if (const std::size_t prefix = literal_prefix(); prefix != std::string_view::npos)
      return read_text(prefix);
    if (is_letter(peek())) return read_name();
    if (is_digit(peek()) || (peek() == '.' && is_digit(peek(1)))) return read_number();
    if (peek() == '`') return read_quoted_name();
    return read_symbol();
  }

  // How many letters stand before the quote of a literal; npos when none begins here.
  std::size_t literal_prefix() const {
    std::size_t letters = 0;
    while (letters < 2 && std::string_view("rRbB").find(peek(letters)) != std::string_view::npos &&
           peek(letters) != '\0')
      ++letters;
    const char quote = peek(letters);
    return quote == '"' || quote == '\'' ? letters : std::string_view::npos;
  }

  bool read_name() {
    const std::size_t from = at_;
    while (is_letter(peek()) || is_digit(peek())) ++at_;
    push(Token::What::name, from, text_.substr(from, at_ - from));
    return true;
  }

  bool read_quoted_name() {
    const std::size_t from = at_++;
    while (is_letter(peek()) || is_digit(peek()) ||
           std::string_view("-./ ").find(peek()) != std::string_view::npos) {
      if (peek() == '\0') break;
      ++at_;
    }
    if (peek() != '`' || at_ == from + 1)
      return fail(
          from,
          "a name in ` is not closed, or has other characters than letters, digits, _ - . / and blanks");
    push(Token::What::quoted_name, from, text_.substr(from + 1, at_ - from - 1));
    ++at_;
    return true;
  }

  bool read_number() {
    const std::size_t from = at_;
    Token::What what = Token::What::integer;
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
      at_ += 2;
      while (hex_of(peek()) >= 0) ++at_;
    } else {
      while (is_digit(peek())) ++at_;
      if (peek() == '.' && is_digit(peek(1))) {
        what = Token::What::real;
        ++at_;
        while (is_digit(peek())) ++at_;
      }
      if ((peek() | 0x20) == 'e') {
        what = Token::What::real;
        ++at_;
        if (peek() == '+' || peek() == '-') ++at_;
        if (!is_digit(peek())) return fail(from, "a number whose exponent has no digits");
        while (is_digit(peek())) ++at_;
      }
    }
    const std::string_view digits = text_.substr(from, at_ - from);
    if (what == Token::What::integer && (peek() | 0x20) == 'u') {
      what = Token::What::uinteger;
      ++at_;
    }
    if (is_letter(peek()) || is_digit(peek())) return fail(from, "a number with letters behind it");
    push(what, from, digits);
    return true;
  }

  bool read_symbol() {
    constexpr std::array<std::string_view, 25> kSymbols{"&&", "||", "==", "!=", "<=", ">=", "<", ">", "+",
                                                        "-",  "*",  "/",  "%",  "!",  "?",  ":", "(", ")",
                                                        "[",  "]",  "{",  "}",  ".",  ",",  "@"};
    for (const std::string_view symbol : kSymbols) {
      if (!text_.substr(at_).starts_with(symbol) || symbol == "@") continue;
      push(Token::What::symbol, at_, text_.substr(at_, symbol.size()));
      at_ += symbol.size();
      return true;
    }
    if (peek() == '=') return fail(at_, "one = (equality is ==)");
    if (peek() == '&') return fail(at_, "one & (and is &&)");
    if (peek() == '|') return fail(at_, "one | (or is ||)");
    return fail(at_, "a character that has no meaning here");
  }

  bool read_text(std::size_t prefix) {
    const std::size_t from = at_;
    bool raw = false, bytes = false;
    for (std::size_t i = 0; i < prefix; ++i) {
      const char letter = static_cast<char>(peek(i) | 0x20);
      bool& seen = letter == 'r' ? raw : bytes;
      if (seen) return fail(from, "a letter stands twice before a quote");
      seen = true;
    }
    at_ += prefix;
    const char quote = peek();
    const std::string_view rest = text_.substr(at_);
    const bool is_long = rest.starts_with(std::string(3, quote));
    const std::string closing(is_long ? 3 : 1, quote);
    at_ += closing.size();

    std::string decoded;
    while (!text_.substr(at_).starts_with(closing)) {
      if (at_ >= text_.size() || (!is_long && (peek() == '\n' || peek() == '\r')))
        return fail(from, "a text that is not closed");
      if (peek() != '\\' || raw) {
        decoded += text_[at_++];
      } else if (!read_escape(decoded, bytes)) {
        return false;
      }
    }
    at_ += closing.size();
    if (!bytes && !is_utf8(decoded)) return fail(from, "a text that is not UTF-8");
    strings_.push_back(std::move(decoded));
    push(bytes ? Token::What::bytes : Token::What::text, from, strings_.back());
    return true;
  }

  bool read_escape(std::string& out, bool bytes) {
    constexpr std::string_view kLetters = "abfnrtv\\?\"'`", kMeanings = "\a\b\f\n\r\t\v\\?\"'`";
    const std::size_t from = at_;
    const char letter = peek(1);
    at_ += 2;
    if (const std::size_t known = letter == '\0' ? std::string_view::npos : kLetters.find(letter);
        known != std::string_view::npos) {
      out += kMeanings[known];
      return true;
    }
    std::uint32_t code = 0;
    if (letter == 'x' || letter == 'X') return read_digits(from, 2, 16, code) && add(out, code, bytes, from);
    if (letter == 'u' && !bytes) return read_digits(from, 4, 16, code) && add(out, code, false, from);
    if (letter == 'U' && !bytes) return read_digits(from, 8, 16, code) && add(out, code, false, from);
    if (letter >= '0' && letter <= '3') {
      --at_;
      return read_digits(from, 3, 8, code) && add(out, code, bytes, from);
    }
    return fail(from, "an escape that has no meaning");
  }

  bool read_digits(std::size_t from, int count, int base, std::uint32_t& code) {
    for (int i = 0; i < count; ++i) {
      const int digit = hex_of(peek());
      if (digit < 0 || digit >= base) return fail(from, "an escape with too few digits");
      code = code * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
      ++at_;
    }
    return true;
  }

  bool add(std::string& out, std::uint32_t code, bool as_byte, std::size_t from) {
    if (as_byte) {
      out += static_cast<char>(code);
      return true;
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
      return fail(from, "an escape that is no Unicode character");
    append_code_point(out, code);
    return true;
  }

  std::string_view text_;
  std::deque<std::string>& strings_;
  std::vector<Token>& tokens_;
  std::size_t at_ = 0;
  std::size_t failed_at_ = 0;
  const char* why_ = "";
};

}  // namespace

std::optional<Problem> tokenise(std::string_view text, std::deque<std::string>& strings,
                                std::vector<Token>& tokens) {
  return Lexer(text, strings, tokens).run();
}

Problem problem_at(std::string_view text, std::size_t at, std::string what) {
  Problem problem{1, 1, at, std::move(what)};
  for (const char c : text.substr(0, at)) {
    problem.column = c == '\n' ? 1 : problem.column + 1;
    problem.line += c == '\n' ? 1 : 0;
  }
  return problem;
}

}  // namespace gw::cel
