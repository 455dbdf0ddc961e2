// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <memory>

#include "auth/random_id.h"
#include "base/json.h"
#include "fetch/curl_library.h"
#include "mail/outbox.h"

namespace gw::mail {
namespace {

using fetch::curl;
using fetch::CurlHandle;
using fetch::CurlList;

constexpr long kTimeoutSeconds = 20;

CurlList make_list(std::initializer_list<std::string> lines) {
  CurlList list;
  for (const std::string& line : lines) fetch::append(list, line);
  return list;
}

struct Upload {
  std::string text;
  std::size_t at = 0;
};

std::size_t read_upload(char* out, std::size_t size, std::size_t count, void* data) noexcept {
  Upload& upload = *static_cast<Upload*>(data);
  const std::size_t taken = std::min(size * count, upload.text.size() - upload.at);
  std::memcpy(out, upload.text.data() + upload.at, taken);
  upload.at += taken;
  return taken;
}

std::size_t ignore_answer(char*, std::size_t size, std::size_t count, void*) noexcept {
  return size * count;
}

int stop_when_closing(void* data, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return *static_cast<const std::atomic<bool>*>(data) ? 1 : 0;
}

bool is_loopback(std::string_view url) {
  url.remove_prefix(std::min(url.size(), url.find("://") + 3));
  return url.starts_with("127.") || url.starts_with("localhost:") || url == "localhost" ||
         url.starts_with("[::1]");
}

CurlHandle make_handle(const auth::ResetOptions& options, const std::string& url,
                       const std::atomic<bool>& closing) {
  CurlHandle handle(curl().easy_init());
  if (handle == nullptr) return handle;
  CURL* easy = handle.get();
  curl().easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl().easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl().easy_setopt(easy, CURLOPT_TIMEOUT, kTimeoutSeconds);
  curl().easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps,http,https");
  curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore_answer);
  curl().easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl().easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, stop_when_closing);
  curl().easy_setopt(easy, CURLOPT_XFERINFODATA, &closing);
  if (is_loopback(url)) curl().easy_setopt(easy, CURLOPT_NOPROXY, "*");
  if (!options.ca.empty()) curl().easy_setopt(easy, CURLOPT_CAINFO, options.ca.c_str());
  return handle;
}

Result<void, std::string> perform(CURL* easy, const std::string& url) {
  const CURLcode code = curl().easy_perform(easy);
  if (code != CURLE_OK) return url + ": " + curl().easy_strerror(code);
  long status = 0;
  curl().easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || status > 299) return url + " answered with " + std::to_string(status);
  return {};
}

Result<void, std::string> deliver_by_smtp(const auth::ResetOptions& options, const Message& message,
                                          const std::atomic<bool>& closing) {
  const CurlHandle handle = make_handle(options, options.smtp, closing);
  if (handle == nullptr) return std::string("libcurl cannot be used");
  Upload upload{format_mail(message, options.from, wall_now(), auth::make_random_id()), 0};
  const CurlList recipients = make_list({"<" + message.to + ">"});
  CURL* easy = handle.get();
  // A link that resets a password does not travel in the clear.
  const long tls = is_loopback(options.smtp) ? CURLUSESSL_TRY : CURLUSESSL_ALL;
  curl().easy_setopt(easy, CURLOPT_USE_SSL,
                     options.smtp_requires_tls ? tls : static_cast<long>(CURLUSESSL_TRY));
  curl().easy_setopt(easy, CURLOPT_MAIL_FROM, ("<" + options.from + ">").c_str());
  curl().easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients.get());
  curl().easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl().easy_setopt(easy, CURLOPT_READFUNCTION, read_upload);
  curl().easy_setopt(easy, CURLOPT_READDATA, &upload);
  if (!options.smtp_user.empty()) {
    curl().easy_setopt(easy, CURLOPT_USERNAME, options.smtp_user.c_str());
    curl().easy_setopt(easy, CURLOPT_PASSWORD, std::string(options.smtp_password.reveal()).c_str());
  }
  return perform(easy, options.smtp);
}

Result<void, std::string> deliver_by_webhook(const auth::ResetOptions& options, const Message& message,
                                             const std::atomic<bool>& closing) {
  const CurlHandle handle = make_handle(options, options.webhook, closing);
  if (handle == nullptr) return std::string("libcurl cannot be used");
  const std::string body = json::dump(json::Object{{"kind", "reset"},
                                                   {"to", message.to},
                                                   {"link", message.link},
                                                   {"subject", message.subject},
                                                   {"text", message.text},
                                                   {"language", message.language},
                                                   {"expires_at", message.expires_at}});
  CurlList fields = make_list({"Content-Type: application/json", "Expect:"});
  if (!options.webhook_token.empty())
    fetch::append(fields, "Authorization: Bearer " + std::string(options.webhook_token.reveal()));
  CURL* easy = handle.get();
  curl().easy_setopt(easy, CURLOPT_HTTPHEADER, fields.get());
  curl().easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl().easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
  return perform(easy, options.webhook);
}

}  // namespace

Result<void, std::string> deliver(const auth::ResetOptions& options, const Message& message,
                                  const std::atomic<bool>& closing) {
  return options.smtp.empty() ? deliver_by_webhook(options, message, closing)
                              : deliver_by_smtp(options, message, closing);
}

}  // namespace gw::mail
