// SPDX-License-Identifier: Apache-2.0
// The signature algorithms of RFC 7518 section 3.1 and RFC 8037. There is no `none`: it cannot be said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace gw::jose {

enum class Algorithm : std::uint8_t {
  hs256,
  hs384,
  hs512,
  rs256,
  rs384,
  rs512,
  ps256,
  ps384,
  ps512,
  es256,
  es384,
  es512,
  eddsa,
};

inline constexpr std::size_t kAlgorithms = 13;

std::optional<Algorithm> parse_algorithm(std::string_view name);  // exact: "ES256"
std::string_view name_of(Algorithm algorithm);
bool is_symmetric(Algorithm algorithm);

class AlgorithmSet {
 public:
  constexpr AlgorithmSet() = default;
  constexpr AlgorithmSet(std::initializer_list<Algorithm> algorithms) {
    for (const Algorithm algorithm : algorithms) add(algorithm);
  }
  static constexpr AlgorithmSet all() { return AlgorithmSet((1u << kAlgorithms) - 1); }

  constexpr void add(Algorithm algorithm) { bits_ |= bit(algorithm); }
  constexpr bool contains(Algorithm algorithm) const { return (bits_ & bit(algorithm)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr AlgorithmSet operator&(AlgorithmSet other) const { return AlgorithmSet(bits_ & other.bits_); }
  constexpr AlgorithmSet operator|(AlgorithmSet other) const { return AlgorithmSet(bits_ | other.bits_); }
  friend constexpr bool operator==(AlgorithmSet, AlgorithmSet) = default;

 private:
  explicit constexpr AlgorithmSet(std::uint32_t bits) : bits_(bits) {}
  static constexpr std::uint32_t bit(Algorithm algorithm) { return 1u << static_cast<unsigned>(algorithm); }
  std::uint32_t bits_ = 0;
};

}  // namespace gw::jose
