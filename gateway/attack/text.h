// SPDX-License-Identifier: Apache-2.0
// The placeholders of attacks.json: {name} stands for a text, {name:form} for another spelling of it, and
// {long:N} for N letters. What nobody knows stays as it is.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace gw::attack {

using Words = std::map<std::string, std::string>;

std::string expand(std::string_view text, const Words& words);

std::string upper_case(std::string_view text);
std::string lower_case(std::string_view text);
// As a server that knows only letters, digits and `-` reads the name of a field.
std::string folded(std::string_view name);

// What stands for the path that is aimed at, in all the forms that attacks need, and for an open one.
void add_paths(Words& words, const std::string& guarded, const std::string& open);

}  // namespace gw::attack
