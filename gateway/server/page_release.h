// SPDX-License-Identifier: Apache-2.0
// Gives back the program's pages that only a reload has used, once reloads have ceased: a worker takes some
// hundred faults for each time, and a request that comes then waits for them.
// THREAD: the main thread.
#pragma once

#include <memory>

#include "base/program_pages.h"
#include "net/deadlines.h"
#include "server/background.h"

namespace gw::server {

class PageRelease final : private net::Deadline {
 public:
  // `background` may come later than this, but before the first call.
  PageRelease(net::Deadlines& deadlines, const std::shared_ptr<Background>& background)
      : deadlines_(deadlines), background_(background) {}

  // To ten seconds from now.
  void put_off() { deadlines_.set_in(*this, 10s); }

 private:
  void on_deadline() override { background_->enqueue(release_program_pages); }

  net::Deadlines& deadlines_;
  const std::shared_ptr<Background>& background_;
};

}  // namespace gw::server
