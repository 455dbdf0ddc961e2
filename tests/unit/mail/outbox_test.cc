// SPDX-License-Identifier: Apache-2.0
#include "mail/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gw::mail {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Mail, IsWrittenAsItsReadersExpect) {
  Message message{"alice@example.com", "Your new password", "Hello,\nworld\n", {}, "en", 0};
  const std::string mail = format_mail(message, "login@example.com", 784111777, "id-1");
  EXPECT_THAT(mail, StartsWith("Date: Sun, 6 Nov 1994 08:49:37 +0000\r\nFrom: <login@example.com>\r\n"
                               "To: <alice@example.com>\r\nMessage-ID: <id-1@example.com>\r\n"));
  EXPECT_THAT(mail, HasSubstr("\r\n\r\nSGVsbG8sDQp3b3JsZA0K\r\n"));
  for (std::size_t at = mail.find('\n'); at != std::string::npos; at = mail.find('\n', at + 1))
    EXPECT_EQ(mail[at - 1], '\r');
}

TEST(Mail, HasNoLineThatIsTooLongAndNoFieldThatWasTyped) {
  Message message{"a@example.com", {}, std::string(5000, 'x'), {}, "de", 0};
  for (int i = 0; i < 60; ++i) message.subject += "Ü\r\nBcc: eve@example.com ";
  const std::string mail = format_mail(message, "login@example.com", 0, "id");
  EXPECT_EQ(mail.find("Bcc"), std::string::npos);
  for (std::size_t begin = 0, end; (end = mail.find("\r\n", begin)) != std::string::npos; begin = end + 2)
    EXPECT_LE(end - begin, 90u) << mail.substr(begin, end - begin);
}

}  // namespace
}  // namespace gw::mail
