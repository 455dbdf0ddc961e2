// SPDX-License-Identifier: Apache-2.0
// The connections that wait for their next request. Those that have waited for less than kWithCodec others
// keep their codec, so that a connection in use allocates nothing; the rest give it up, and make one when a
// request comes. THREAD: one worker.
#pragma once

#include <cstddef>

namespace gw::server {

class RestingConnections {
 public:
  static constexpr std::size_t kWithCodec = 256;

  // Derive from it.
  class Member {
   public:
    virtual void give_up_codec() = 0;

   protected:
    ~Member() = default;

   private:
    friend class RestingConnections;
    Member* older_ = nullptr;
    Member* newer_ = nullptr;
  };

  // Again means that it has just come. Whose turn it is gives up its codec inside the call, `member` never.
  void add(Member& member);
  // Nothing happens to one that is not in here.
  void remove(Member& member);

 private:
  bool contains(const Member& member) const { return member.older_ != nullptr || oldest_ == &member; }

  Member* newest_ = nullptr;
  Member* oldest_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace gw::server
