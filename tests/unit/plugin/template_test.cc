// SPDX-License-Identifier: Apache-2.0
// What docs/plugins.md promises: the template builds against the installed header alone, and logs its user
// in.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "support/backend_fixture.h"

namespace gw::plugin {
namespace {

class Template : public ::testing::Test {
 protected:
  // As an author does it, in folders of their own: header here, sources there, nothing else of this project.
  static void SetUpTestSuite() {
    dir_ = std::make_unique<test::ScratchDir>();
    std::filesystem::create_directories(*dir_ / "include/gatewarden");
    std::filesystem::copy(GW_SOURCE_DIR "/plugins/abi/gatewarden/plugin.h",
                          *dir_ / "include/gatewarden/plugin.h");
    std::filesystem::copy(GW_SOURCE_DIR "/plugins/template", *dir_ / "source");
    const std::string build =
        "cd '" + dir_->path().string() +
        "' && cmake -S source -B build -DCMAKE_C_FLAGS=-Werror "
        "-DGATEWARDEN_INCLUDE_DIR=\"$PWD/include\" >log 2>&1 && cmake --build build >>log 2>&1";
    std::ostringstream log;
    if (std::system(build.c_str()) != 0) log << std::ifstream(*dir_ / "log").rdbuf();
    ASSERT_EQ(log.str(), "");
  }
  static void TearDownTestSuite() { dir_.reset(); }

  std::shared_ptr<auth::PasswordHasher> hasher_ = test::cheap_hasher();
  std::string hash_{hasher_->hash(SecretString("open sesame"))->reveal()};
  std::string folder_ = *dir_ / "build";

  inline static std::unique_ptr<test::ScratchDir> dir_;
};

TEST_F(Template, LogsItsUserInAndNobodyElse) {
  const auto backend = test::open_backend(
      test::backend_options("hello", "hello", {{"username", "ali"}, {"password_hash", hash_}}), hasher_,
      folder_);
  ASSERT_NE(backend, nullptr);
  const auto ali = backend->verify("ali", SecretString("open sesame"));
  ASSERT_TRUE(ali.ok());
  EXPECT_EQ(ali->subject, "hello:ali");
  EXPECT_EQ(ali->roles, std::vector<std::string>{"greeter"});

  std::uint64_t expected = hasher_->computations();
  EXPECT_EQ(test::fault_of(backend->verify("ali", SecretString("open barley"))),
            auth::BackendFault::wrong_password);
  EXPECT_EQ(hasher_->computations(), ++expected);
  EXPECT_EQ(test::fault_of(backend->verify("qasim", SecretString("open sesame"))),
            auth::BackendFault::unknown_user);
  EXPECT_EQ(hasher_->computations(), ++expected);
  EXPECT_TRUE(backend->find_subject("hello:ali").ok());
  EXPECT_FALSE(backend->can_write());
}

TEST_F(Template, SaysWhatItNeeds) {
  const auto backend =
      PluginBackend::create(test::backend_options("hello", "hello", {{"username", "ali"}}), folder_, hasher_);
  ASSERT_FALSE(backend.ok());
  EXPECT_EQ(backend.error(), "backend \"hello\": username and password_hash are needed");
}

std::string read(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(PluginGuide, EveryPieceOfCThatItShowsStandsInTheTemplate) {
  const std::string guide = read(GW_SOURCE_DIR "/docs/plugins.md");
  const std::string source = read(GW_SOURCE_DIR "/plugins/template/hello.c");
  int pieces = 0;
  for (std::size_t at = guide.find("```c\n"); at != std::string::npos; at = guide.find("```c\n", at + 1)) {
    const std::size_t begin = at + 5;
    const std::string piece = guide.substr(begin, guide.find("```", begin) - begin);
    EXPECT_NE(source.find(piece), std::string::npos) << piece;
    ++pieces;
  }
  EXPECT_GE(pieces, 4);
}

}  // namespace
}  // namespace gw::plugin
