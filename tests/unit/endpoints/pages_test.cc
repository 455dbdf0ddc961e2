// SPDX-License-Identifier: Apache-2.0
#include "endpoints/pages.h"

#include <gtest/gtest.h>

#include <set>

#include "endpoints/built_in_files.h"
#include "endpoints/user_agent.h"

namespace gw::endpoints {
namespace {

json::Object phrases_of(std::string_view file) {
  for (const BuiltInFile& known : page_files())
    if (known.name == file) return *json::parse(known.text)->as_object();
  return {};
}

TEST(Pages, OfEveryLanguageSayTheSameThings) {
  const json::Object english = phrases_of("en.json"), german = phrases_of("de.json");
  ASSERT_GT(english.size(), 50u);
  std::set<std::string> in_english, in_german;
  for (const auto& [key, text] : english) in_english.insert(key);
  for (const auto& [key, text] : german) in_german.insert(key);
  EXPECT_EQ(in_english, in_german);
}

TEST(Pages, SayNothingThatHasNoPhrase) {
  const json::Object english = phrases_of("en.json");
  const json::Value known(english);
  for (const BuiltInFile& file : page_files()) {
    for (std::size_t at = file.text.find("{{_ "); at != std::string_view::npos;
         at = file.text.find("{{_ ", at + 1)) {
      const std::string_view key = file.text.substr(at + 4, file.text.find("}}", at) - at - 4);
      EXPECT_NE(known.find(key), nullptr) << file.name << ": " << key;
    }
  }
}

TEST(Pages, ChooseTheLanguageThatIsLikedMost) {
  const auto pages = Pages::load({});
  ASSERT_TRUE(pages);
  const struct {
    std::string_view accepted, language;
  } rows[] = {{"", "en"},
              {"de", "de"},
              {"de-CH, en;q=0.5", "de"},
              {"en;q=0.5,de;q=0.4", "en"},
              {"fr;q=1,de", "de"},
              {"d", "en"},
              {"de-", "de"},
              {"de;q=2", "en"},
              {"de;q=0.000", "en"},
              {"de;q=1.5", "de"},
              {";;;,,,=", "en"},
              {"*;q=1", "en"}};
  for (const auto& row : rows)
    EXPECT_EQ((*pages)->choose_phrases(row.accepted).language(), row.language) << row.accepted;
}

TEST(ClientName, IsShortAndSaysWhatItIs) {
  EXPECT_EQ(
      short_client_name("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                        "Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0"),
      "Edge, Windows");
  EXPECT_EQ(
      short_client_name("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"),
      "Safari, iPhone");
  EXPECT_EQ(short_client_name("curl/8.5.0"), "curl/8.5.0");
  EXPECT_EQ(short_client_name("Mozilla/5.0"), "Mozilla/5.0");
  EXPECT_EQ(short_client_name(""), "");
  EXPECT_EQ(short_client_name(std::string(1000, 'x')).size(), 60u);
}

}  // namespace
}  // namespace gw::endpoints
