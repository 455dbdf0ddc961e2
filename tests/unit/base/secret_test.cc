// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/secret_memory.h"

namespace gw {
namespace {

using ::testing::HasSubstr;

// What /proc/self/smaps says of the mapping that `address` lies in.
std::string mapping_of(const void* address) {
  std::ifstream file("/proc/self/smaps");
  const auto wanted = reinterpret_cast<unsigned long>(address);
  std::string line, found;
  bool inside = false;
  while (std::getline(file, line)) {
    unsigned long from = 0, to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &from, &to) == 2) inside = wanted >= from && wanted < to;
    if (inside) found += line + '\n';
  }
  return found;
}

TEST(SecretString, HoldsWhatItWasGivenAndAZeroBehindIt) {
  for (const std::size_t size : {0u, 1u, 31u, 32u, 33u, 4095u, 4096u, 100'000u}) {
    const std::string text(size, 's');
    const SecretString secret{std::string(text)};
    EXPECT_EQ(secret.reveal(), text);
    EXPECT_EQ(secret.reveal().data()[size], '\0');
    const SecretString copy = secret;
    EXPECT_TRUE(copy == secret);
    EXPECT_EQ(copy.size(), size);
  }
}

TEST(SecretString, MovesAndAssigns) {
  SecretString first("first"), second("second");
  first = second;
  EXPECT_EQ(first.reveal(), "second");
  const SecretString third = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): says what a move leaves
  EXPECT_EQ(third.reveal(), "second");
  second = SecretString();
  EXPECT_TRUE(second.empty());
}

TEST(SecretMemory, IsLockedAndLeftOutOfCoreDumps) {
  const SecretString secret("a key that nobody may find in the swap");
  if (secret_memory::state().failed) GTEST_SKIP() << "locking is not permitted here";
  const std::string mapping = mapping_of(secret.reveal().data());
  ASSERT_THAT(mapping, HasSubstr("VmFlags:"));
  const std::string flags = mapping.substr(mapping.find("VmFlags:"));
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__  // they leave mlock() out
  EXPECT_THAT(flags, HasSubstr(" lo"));
#endif
  EXPECT_THAT(flags, HasSubstr(" dd"));
}

TEST(SecretMemory, IsZeroedWhenASecretGoes) {
  const char* where = nullptr;
  {
    const SecretString secret(std::string(300, 's'));
    if (secret_memory::state().failed) GTEST_SKIP() << "locking is not permitted here";
    where = secret.reveal().data();
  }
  // The block is still the pool's: nobody else has taken it. Its first bytes link it to others.
  EXPECT_EQ(std::string(where + sizeof(void*), 300 - sizeof(void*)), std::string(300 - sizeof(void*), '\0'));
}

TEST(SecretMemory, GivesBlocksOutOnceAndAgainAfterTheyCameBack) {
  std::vector<SecretString> many;
  for (int i = 0; i < 20'000; ++i)
    many.emplace_back("secret number " + std::to_string(i));  // more than kMost
  for (int i = 0; i < 20'000; ++i)
    ASSERT_EQ(many[static_cast<std::size_t>(i)].reveal(), "secret number " + std::to_string(i));
  EXPECT_LE(secret_memory::state().locked, secret_memory::kMost);
  many.clear();
  const std::size_t before = secret_memory::state().locked;
  for (int i = 0; i < 1000; ++i) many.emplace_back("again");
  EXPECT_EQ(secret_memory::state().locked, before);
}

TEST(SecretMemory, ServesOnWhereLockingIsNotPermitted) {
  if (const pid_t child = ::fork(); child == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_MEMLOCK, &none);
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);  // root may lock what it likes
    std::vector<SecretString> many;
    for (int i = 0; i < 2000; ++i)
      many.emplace_back(std::string(200, 'x'));  // more than a region that is there
    bool whole = secret_memory::state().failed || secret_memory::state().locked == secret_memory::kMost;
    for (const SecretString& each : many) whole = whole && each.reveal() == std::string(200, 'x');
    ::_exit(whole ? 0 : 1);
  } else {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
}

}  // namespace
}  // namespace gw
