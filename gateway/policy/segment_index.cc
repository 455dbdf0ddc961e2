// SPDX-License-Identifier: Apache-2.0
#include "policy/segment_index.h"

#include <functional>

namespace gw::policy {
namespace {

constexpr std::size_t kFirstSize = 16;

std::size_t hash_of(NodeId parent, std::string_view text) {
  std::size_t hash = std::hash<std::string_view>{}(text) ^ (parent * 0x9E3779B97F4A7C15u);
  return hash ^ (hash >> 32);
}

}  // namespace

void SegmentIndex::insert(NodeId parent, std::string_view text, NodeId child) {
  if (2 * (taken_ + 1) > slots_.size()) grow();
  place({text, parent, child});
  ++taken_;
}

NodeId SegmentIndex::find(NodeId parent, std::string_view text) const {
  if (slots_.empty()) return kNoNode;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash_of(parent, text) & mask;; at = (at + 1) & mask) {
    const Edge& edge = slots_[at];
    if (edge.child == kNoNode) return kNoNode;
    if (edge.parent == parent && edge.text == text) return edge.child;
  }
}

void SegmentIndex::grow() {
  std::vector<Edge> old(slots_.empty() ? kFirstSize : 2 * slots_.size());
  old.swap(slots_);
  for (const Edge& edge : old)
    if (edge.child != kNoNode) place(edge);
}

void SegmentIndex::place(const Edge& edge) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash_of(edge.parent, edge.text) & mask;
  while (slots_[at].child != kNoNode) at = (at + 1) & mask;
  slots_[at] = edge;
}

}  // namespace gw::policy
