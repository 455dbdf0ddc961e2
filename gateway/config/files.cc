// SPDX-License-Identifier: Apache-2.0
// Files that a configuration names: where they are, whether they can be read, and secrets in them.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/unique_fd.h"
#include "config/node_reader.h"
#include "config/units.h"

namespace gw::config {
namespace {

constexpr std::size_t kLargestSecret = 64 * 1024;

const std::array kSecretFileKeys{Key{"file", "path", "required", "a file that holds the secret"}};
const Section kSecretFileSection{"SECRET", kSecretFileKeys};

struct OpenFile {
  UniqueFd fd;
  struct stat status {};
};

// O_NONBLOCK: a FIFO must not stop the start; it is refused as "not a file".
std::optional<OpenFile> open_file(Context& context, const Item& item, const std::string& path) {
  context.seen.push_back(path);
  OpenFile file{UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)), {}};
  if (!file.fd || ::fstat(file.fd.get(), &file.status) != 0) {
    report(context, item,
           in_quotes(path) + " cannot be read: " + std::strerror(errno) + " (correct the path)");
    return std::nullopt;
  }
  if (!S_ISREG(file.status.st_mode)) {
    report(context, item, in_quotes(path) + " is not a file (correct the path)");
    return std::nullopt;
  }
  return file;
}

void warn_when_open_to_strangers(Context& context, const Item& item, const std::string& path, mode_t mode) {
  if ((mode & (S_IRWXO | S_IWGRP)) == 0) return;
  warn(context, item, in_quotes(path) + " can be read or changed by other users (chmod 600 it)");
}

std::optional<std::string> read_all(int fd) {
  std::string content;
  std::array<char, 4096> block;
  while (content.size() <= kLargestSecret) {
    const ssize_t got = ::read(fd, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    content.append(block.data(), static_cast<std::size_t>(got));
  }
  wipe(block.data(), block.size());
  return content;
}

void remove_one_newline(std::string& text) {
  if (!text.ends_with('\n')) return;
  text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

std::optional<SecretString> read_secret_file(Context& context, const Item& item, const std::string& path) {
  auto file = open_file(context, item, path);
  if (!file) return std::nullopt;
  warn_when_open_to_strangers(context, item, path, file->status.st_mode);
  auto content = read_all(file->fd.get());
  if (!content || content->size() > kLargestSecret) {
    report(context, item,
           in_quotes(path) + " cannot be read or is larger than 64KiB (is it the right file?)");
    return std::nullopt;
  }
  remove_one_newline(*content);
  if (content->empty()) {
    report(context, item, in_quotes(path) + " is empty (put the secret in it)");
    return std::nullopt;
  }
  return SecretString(std::move(*content));
}

}  // namespace

std::optional<SecretString> read_secret(Context& context, const Item& item) {
  if (item.node->kind == Kind::map) {
    const NodeReader node(context, item, kSecretFileSection);
    const std::string path = node.require("file") ? node.path("file") : std::string();
    if (path.empty()) return std::nullopt;
    if (!context.reads_files) return std::nullopt;
    return read_secret_file(context, *node.find("file"), path);
  }
  if (item.node->kind != Kind::text || item.node->unknown) {
    report_kind(context, item, "text or {file: PATH}");
    return std::nullopt;
  }
  if (item.node->text.empty()) {
    report(context, item, "is empty (write the secret, or {file: PATH})");
    return std::nullopt;
  }
  return SecretString(item.node->text);
}

std::string resolve_path(const Context& context, std::string_view path) {
  if (path.starts_with('/')) return std::string(path);
  return (std::filesystem::path(context.folder) / path).lexically_normal().string();
}

void expect_readable(Context& context, const Item& item, const std::string& path) {
  if (context.reads_files) open_file(context, item, path);
}

}  // namespace gw::config
