// SPDX-License-Identifier: Apache-2.0
#include "endpoints/page_template.h"

#include <gtest/gtest.h>

namespace gw::endpoints {
namespace {

const json::Value kModel = json::Object{
    {"name", R"(<b a="1" c='2'>&)"},
    {"on", true},
    {"off", false},
    {"count", 3},
    {"empty", ""},
    {"typed", json::Object{{"user", "alice"}}},
    {"list", json::Array{json::Object{{"id", "1"}}, json::Object{{"id", "2"}, {"name", "own"}}}},
};

std::string render(std::string_view text, const Templates& others = {}) {
  auto parsed = Template::parse(text);
  EXPECT_TRUE(parsed) << parsed.error();
  const Phrases phrases("en", {{"hello", "Hello & {name}, {count} {missing}"}});
  return parsed ? parsed->render(others, phrases, kModel) : std::string();
}

TEST(Template, EscapesEveryValueAndPhrase) {
  EXPECT_EQ(render("{{name}}"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
  EXPECT_EQ(render("{{_ hello}}"), "Hello &amp; &lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;, 3 {missing}");
  EXPECT_EQ(render("{{_ no.such}}|{{nothing}}|{{ typed.user }}|{{count}}"), "no.such||alice|3");
}

TEST(Template, SectionsFollowWhatIsThere) {
  EXPECT_EQ(render("{{#on}}a{{/on}}{{#off}}b{{/off}}{{#empty}}c{{/empty}}{{#nothing}}d{{/nothing}}"), "a");
  EXPECT_EQ(render("{{^on}}a{{/on}}{{^off}}b{{/off}}{{^empty}}c{{/empty}}{{^nothing}}d{{/nothing}}"), "bcd");
  EXPECT_EQ(render("{{#list}}[{{id}}{{#on}}!{{/on}}]{{/list}}"), "[1!][2!]");
  EXPECT_EQ(render("{{#typed}}{{typed.user}}{{/typed}}"), "alice");
}

TEST(Template, IncludesOthersAndEndsWhereTheyIncludeEachOther) {
  Templates others;
  others.emplace("a.html", *Template::parse("<a>{{count}}</a>"));
  others.emplace("loop.html", *Template::parse(".{{> loop.html}}"));
  EXPECT_EQ(render("{{> a.html}}{{> gone.html}}", others), "<a>3</a>");
  EXPECT_LT(render("{{> loop.html}}", others).size(), 30u);
}

TEST(Template, StaysBoundedWhereIncludesMultiply) {
  Templates others;
  std::string six, long_text(10'000, 'x');
  for (int i = 0; i < 6; ++i) six += "{{> loop.html}}";
  others.emplace("loop.html", *Template::parse("." + six));
  EXPECT_LT(render("{{> loop.html}}", others).size(), 200'000u);
  others.insert_or_assign("loop.html", *Template::parse(long_text + six));
  EXPECT_LT(render("{{> loop.html}}", others).size(), 1'100'000u);
}

TEST(Template, SaysWhichLineIsWrong) {
  const auto why = [](const std::string& text) {
    const auto parsed = Template::parse(text);
    return parsed ? std::string("fine") : parsed.error();
  };
  EXPECT_EQ(why("a\n{{#x}}"), "line 2: the section \"x\" has no end");
  EXPECT_EQ(why("{{/x}}"), "line 1: \"{{/x}}\" ends no section that is open");
  EXPECT_EQ(why("{{#x}}{{/y}}"), "line 1: \"{{/y}}\" ends no section that is open");
  EXPECT_EQ(why("\n\n{{x"), "line 3: \"{{\" has no \"}}\"");
  EXPECT_EQ(why("{{A b}}"), "line 1: \"{{A b}}\" is no mark");
  EXPECT_EQ(why("{{}}"), "line 1: \"{{}}\" is no mark");
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "{{#x}}";
  EXPECT_EQ(why(deep), "line 1: sections are nested too deep");
}

TEST(Phrases, FallBackOnAnotherLanguage) {
  const Phrases english("en", {{"a", "A"}, {"b", "B"}});
  Phrases german("de", {{"a", "Ä"}});
  german.fall_back_on(english);
  EXPECT_EQ(german.say("a"), "Ä");
  EXPECT_EQ(german.say("b"), "B");
  EXPECT_EQ(german.say("c"), "c");
  EXPECT_EQ(Phrases("en", {{"x", "{n} of {"}}).say("x", json::Object{{"n", 2}}), "2 of {");
}

}  // namespace
}  // namespace gw::endpoints
