// SPDX-License-Identifier: Apache-2.0
// The folder of signing keys, the same on every replica: one of them leads for a while and may make and
// remove keys, all take over what has changed, wherever (`gatewarden keys rotate` on any of them). What was
// changed in two places is merged file by file. While the store is away each goes on with what it has: the
// next key was shared long before it signs.
// THREAD: the main thread. OWNERSHIP: the Gateway; the store outlives it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "net/operation.h"
#include "store/shared_store.h"

namespace gw::server {

class SharedKeys {
 public:
  SharedKeys(net::EventLoop& loop, store::SharedStore& store, const std::string& state_dir);

  // Before the keys are opened at the start, and after; these wait. The error is a sentence.
  Result<void, std::string> join();
  Result<void, std::string> hand_out();

  // Later: takes over what others have changed; then says whether this replica leads.
  void follow(std::function<void(bool leads)> done);
  // Tells the others what has changed here.
  void hand_out_later();

 private:
  using Files = std::map<std::string, std::string>;  // content by name

  Files read_folder() const;
  Result<void, std::string> merge(const std::optional<store::Record>& shared);
  store::Record record_of(const std::string& text) const;
  void take_over(const Result<std::optional<store::Record>>& found, bool leads);
  template <class T, class Begin>
  Result<T> finish(Begin begin);

  net::EventLoop& loop_;
  store::SharedStore& store_;
  const std::string folder_;
  const std::string who_;  // we are, to the others
  Files base_;             // as last shared
  std::optional<std::string> shared_text_;
  std::function<void(bool)> done_;
  net::Operation following_;
  net::Operation handing_out_;
};

}  // namespace gw::server
