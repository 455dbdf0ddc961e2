// SPDX-License-Identifier: Apache-2.0
// A step of the request path. It runs once; after a wait the engine goes on with the next row of the table.
#pragma once

#include <cstdint>
#include <span>

namespace gw::exchange {

class Exchange;

enum class Verdict : std::uint8_t {
  proceed,   // the next row
  wait,      // resume() will come, from a callback whose Operation the exchange holds
  reply,     // the exchange has its answer
  finished,  // the answer is on its way already
};

struct Step {
  const char* name;
  Verdict (*run)(Exchange&);
};

}  // namespace gw::exchange
