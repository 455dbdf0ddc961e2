// SPDX-License-Identifier: Apache-2.0
// What is tried against a gateway: attacks.json, a table that is built in. docs/policy.md says how to read
// it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attack/frames.h"
#include "base/json.h"

namespace gw::attack {

// Whose route is aimed at.
enum class Aim : std::uint8_t {
  guarded,      // one that demands a token
  forwardable,  // one that this client may reach: an open one, else a guarded one with a good token
  methods,      // as forwardable, with `methods`
};

// When an attempt has got through.
enum class Expect : std::uint8_t {
  refused,   // when it is answered with anything but a refusal, or reaches the upstream
  unseen,    // when the upstream sees the canary in `field`, in any spelling
  smuggled,  // when a second request comes out of it
};

// Texts hold {placeholders}; see text.h.
struct Attempt {
  std::string name;
  std::string kind;    // "path", "token", …
  std::string source;  // the advisory, RFC or paper
  Aim aim = Aim::guarded;
  Expect expect = Expect::refused;
  std::string needs;       // what must be there, else it is skipped: "demands", "own", "login"
  bool ambiguous = false;  // an open route may rightly take it
  bool each = false;       // tried at every guarded route
  std::string path;
  std::vector<std::string> fields;   // "Name: value"
  std::optional<json::Value> token;  // how it is forged; see forger.h
  std::string raw;                   // the whole request instead
  std::string field;                 // of `unseen`
  bool http2 = false;                // over HTTP/2: as the others, or with what follows
  std::optional<FieldList> framed;   // all fields, `:path` and its like among them
  std::optional<std::string> body;
  FieldList trailers;
};

// "refused before the upstream", for reports.
std::string_view name_of(Expect expect);

const std::vector<Attempt>& all_attempts();

}  // namespace gw::attack
