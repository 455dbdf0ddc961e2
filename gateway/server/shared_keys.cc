// SPDX-License-Identifier: Apache-2.0
#include "server/shared_keys.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "auth/key_file.h"
#include "auth/key_store.h"
#include "auth/random_id.h"
#include "base/base64url.h"
#include "base/json.h"
#include "base/log.h"

namespace gw::server {
namespace {

constexpr Duration kLead = 10s;
constexpr WallSeconds kForLong = WallSeconds{10} * 366 * 24 * 60 * 60;
constexpr int kTries = 100;
constexpr std::string_view kName = "keys";

// What the store says becomes the name of a file here.
bool is_key_name(std::string_view name) {
  const std::string_view stem = name.ends_with(".pem")      ? name.substr(0, name.size() - 4)
                                : name.ends_with(".secret") ? name.substr(0, name.size() - 7)
                                                            : std::string_view();
  return !stem.empty() && name.size() < 128 && std::all_of(stem.begin(), stem.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::string format_files(const std::map<std::string, std::string>& files) {
  json::Object all;
  for (const auto& [name, content] : files) all.emplace_back(name, base64url_encode(content));
  return json::dump(json::Value(std::move(all)));
}

std::optional<std::map<std::string, std::string>> parse_files(const std::string& text) {
  const auto value = json::parse(text);
  if (!value || value->as_object() == nullptr) return std::nullopt;
  std::map<std::string, std::string> files;
  for (const auto& [name, encoded] : *value->as_object()) {
    auto content = encoded.as_string() != nullptr ? base64url_decode(*encoded.as_string()) : std::nullopt;
    if (!content || !is_key_name(name)) return std::nullopt;
    files.emplace(name, std::move(*content));
  }
  return files;
}

std::optional<std::string> find(const std::map<std::string, std::string>& files, const std::string& name) {
  const auto found = files.find(name);
  return found == files.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

SharedKeys::SharedKeys(net::EventLoop& loop, store::SharedStore& store, const std::string& state_dir)
    : loop_(loop), store_(store), folder_(auth::key_directory(state_dir)), who_(auth::make_random_id()) {}

// On a loop of its own, while no other runs yet.
template <class T, class Begin>
Result<T> SharedKeys::finish(Begin begin) {
  net::EventLoop loop;
  Result<T> outcome = Error(Fault::store_unavailable);
  const net::Operation running = begin(loop, [&](Result<T> result) {
    outcome = std::move(result);
    loop.stop();
  });
  loop.run();
  return outcome;
}

Result<void, std::string> SharedKeys::join() {
  std::vector<std::string> warnings;
  if (auto made = auth::make_private_directory(folder_, warnings); !made) return made;
  std::string why = "another replica has made no keys yet";
  for (int i = 0; i < kTries; ++i) {
    const auto leads = finish<bool>([&](net::EventLoop& loop, auto done) {
      return store_.lead(loop, std::string(kName), who_, kLead, std::move(done));
    });
    const auto found = finish<std::optional<store::Record>>([&](net::EventLoop& loop, auto done) {
      return store_.find_record(loop, store::RecordKind::shared_files, std::string(kName), wall_now(),
                                std::move(done));
    });
    if (!leads || !found)
      why = !leads ? leads.error().detail : found.error().detail;
    else if (*leads || *found)
      return merge(*found);
    std::this_thread::sleep_for(100ms);
  }
  return "the signing keys of the other replicas cannot be had: " + why;
}

Result<void, std::string> SharedKeys::hand_out() {
  for (int i = 0; i < kTries; ++i) {
    const Files files = read_folder();
    if (files == base_ && shared_text_) return {};
    std::string text = format_files(files);
    const auto swapped = finish<bool>([&](net::EventLoop& loop, auto done) {
      return store_.swap_record(loop, record_of(text), shared_text_, wall_now(), std::move(done));
    });
    if (swapped && *swapped) {
      base_ = files;
      shared_text_ = std::move(text);
      return {};
    }
    if (auto joined = join(); !joined) return joined;
  }
  return std::string("the signing keys cannot be shared with the other replicas");
}

void SharedKeys::follow(std::function<void(bool)> done) {
  done_ = std::move(done);
  following_ = store_.lead(loop_, std::string(kName), who_, kLead, [this](Result<bool> leads) {
    if (!leads) return std::exchange(done_, {})(false);
    following_ = store_.find_record(
        loop_, store::RecordKind::shared_files, std::string(kName), wall_now(),
        [this, leads = *leads](Result<std::optional<store::Record>> found) { take_over(found, leads); });
  });
}

void SharedKeys::take_over(const Result<std::optional<store::Record>>& found, bool leads) {
  const auto done = std::exchange(done_, {});
  if (!found) return done(false);
  if (auto merged = merge(*found); !merged) {
    log::error("the shared signing keys cannot be taken over", {{"why", merged.error()}});
    return done(false);
  }
  done(leads);
}

void SharedKeys::hand_out_later() {
  Files files = read_folder();
  if (files == base_ && shared_text_) return;
  std::string text = format_files(files);
  store::Record record = record_of(text);
  handing_out_ = store_.swap_record(
      loop_, std::move(record), shared_text_, wall_now(),
      [this, files = std::move(files), text = std::move(text)](Result<bool> swapped) mutable {
        if (!swapped || !*swapped) return;  // the next round merges, and tries again
        base_ = std::move(files);
        shared_text_ = std::move(text);
      });
}

store::Record SharedKeys::record_of(const std::string& text) const {
  return {store::RecordKind::shared_files, std::string(kName), {}, text, wall_now() + kForLong};
}

SharedKeys::Files SharedKeys::read_folder() const {
  Files files;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, failed)) {
    const std::string name = entry.path().filename().string();
    if (!is_key_name(name)) continue;
    std::vector<std::string> warnings;
    if (const auto content = auth::read_private_file(entry.path().string(), warnings))
      files.emplace(name, content->reveal());
  }
  return files;
}

// Of each file counts the side that changed it since it was shared; where both have, the shared one.
Result<void, std::string> SharedKeys::merge(const std::optional<store::Record>& shared) {
  if (!shared) {
    // Nobody has shared any, or the store has lost them: ours are handed out next.
    shared_text_.reset();
    base_.clear();
    return {};
  }
  if (shared_text_ && *shared_text_ == shared->value) return {};
  auto theirs = parse_files(shared->value);
  if (!theirs) return std::string("what the store has are no key files");
  const Files ours = read_folder();
  std::set<std::string> names;
  for (const Files* files : std::initializer_list<const Files*>{&base_, &ours, &*theirs})
    for (const auto& [name, content] : *files) names.insert(name);
  for (const std::string& name : names) {
    const auto base = find(base_, name), our = find(ours, name), their = find(*theirs, name);
    const auto wanted = our == base || (their != base && their) ? their : our;
    if (wanted == our) continue;
    if (!wanted) {
      std::error_code ignored;
      std::filesystem::remove(std::filesystem::path(folder_) / name, ignored);
    } else if (auto written = auth::write_private_file(folder_, name, SecretString(*wanted)); !written) {
      return written;
    }
  }
  base_ = std::move(*theirs);
  shared_text_ = shared->value;
  return {};
}

}  // namespace gw::server
