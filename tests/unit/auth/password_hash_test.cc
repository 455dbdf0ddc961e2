// SPDX-License-Identifier: Apache-2.0
#include "auth/password_hash.h"

#include <gtest/gtest.h>

#include <thread>

namespace gw::auth {
namespace {

const HashOptions kCheap{.memory_kib = 64, .iterations = 1, .lanes = 1};
constexpr std::string_view kPassword = "correct horse battery staple";

PasswordMatch match(std::string_view hash, std::string_view password) {
  return PasswordHasher(kCheap).match(hash, password);
}

struct Vector {
  const char* maker;
  std::string_view hash;
};

// Hashes of kPassword by other implementations.
constexpr Vector kOthers[] = {
    {"htpasswd -B", "$2y$05$enGg67inJcG6LbW2z4S2Y.U6FCZWOaaAMNOG/ksTQintIcQESEqpC"},
    {"Python bcrypt 2a", "$2a$05$j1lJnfQV4ijePxmfnyrwd.3e4i1o8DLFwGV8N5zUqKiyjqDWV..7i"},
    {"Python bcrypt 2b", "$2b$05$3cubdFF1spz5xUOA6VaY2OwfVaWo6DHisM5/RQllqdJy.081R5Vfq"},
    {"openssl passwd -6",
     "$6$saltsalt$CPgxBHZBXfhC6lX1yxpdEsbQfXmg3WXVj8AoVwyNFLfb5AtbfM8k6A8yehv1z6sgzoH/DUIs7YK9hVnGhTjhW/"},
    {"openssl passwd -5", "$5$saltsalt$3hGFMknrJ4ZpFPe7XZe397oIMEp7sbvqrcsX/ONJ3i."},
    {"Python crypt SHA256", "$5$0gC3OVTIhMOn/nTS$LFpSOLibW93IyLCqFn7hy8RzRLa0NZt8jZzN3OxzAiC"},
    {"Python argon2 id", "$argon2id$v=19$m=1024,t=2,p=1$UCoRdH6oVHcAgS0LN27aFA$8OFSs2KDh/CmOf2s1Y6k4w"},
    {"Python argon2 i", "$argon2i$v=19$m=1024,t=2,p=2$7JTdRUGmyu/j4TP+muJWdw$hvxWm0QuL3hevfh673YheQ"},
};

class HashesOfOthers : public ::testing::TestWithParam<Vector> {};

TEST_P(HashesOfOthers, MatchTheirPasswordAndNoOther) {
  EXPECT_TRUE(PasswordHasher::knows(GetParam().hash)) << GetParam().maker;
  EXPECT_EQ(match(GetParam().hash, kPassword), PasswordMatch::yes) << GetParam().maker;
  EXPECT_EQ(match(GetParam().hash, "correct horse battery stapl"), PasswordMatch::no);
  EXPECT_EQ(match(GetParam().hash, "Correct horse battery staple"), PasswordMatch::no);
  EXPECT_EQ(match(GetParam().hash, ""), PasswordMatch::no);
}

TEST_P(HashesOfOthers, ANulInThePasswordIsNotItsEnd) {
  EXPECT_EQ(match(GetParam().hash, std::string(kPassword) + '\0' + "more"), PasswordMatch::no);
  EXPECT_EQ(match(GetParam().hash, std::string(kPassword) + '\0'), PasswordMatch::no);
}

TEST_P(HashesOfOthers, AChangedCharacterOfTheHashNoLongerMatches) {
  std::string changed(GetParam().hash);
  changed[changed.size() - 5] = changed[changed.size() - 5] == 'x' ? 'y' : 'x';
  EXPECT_EQ(match(changed, kPassword), PasswordMatch::no);
  EXPECT_EQ(match(GetParam().hash.substr(0, GetParam().hash.size() - 1), kPassword), PasswordMatch::no);
  EXPECT_EQ(match(std::string(GetParam().hash) + "x", kPassword), PasswordMatch::no);
}

TEST_P(HashesOfOthers, EveryAnswerTakesOneHash) {
  const PasswordHasher hasher(kCheap);
  const std::string long_password(1024 * 1024, 'x');
  std::uint64_t expected = 0;
  for (const std::string_view password :
       {kPassword, std::string_view("wrong"), std::string_view(), std::string_view(long_password)}) {
    hasher.match(GetParam().hash, password);
    EXPECT_EQ(hasher.computations(), ++expected);
    hasher.spend_equal_time(GetParam().hash, password);
    EXPECT_EQ(hasher.computations(), ++expected);
  }
}

INSTANTIATE_TEST_SUITE_P(PasswordHash, HashesOfOthers, ::testing::ValuesIn(kOthers));

// What stands in password files and must not open anything.
constexpr std::string_view kRefused[] = {
    "",
    kPassword,
    "5oPrl2BQ5195s",                      // DES crypt
    "{SHA}q/eq1kOINtvlJqojGr3i0O73TUI=",  // unsalted
    "{PLAIN}correct horse battery staple",
    "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a",  // unsalted SHA-256
    "$2x$05$3cubdFF1spz5xUOA6VaY2OwfVaWo6DHisM5/RQllqdJy.081R5Vfq",      // crypt_blowfish's bug
    "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7",
    "*0",
    "*1",
    "!",
    "x",
};

TEST(PasswordHash, PlainTextAndUnsaltedHashesNeverMatch) {
  for (const std::string_view hash : kRefused) {
    EXPECT_FALSE(PasswordHasher::knows(hash)) << hash;
    EXPECT_EQ(match(hash, kPassword), PasswordMatch::no) << hash;
    EXPECT_EQ(match(hash, hash), PasswordMatch::no) << hash;
  }
}

TEST(PasswordHash, AnUnknownKindOfHashTakesTheTimeOfOneOfOurs) {
  const PasswordHasher hasher(kCheap);
  hasher.match("plain text", "plain text");
  EXPECT_EQ(hasher.computations(), 1u);
  hasher.spend_equal_time("", "anything");
  EXPECT_EQ(hasher.computations(), 2u);
}

// Each would take minutes or gigabytes if it were computed.
constexpr std::string_view kHostile[] = {
    "$argon2id$v=19$m=4194304,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$8OFSs2KDh/CmOf2s1Y6k4w",
    "$argon2id$v=19$m=1048576,t=64,p=4$c29tZXNhbHRzb21lc2FsdA$8OFSs2KDh/CmOf2s1Y6k4w",
    "$argon2id$v=19$m=1024,t=4294967295,p=1$c29tZXNhbHRzb21lc2FsdA$8OFSs2KDh/CmOf2s1Y6k4w",
    "$argon2id$v=19$m=1024,t=65,p=1$c29tZXNhbHRzb21lc2FsdA$8OFSs2KDh/CmOf2s1Y6k4w",
    "$argon2id$v=19$m=1048576,t=1,p=16777215$c29tZXNhbHRzb21lc2FsdA$8OFSs2KDh/CmOf2s1Y6k4w",
    "$argon2id$v=19$m=99999999999999999999,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$8OFSs2KDh/CmOf2s1Y6k4w",
    "$argon2id$v=19$m=-1,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$8OFSs2KDh/CmOf2s1Y6k4w",
    "$argon2id$v=19$m=01024,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$8OFSs2KDh/CmOf2s1Y6k4w",
    "$argon2id$",
    "$argon2id$v=19$m=",
    "$2b$31$3cubdFF1spz5xUOA6VaY2OwfVaWo6DHisM5/RQllqdJy.081R5Vfq",
    "$2b$17$3cubdFF1spz5xUOA6VaY2OwfVaWo6DHisM5/RQllqdJy.081R5Vfq",
    "$2b$03$3cubdFF1spz5xUOA6VaY2OwfVaWo6DHisM5/RQllqdJy.081R5Vfq",
    "$2b$",
    "$6$rounds=999999999$saltsalt$CPgxBHZBXfhC6lX1yxpdEsbQfXmg3WXVj8AoVwyNFLfb5Atb",
    "$5$rounds=1000001$saltsalt$3hGFMknrJ4ZpFPe7XZe397oIMEp7sbvqrcsX/ONJ3i.",
    "$6$rounds=$saltsalt$x",
};

TEST(PasswordHash, AHashThatAsksForTooMuchIsNotComputed) {
  for (const std::string_view hash : kHostile) {
    EXPECT_FALSE(PasswordHasher::knows(hash)) << hash;
    EXPECT_EQ(match(hash, kPassword), PasswordMatch::no) << hash;
  }
  EXPECT_FALSE(PasswordHasher::knows("$6$" + std::string(1024 * 1024, 'a')));
}

TEST(PasswordHash, OursIsArgon2idInPhcFormatWithAFreshSalt) {
  const PasswordHasher hasher(kCheap);
  const auto first = hasher.hash(SecretString(std::string(kPassword)));
  const auto second = hasher.hash(SecretString(std::string(kPassword)));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_TRUE(first->reveal().starts_with("$argon2id$v=19$m=64,t=1,p=1$")) << first->reveal();
  EXPECT_NE(first->reveal(), second->reveal());
  EXPECT_EQ(hasher.match(first->reveal(), kPassword), PasswordMatch::yes);
  EXPECT_EQ(hasher.match(first->reveal(), "wrong"), PasswordMatch::no);
}

TEST(PasswordHash, TheDefaultIsTheSecondRecommendedOptionOfRfc9106) {
  const auto made = PasswordHasher(HashOptions{}).hash(SecretString(std::string(kPassword)));
  ASSERT_TRUE(made.ok());
  EXPECT_TRUE(made->reveal().starts_with("$argon2id$v=19$m=65536,t=3,p=4$")) << made->reveal();
}

TEST(PasswordHash, OwaspsSmallerOptionCanBeConfigured) {
  const PasswordHasher hasher({.memory_kib = 19456, .iterations = 2, .lanes = 1});
  const auto made = hasher.hash(SecretString(std::string(kPassword)));
  ASSERT_TRUE(made.ok());
  EXPECT_TRUE(made->reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << made->reveal();
  EXPECT_EQ(hasher.match(made->reveal(), kPassword), PasswordMatch::yes);
}

TEST(PasswordHash, EveryByteOfAPasswordCounts) {
  const PasswordHasher hasher(kCheap);
  const std::string password("with a \0 and \xC3\xA9 and \xFF", 22);
  const auto made = hasher.hash(SecretString(password));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(hasher.match(made->reveal(), password), PasswordMatch::yes);
  EXPECT_EQ(hasher.match(made->reveal(), password.substr(0, 7)), PasswordMatch::no);
  EXPECT_EQ(hasher.match(made->reveal(), password.substr(0, 21)), PasswordMatch::no);
}

TEST(PasswordHash, APasswordHasOneTo1024Bytes) {
  const PasswordHasher hasher(kCheap);
  EXPECT_FALSE(hasher.hash(SecretString()).ok());
  EXPECT_FALSE(hasher.hash(SecretString(std::string(1025, 'x'))).ok());

  const std::string longest(1024, 'x');
  const auto made = hasher.hash(SecretString(longest));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(hasher.match(made->reveal(), longest), PasswordMatch::yes);
  EXPECT_EQ(hasher.match(made->reveal(), longest + "x"), PasswordMatch::no);
  EXPECT_EQ(hasher.match(made->reveal(), std::string(1024 * 1024, 'x')), PasswordMatch::no);
}

TEST(PasswordHash, ACryptHashDoesNotMatchBeyondWhatCryptReads) {
  // crypt_rn() refuses phrases of 512 bytes and more; a longer one must not match by its beginning.
  const std::string hash = "$5$saltsalt$3hGFMknrJ4ZpFPe7XZe397oIMEp7sbvqrcsX/ONJ3i.";
  EXPECT_EQ(match(hash, std::string(600, 'x')), PasswordMatch::no);
}

TEST(PasswordHash, ACostThatCannotBePaidIsASentence) {
  const auto made =
      PasswordHasher({.memory_kib = 1, .iterations = 1, .lanes = 4}).hash(SecretString("password"));
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().find("Argon2"), std::string::npos);
}

TEST(PasswordHash, EightThreadsHashAtOnce) {
  const PasswordHasher hasher(kCheap);
  std::vector<std::thread> threads;
  std::atomic<int> matched{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (const Vector& vector : kOthers)
        matched += hasher.match(vector.hash, kPassword) == PasswordMatch::yes;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(matched, 8 * static_cast<int>(std::size(kOthers)));
  EXPECT_EQ(hasher.computations(), 8 * std::size(kOthers));
}

}  // namespace
}  // namespace gw::auth
