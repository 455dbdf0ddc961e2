// SPDX-License-Identifier: Apache-2.0
// Threads for the calls into one plugin instance, so that one which does not return costs a thread of its own
// and not one of the blocking pool's. A call that is late goes on by itself; whatever it holds is freed when
// it ends. While kMaxStuck calls hang, further ones are refused at once. THREAD: run() from any, several at
// once; it blocks up to the limit.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"

namespace gw::plugin {

class PluginThreads {
 public:
  static constexpr unsigned kMaxStuck = 8;

  enum class Outcome : std::uint8_t { done, late, refused };

  explicit PluginThreads(Duration limit);
  ~PluginThreads();  // idle threads end; a stuck one ends when its call does
  PluginThreads(const PluginThreads&) = delete;
  PluginThreads& operator=(const PluginThreads&) = delete;

  // `job` owns all that it touches, for it may outlive this object. It must not throw.
  Outcome run(std::function<void()> job, int times_limit = 1);

 private:
  struct State;
  static void serve(const std::shared_ptr<State>& state);

  const Duration limit_;
  const std::shared_ptr<State> state_;
};

}  // namespace gw::plugin
