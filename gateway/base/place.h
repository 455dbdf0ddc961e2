// SPDX-License-Identifier: Apache-2.0
// Where something stands in a file, for errors that are found after it was read.
#pragma once

#include <string>

namespace gw {

struct Place {
  std::string file;
  int line = 0;    // from 1; 0 is nowhere
  int column = 0;  // from 1

  friend bool operator==(const Place&, const Place&) = default;
};

}  // namespace gw
