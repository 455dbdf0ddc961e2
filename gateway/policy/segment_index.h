// SPDX-License-Identifier: Apache-2.0
// The edges of a tree in one flat table: (parent, text) → child. Finding one costs the same whether a parent
// has three children or ten thousand, and never allocates.
// OWNERSHIP: the texts belong to the caller and outlive the index.  THREAD: any number may read.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace gw::policy {

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = UINT32_MAX;

class SegmentIndex {
 public:
  // REQUIRES: the edge is not in the index.
  void insert(NodeId parent, std::string_view text, NodeId child);
  // kNoNode when there is no such edge.
  NodeId find(NodeId parent, std::string_view text) const;

 private:
  struct Edge {
    std::string_view text;
    NodeId parent = 0;
    NodeId child = kNoNode;  // kNoNode: a free slot
  };

  void grow();
  void place(const Edge& edge);

  std::vector<Edge> slots_;  // a power of two, at most half of them taken, linear probing
  std::size_t taken_ = 0;
};

}  // namespace gw::policy
