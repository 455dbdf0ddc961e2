// SPDX-License-Identifier: Apache-2.0
// Where commands take passwords from: a line of standard input, or a person at the terminal, unseen.
#pragma once

#include <functional>
#include <istream>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace gw::cli {

using PasswordResult = Result<SecretString, std::string>;  // the error is a sentence

// Asks for a password. prompt_on_terminal(), or what stands in for a person in a test.
using PasswordPrompt = std::function<PasswordResult(std::string_view question)>;

// The first line, without its end.
PasswordResult read_password_line(std::istream& in);

// On the controlling terminal, without echo, whatever standard input is.
PasswordResult prompt_on_terminal(std::string_view question);

// Twice, so that a slip of the finger locks nobody out.
PasswordResult prompt_new_password(const PasswordPrompt& prompt);

// The sentence about a password that is too short or too long, or empty. Length is counted in characters.
std::string check_new_password(const SecretString& password, std::size_t min_length);

}  // namespace gw::cli
