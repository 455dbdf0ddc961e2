// SPDX-License-Identifier: Apache-2.0
#include "trace/queue.h"

#include <gtest/gtest.h>

#include <string>

namespace gw::trace {
namespace {

TEST(SpanQueue, TellsOfTheFirstAndGivesBatchesTogether) {
  int told = 0;
  Queue queue([&] { ++told; });
  queue.push({"{1},{2}", 2});
  queue.push({"{3}", 1});
  EXPECT_EQ(told, 1);
  const Batch all = queue.take(512);
  EXPECT_EQ(all.spans, "{1},{2},{3}");
  EXPECT_EQ(all.count, 3u);
  EXPECT_EQ(queue.take(512).count, 0u);
  queue.push({"{4}", 1});
  EXPECT_EQ(told, 2);
}

TEST(SpanQueue, GivesNoMoreThanWasAskedForButAtLeastABatch) {
  Queue queue([] {});
  for (int i = 0; i < 3; ++i) queue.push({"{}", 100});
  EXPECT_EQ(queue.take(250).count, 200u);
  EXPECT_EQ(queue.take(1).count, 100u);
}

TEST(SpanQueue, DropsAndCountsWhatDoesNotFit) {
  Queue queue([] {});
  for (int i = 0; i < 100; ++i) queue.push({"{}", 100});
  EXPECT_EQ(queue.dropped(), 100u * 100 - 8100);
  Queue bytes([] {});
  for (int i = 0; i < 3; ++i) bytes.push({std::string(4 * 1024 * 1024, 'x'), 1});
  EXPECT_EQ(bytes.dropped(), 1u);
  bytes.drop(5);
  EXPECT_EQ(bytes.dropped(), 6u);
  EXPECT_EQ(bytes.take(1).count, 1u);
  bytes.push({std::string(4 * 1024 * 1024, 'x'), 1});
  EXPECT_EQ(bytes.dropped(), 6u) << "there is room again";
}

}  // namespace
}  // namespace gw::trace
