// SPDX-License-Identifier: Apache-2.0
#include "endpoints/user_agent.h"

#include <array>

namespace gw::endpoints {
namespace {

constexpr std::size_t kMaxBytes = 60;

struct Sign {
  std::string_view sign, name;
};
// In this order: each browser also claims to be those below it.
constexpr std::array kBrowsers{Sign{"Edg/", "Edge"},
                               Sign{"EdgA/", "Edge"},
                               Sign{"OPR/", "Opera"},
                               Sign{"Vivaldi/", "Vivaldi"},
                               Sign{"Firefox/", "Firefox"},
                               Sign{"FxiOS/", "Firefox"},
                               Sign{"HeadlessChrome/", "Chrome"},
                               Sign{"CriOS/", "Chrome"},
                               Sign{"Chrome/", "Chrome"},
                               Sign{"Safari/", "Safari"}};
constexpr std::array kSystems{Sign{"Android", "Android"}, Sign{"iPhone", "iPhone"},  Sign{"iPad", "iPad"},
                              Sign{"Windows", "Windows"}, Sign{"Mac OS X", "macOS"}, Sign{"CrOS", "ChromeOS"},
                              Sign{"Linux", "Linux"}};

template <std::size_t N>
std::string_view find_sign(const std::array<Sign, N>& signs, std::string_view text) {
  for (const Sign& known : signs)
    if (text.find(known.sign) != std::string_view::npos) return known.name;
  return {};
}

}  // namespace

std::string short_client_name(std::string_view user_agent) {
  const std::string_view browser = find_sign(kBrowsers, user_agent);
  if (!user_agent.starts_with("Mozilla/") || browser.empty())
    return std::string(user_agent.substr(0, kMaxBytes));
  const std::string_view system = find_sign(kSystems, user_agent);
  std::string name(browser);
  if (!system.empty()) name.append(", ").append(system);
  return name;
}

}  // namespace gw::endpoints
