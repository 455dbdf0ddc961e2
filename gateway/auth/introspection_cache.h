// SPDX-License-Identifier: Apache-2.0
// Answers to introspection, by a digest of the token: never the token itself. Tokens that are not good have
// places of their own, so that a flood of them pushes out nothing. THREAD: one worker's.
#pragma once

#include <algorithm>
#include <cstring>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "auth/introspection_answer.h"
#include "base/clock.h"
#include "base/result.h"

namespace gw::auth {

class IntrospectionCache {
 public:
  struct Entry {
    Result<Introspected> answer;
    TimePoint fresh_until;
  };
  explicit IntrospectionCache(std::size_t places) : places_(places) {}

  // Null when unknown; valid until the next put().
  const Entry* find(const std::string& digest) {
    for (Shelf* shelf : {&good_, &bad_}) {
      const auto found = shelf->index.find(digest);
      if (found == shelf->index.end()) continue;
      shelf->order.splice(shelf->order.begin(), shelf->order, found->second);
      return &found->second->second;
    }
    return nullptr;
  }

  void put(const std::string& digest, Entry entry) {
    for (Shelf* shelf : {&good_, &bad_}) {
      const auto found = shelf->index.find(digest);
      if (found == shelf->index.end()) continue;
      shelf->order.erase(found->second);
      shelf->index.erase(found);
    }
    Shelf& shelf = entry.answer ? good_ : bad_;
    if (shelf.order.size() >= places_) {
      shelf.index.erase(shelf.order.back().first);
      shelf.order.pop_back();
    }
    shelf.order.emplace_front(digest, std::move(entry));
    shelf.index.emplace(digest, shelf.order.begin());
  }

  std::size_t size() const { return good_.order.size() + bad_.order.size(); }

 private:
  // The digest is as good as random already.
  struct FirstBytes {
    std::size_t operator()(const std::string& digest) const {
      std::size_t bytes = 0;
      std::memcpy(&bytes, digest.data(), std::min(sizeof bytes, digest.size()));
      return bytes;
    }
  };
  struct Shelf {
    std::list<std::pair<std::string, Entry>> order;  // the latest used first
    std::unordered_map<std::string, std::list<std::pair<std::string, Entry>>::iterator, FirstBytes> index;
  };

  const std::size_t places_;
  Shelf good_;
  Shelf bad_;
};

}  // namespace gw::auth
