// SPDX-License-Identifier: Apache-2.0
// A plugin that does not return: its call is given up, its thread replaced, and nothing is freed under it.
#include <dlfcn.h>
#include <gmock/gmock.h>

#include <fstream>
#include <thread>

#include "plugin/plugin_backend.h"
#include "support/backend_fixture.h"

namespace gw::plugin {
namespace {

using auth::BackendFault;
using test::backend_options;
using test::fault_of;
using ::testing::HasSubstr;

class HangingPlugin : public ::testing::Test {
 protected:
  ~HangingPlugin() override { release(); }

  Result<std::unique_ptr<PluginBackend>, std::string> open(const char* hang, Duration limit) {
    auto options = backend_options("users", "hangs", {{"release", release_}, {"hang", hang}});
    options.time_limit = limit;
    return PluginBackend::create(options, test::kFixtureDir, test::cheap_hasher());
  }

  // Lets every call return, and waits until all instances are gone.
  void release() {
    std::ofstream(release_) << "go";
    for (int i = 0; i < 5000 && instances() != 0; ++i) std::this_thread::sleep_for(2ms);
    EXPECT_EQ(instances(), 0);
  }
  static int instances() {
    const std::string path = test::kFixtureDir + "/gatewarden_hangs.so";
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
    if (library == nullptr) return 0;
    const auto count = reinterpret_cast<int (*)()>(dlsym(library, "hangs_instances"))();
    dlclose(library);
    return count;
  }

  const test::ScratchDir folder_;
  const std::string release_ = folder_ / "release";
};

TEST_F(HangingPlugin, IsUnavailableForThatCallAndServesTheNext) {
  auto backend = open("", 300ms);
  ASSERT_TRUE(backend.ok()) << backend.error();
  EXPECT_EQ(fault_of((*backend)->find("hang")), BackendFault::unavailable);
  EXPECT_EQ(fault_of((*backend)->verify("hang-too", SecretString("password"))), BackendFault::unavailable);
  EXPECT_EQ(fault_of((*backend)->find_subject("users:hang")), BackendFault::unavailable);
  EXPECT_TRUE((*backend)->verify("alice", SecretString("password")).ok());
  backend->reset();  // with three calls on the instance
}

TEST_F(HangingPlugin, IsNotCalledAnyMoreWhileManyCallsHangAndIsAgainWhenTheyReturn) {
  auto backend = open("", 300ms);
  ASSERT_TRUE(backend.ok()) << backend.error();
  std::vector<std::thread> logins;
  for (unsigned i = 0; i < PluginThreads::kMaxStuck; ++i)
    logins.emplace_back([&] { EXPECT_EQ(fault_of((*backend)->find("hang")), BackendFault::unavailable); });
  for (std::thread& login : logins) login.join();

  const TimePoint before = steady_now();
  EXPECT_EQ(fault_of((*backend)->find("alice")), BackendFault::unavailable);
  EXPECT_LT(steady_now() - before, 250ms);  // at once, and not after the limit

  std::ofstream(release_) << "go";
  bool serves = false;
  for (int i = 0; i < 5000 && !serves; ++i) {
    serves = (*backend)->find("alice").ok();
    if (!serves) std::this_thread::sleep_for(2ms);
  }
  EXPECT_TRUE(serves);
}

TEST_F(HangingPlugin, ThatDoesNotStartIsAConfigurationError) {
  const auto backend = open("create", 200ms);
  ASSERT_FALSE(backend.ok());
  EXPECT_THAT(backend.error(), HasSubstr("did not start within its time limit"));
}

TEST_F(HangingPlugin, ThatDoesNotEndIsLeftBehind) {
  auto backend = open("destroy", 200ms);
  ASSERT_TRUE(backend.ok()) << backend.error();
  const TimePoint before = steady_now();
  backend->reset();
  EXPECT_LT(steady_now() - before, 20s);
  EXPECT_EQ(instances(), 1);
}

TEST_F(HangingPlugin, ManyCallsAtOnceEachGetTheirOwnAnswer) {
  auto backend = open("", 20s);
  ASSERT_TRUE(backend.ok()) << backend.error();
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string name = "user-" + std::to_string(t) + "-" + std::to_string(i);
        const auto account = (*backend)->find(name);
        ASSERT_TRUE(account.ok());
        EXPECT_EQ(account->subject, "users:" + name);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace gw::plugin
