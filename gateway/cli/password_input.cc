// SPDX-License-Identifier: Apache-2.0
#include "cli/password_input.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "auth/password_hash.h"
#include "base/unique_fd.h"

namespace gw::cli {
namespace {

constexpr std::size_t kMaxLine = auth::kMaxPasswordBytes + 1;  // one more, so that too long is seen as such

// The terminal shows nothing of what is typed until this is gone.
class EchoOff {
 public:
  explicit EchoOff(int terminal) : terminal_(terminal), changed_(tcgetattr(terminal, &before_) == 0) {
    if (!changed_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = tcsetattr(terminal_, TCSAFLUSH, &quiet) == 0;
  }
  ~EchoOff() {
    if (changed_) tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

  bool changed() const { return changed_; }

 private:
  int terminal_;
  termios before_{};
  bool changed_;
};

void write_text(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// A line from `next`, which gives a character, or nothing at the end. Reserved at once: growing would leave
// copies.
template <class Next>
PasswordResult read_line(Next next) {
  std::string line;
  line.reserve(kMaxLine);
  std::optional<char> c = next();
  for (; c && *c != '\n'; c = next()) {
    if (line.size() < kMaxLine) line += *c;
  }
  if (line.ends_with('\r')) line.pop_back();
  SecretString password(std::move(line));
  if (password.empty()) return std::string("no password was given");
  return password;
}

}  // namespace

PasswordResult read_password_line(std::istream& in) {
  return read_line([&]() -> std::optional<char> {
    const int c = in.get();
    if (c == std::istream::traits_type::eof()) return std::nullopt;
    return static_cast<char>(c);
  });
}

PasswordResult prompt_on_terminal(std::string_view question) {
  const UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal) return std::string("there is no terminal to ask on (use --password-stdin)");
  const EchoOff quiet(terminal.get());
  if (!quiet.changed())
    return std::string("the terminal does not let the password be typed unseen (use --password-stdin)");

  write_text(terminal.get(), question);
  PasswordResult password = read_line([&]() -> std::optional<char> {
    char c = 0;
    ssize_t got = -1;
    do {
      got = ::read(terminal.get(), &c, 1);
    } while (got < 0 && errno == EINTR);
    return got == 1 ? std::optional(c) : std::nullopt;
  });
  write_text(terminal.get(), "\n");
  return password;
}

PasswordResult prompt_new_password(const PasswordPrompt& prompt) {
  PasswordResult first = prompt("New password: ");
  if (!first) return first;
  const PasswordResult second = prompt("Once more: ");
  if (!second) return second;
  if (!(*first == *second)) return std::string("the two passwords differ (nothing was changed)");
  return first;
}

std::string check_new_password(const SecretString& password, std::size_t min_length) {
  if (password.size() > auth::kMaxPasswordBytes) {
    return "the password is longer than " + std::to_string(auth::kMaxPasswordBytes) + " bytes";
  }
  const std::string_view text = password.reveal();
  const auto characters = static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
  if (characters < min_length) {
    return "the password has " + std::to_string(characters) +
           " characters, login.password.min_length asks for " + std::to_string(min_length);
  }
  return {};
}

}  // namespace gw::cli
