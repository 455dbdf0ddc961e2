// SPDX-License-Identifier: Apache-2.0
// One attempt at one target: its bytes, and what its outcome means.
#pragma once

#include <string>
#include <vector>

#include "attack/attempts.h"
#include "attack/targets.h"
#include "attack/text.h"
#include "attack/wire.h"

namespace gw::attack {

struct Shot {
  const Attempt& attempt;
  const Target& target;
  Words words;  // `jwt` among them, when it is asked for
};

std::string compose(const Shot& shot);
// The same over HTTP/2, where the attempt is for it.
FramedRequest compose_framed(const Shot& shot);

struct Outcome {
  const Heard& heard;
  const std::vector<std::string>& forwarded;  // what the upstream got, where that is known
};

// It got through, by what the attempt expects.
bool is_through(const Shot& shot, const Outcome& outcome);
// "401 token_missing"
std::string describe(const Outcome& outcome);

// Whether the configuration rightly lets an open route take what was composed.
bool is_rightful(const policy::RouteTable& table, const Shot& shot, const std::string& request);

}  // namespace gw::attack
