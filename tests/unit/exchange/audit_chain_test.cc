// SPDX-License-Identifier: Apache-2.0
#include "exchange/audit_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "exchange/audit_log.h"
#include "support/scratch_dir.h"

namespace gw::exchange {
namespace {

using testing::HasSubstr;
using Lines = std::vector<std::string>;

SecretString key() {
  return SecretString("a key that only the gateway has");
}

Lines write_lines(int count, ChainEnd end = {}) {
  AuditChain chain(key(), std::move(end));
  Lines lines;
  for (int i = 0; i < count; ++i) {
    const std::string members = AuditEvent("event " + std::to_string(i)).take();
    std::string line = i == 0 ? chain.seal_first(members) : chain.seal(members);
    line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

// The number of the first line that is no good; 0 when all are.
std::size_t first_flaw(const Lines& lines) {
  AuditChain chain(key());
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (!chain.check(lines[i])) return i + 1;
  return 0;
}

TEST(AuditChain, TakesWhatItHasSealedAndEachLineIsJson) {
  const Lines lines = write_lines(20);
  EXPECT_EQ(first_flaw(lines), 0u);
  for (const std::string& line : lines) EXPECT_TRUE(json::parse(line)) << line;
}

TEST(AuditChain, FindsEveryChangedByte) {
  const Lines lines = write_lines(3);
  for (std::size_t at = 0; at < lines[1].size(); ++at) {
    Lines changed = lines;
    changed[1][at] = static_cast<char>(changed[1][at] ^ 1);
    EXPECT_EQ(first_flaw(changed), 2u) << at;
  }
}

TEST(AuditChain, FindsWhatIsMissingMovedAddedOrTwice) {
  const Lines lines = write_lines(5);
  const auto changed = [&](auto change) {
    Lines copy = lines;
    change(copy);
    return first_flaw(copy);
  };
  EXPECT_EQ(changed([](Lines& l) { l.erase(l.begin()); }), 1u);
  EXPECT_EQ(changed([](Lines& l) { l.erase(l.begin() + 2); }), 3u);
  EXPECT_EQ(changed([](Lines& l) { std::swap(l[1], l[2]); }), 2u);
  EXPECT_EQ(changed([](Lines& l) { l.insert(l.begin() + 2, l[1]); }), 3u);
  EXPECT_EQ(changed([](Lines& l) { l.insert(l.begin() + 2, ""); }), 3u);
  EXPECT_EQ(changed([](Lines& l) { l[3].resize(l[3].size() - 1); }), 4u);
  EXPECT_EQ(changed([](Lines& l) { l[3] += " "; }), 4u);
}

TEST(AuditChain, OfAnotherKeyIsNotTaken) {
  AuditChain other(SecretString("another key"));
  const std::string line = other.seal("\"event\":\"x\"");
  EXPECT_EQ(first_flaw({line.substr(0, line.size() - 1)}), 1u);
}

TEST(AuditChain, GoesOnInANextFileThatMayBeCheckedAloneToo) {
  const Lines before = write_lines(3);
  const auto end = AuditChain::end_of(before[2] + "\n");
  ASSERT_TRUE(end);
  EXPECT_EQ(end->number, 3u);
  const Lines after = write_lines(3, *end);
  EXPECT_EQ(first_flaw(after), 0u);
  Lines both = before;
  both.insert(both.end(), after.begin(), after.end());
  EXPECT_EQ(first_flaw(both), 0u);
  EXPECT_EQ(first_flaw({after[1], after[2]}), 1u) << "its beginning is missing";
}

TEST(AuditChain, ReadsItsEndBehindWhatIsBroken) {
  const Lines lines = write_lines(2);
  EXPECT_EQ(AuditChain::end_of(lines[0] + "\n" + lines[1].substr(0, 20) + "\n")->number, 1u);
  EXPECT_EQ(AuditChain::end_of(lines[0] + "\n" + lines[1])->number, 1u) << "not ended yet";
  EXPECT_FALSE(AuditChain::end_of(""));
  EXPECT_FALSE(AuditChain::end_of("nonsense\n"));
  const ChainEnd end{7, std::string(64, 'a')};
  EXPECT_EQ(parse_chain_end(format_chain_end(end)), end);
  for (const char* bad : {"", "7", "7 \n", "x aaaa\n", "7 aaaa\n"}) EXPECT_FALSE(parse_chain_end(bad)) << bad;
}

TEST(AuditEvent, EscapesWhatWouldForgeALine) {
  const std::string members = AuditEvent("x").add("path", "a\n\"b\x01\x7f").take();
  EXPECT_EQ(members.find('\n'), std::string::npos);
  const auto value = json::parse("{" + members + "}");
  ASSERT_TRUE(value) << members;
  EXPECT_EQ(*value->find("path")->as_string(), "a\n\"b\x01\x7f");
}

TEST(AuditWriter, GoesOnWithTheChainAfterARestartAndBesideAnother) {
  test::ScratchDir dir;
  const AuditPlace place{dir / "audit.log", dir.path().string()};
  for (int round = 0; round < 3; ++round) {
    auto one = AuditWriter::open(place), two = AuditWriter::open(place);
    ASSERT_TRUE(one && two);
    for (int i = 0; i < 50; ++i) {
      (*one)->write(AuditEvent("one"));
      (*two)->write(AuditEvent("two"));
    }
  }
  std::ifstream in(place.path);
  auto made = load_audit_key(place.state_dir);
  ASSERT_TRUE(made);
  AuditChain chain(std::move(*made));
  std::string line;
  while (std::getline(in, line)) ASSERT_TRUE(chain.check(line)) << line;
  EXPECT_EQ(chain.end().number, 300u);
}

}  // namespace
}  // namespace gw::exchange
