// SPDX-License-Identifier: Apache-2.0
#include "cli/password_input.h"

#include <gmock/gmock.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>

namespace gw::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Reads what the terminal shows until `wanted` is among it, or the other side is gone.
std::string read_until(int terminal, std::string_view wanted) {
  std::string shown;
  char c = 0;
  while (shown.find(wanted) == std::string::npos && read(terminal, &c, 1) == 1) shown += c;
  return shown;
}

TEST(PasswordInput, WhatIsTypedAtTheTerminalIsNotShown) {
  int terminal = -1;
  const pid_t asker = forkpty(&terminal, nullptr, nullptr, nullptr);
  ASSERT_GE(asker, 0);
  if (asker == 0) {
    const PasswordResult typed = prompt_on_terminal("Password: ");
    _exit(typed && typed->reveal() == "open sesame" ? 42 : 1);
  }
  std::string shown = read_until(terminal, "Password: ");
  ASSERT_EQ(write(terminal, "open sesame\n", 12), 12);
  shown += read_until(terminal, "no such text");

  int status = 0;
  ASSERT_EQ(waitpid(asker, &status, 0), asker);
  close(terminal);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
  EXPECT_THAT(shown, HasSubstr("Password: "));
  EXPECT_THAT(shown, Not(HasSubstr("sesame")));
}

TEST(PasswordInput, TheFirstLineIsThePassword) {
  for (const char* text : {"secret", "secret\n", "secret\r\n", "secret\nmore\n"}) {
    std::istringstream in(text);
    const PasswordResult password = read_password_line(in);
    ASSERT_TRUE(password.ok()) << text;
    EXPECT_EQ(password->reveal(), "secret");
  }
  std::istringstream nothing("\n");
  EXPECT_FALSE(read_password_line(nothing).ok());
}

TEST(PasswordInput, LengthIsCountedInCharacters) {
  EXPECT_EQ(check_new_password(SecretString("zwölf zwölf!"), 12), "");
  EXPECT_THAT(check_new_password(SecretString("zwölf zwölf"), 12), HasSubstr("has 11 characters"));
  EXPECT_THAT(check_new_password(SecretString(std::string(1025, 'x')), 12), HasSubstr("longer than 1024"));
}

}  // namespace
}  // namespace gw::cli
