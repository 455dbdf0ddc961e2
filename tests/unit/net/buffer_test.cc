// SPDX-License-Identifier: Apache-2.0
#include "net/buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace gw::net {
namespace {

TEST(Buffer, HoldsNothingUntilTheFirstByte) {
  BufferPool pool;
  Buffer buffer(pool);

  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.room(), 0u);
  buffer.append("");
  EXPECT_EQ(buffer.room(), 0u);
}

TEST(Buffer, KeepsTheOrderOfBytesWhileItGrows) {
  BufferPool pool;
  Buffer buffer(pool);
  std::string expected;
  for (int i = 0; i < 20000; ++i) {
    const std::string piece = std::to_string(i) + ",";
    buffer.append(piece);
    expected += piece;
  }

  EXPECT_GT(buffer.size(), 4 * BufferPool::kChunk);
  EXPECT_EQ(buffer.view(), expected);
}

TEST(Buffer, KeepsItsBytesHoweverTheyAreReadAndWrittenInTurn) {
  BufferPool pool;
  Buffer buffer(pool);
  std::string expected;
  char next = 'a';
  for (std::size_t i = 1; i < 400; ++i) {
    const std::string piece(i * 37 % 1500, next);
    next = next == 'z' ? 'a' : static_cast<char>(next + 1);
    buffer.append(piece);
    expected += piece;
    const std::size_t taken = i * 61 % (expected.size() / 2 + 1);
    buffer.consume(taken);
    expected.erase(0, taken);
    ASSERT_EQ(buffer.view(), expected) << i;
  }
}

TEST(Buffer, DoesNotGrowWhenAsMuchIsReadAsWritten) {
  BufferPool pool;
  Buffer buffer(pool);
  const std::string piece(1000, 'x');
  for (int i = 0; i < 5; ++i) buffer.append(piece);
  for (int i = 0; i < 10000; ++i) {
    buffer.append(piece);
    buffer.consume(piece.size());
  }

  EXPECT_EQ(buffer.size(), 5000u);
  EXPECT_LE(buffer.size() + buffer.room(), BufferPool::kChunk);
}

TEST(Buffer, GivesItsStorageBackWithTheLastByte) {
  BufferPool pool;
  Buffer buffer(pool);
  buffer.append("hello");
  const char* storage = buffer.view().data();
  buffer.consume(2);
  EXPECT_EQ(buffer.view(), "llo");
  buffer.consume(3);

  EXPECT_EQ(buffer.room(), 0u);
  char* chunk = pool.take();
  EXPECT_EQ(chunk, storage);
  pool.give(chunk);
}

TEST(Buffer, GivesBackWhatWasReservedAndNotUsed) {
  BufferPool pool;
  Buffer buffer(pool);
  char* reserved = buffer.reserve(100);
  buffer.consume(0);

  char* chunk = pool.take();
  EXPECT_EQ(chunk, reserved);
  pool.give(chunk);
}

TEST(Buffer, TakesReservedBytesWhenTheyAreCommitted) {
  BufferPool pool;
  Buffer buffer(pool);
  for (const std::size_t size : {std::size_t{3}, BufferPool::kChunk, 5 * BufferPool::kChunk}) {
    std::fill_n(buffer.reserve(size), size, 'x');
    ASSERT_GE(buffer.room(), size);
    buffer.commit(size);
  }

  EXPECT_EQ(buffer.view(), std::string(3 + 6 * BufferPool::kChunk, 'x'));
}

TEST(Buffer, LeavesNothingBehindWhenMoved) {
  BufferPool pool;
  Buffer a(pool);
  a.append("first");
  Buffer b(std::move(a));
  EXPECT_EQ(b.view(), "first");
  EXPECT_TRUE(a.empty());

  a.append("second");
  b = std::move(a);
  EXPECT_EQ(b.view(), "second");
}

TEST(BufferPool, GivesTheWarmestChunkFirst) {
  BufferPool pool;
  char* a = pool.take();
  char* b = pool.take();
  pool.give(a);
  pool.give(b);

  EXPECT_EQ(pool.take(), b);
  EXPECT_EQ(pool.take(), a);
  pool.give(a);
  pool.give(b);
}

TEST(BufferPool, KeepsNoMoreIdleChunksThanItMay) {
  BufferPool pool;
  std::vector<char*> taken(BufferPool::kKept + 10);
  for (char*& chunk : taken) chunk = pool.take();
  for (char* chunk : taken) pool.give(chunk);  // what is over is freed: the leak checker would say otherwise

  EXPECT_EQ(pool.take(), taken[BufferPool::kKept - 1]);
  pool.give(taken[BufferPool::kKept - 1]);
}

}  // namespace
}  // namespace gw::net
