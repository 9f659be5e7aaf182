// Must be compiled with -ffp-contract=off: a fused multiply-add changes the last bit of a double.
#include "core/random/normals.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

#include "core/random/philox.h"

namespace tailcast {
namespace {

constexpr double kLn2 = 0x1.62e42fefa39efp-1;
constexpr double kSqrt2 = 0x1.6a09e667f3bcdp+0;
// (pi / 2) 2^-30: angle of one unit of the reduced word.
constexpr double kRadians = 0x1.921fb54442d18p+0 * 0x1p-30;

// Taylor series; the constant term, 1, is added by Horner().
constexpr std::array<double, 7> kLogSeries = {1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9,
                                              1.0 / 7,  1.0 / 5,  1.0 / 3};
constexpr std::array<double, 5> kSinSeries = {-1.0 / 39916800, 1.0 / 362880, -1.0 / 5040, 1.0 / 120,
                                              -1.0 / 6};
constexpr std::array<double, 6> kCosSeries = {1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320,
                                              -1.0 / 720,      1.0 / 24,       -0.5};

constexpr int kWordBits = 33;  // of 2 word + 1
constexpr int kLaneBits = 20;
constexpr int kAttemptShift = 24;
constexpr size_t kNormalsPerLane = 4;

template <size_t N>
double Horner(const std::array<double, N>& series, double y) {
  double sum = series[0];
  for (size_t i = 1; i < N; ++i) sum = sum * y + series[i];
  return sum * y + 1.0;
}

// 2^-exponent for 0 <= exponent <= 33, exact.
double InversePowerOfTwo(int exponent) {
  return 1.0 / static_cast<double>(uint64_t{1} << exponent);
}

}  // namespace

double NormalRadius(uint32_t word) {
  const uint64_t odd = 2 * uint64_t{word} + 1;  // u = odd 2^-33
  int exponent = static_cast<int>(std::bit_width(odd)) - 1;
  double fraction = static_cast<double>(odd) * InversePowerOfTwo(exponent);  // [1, 2), exact
  if (fraction > kSqrt2) {
    fraction = fraction * 0.5;
    exponent = exponent + 1;
  }
  const double s = (fraction - 1.0) / (fraction + 1.0);
  const double log_fraction = (2.0 * s) * Horner(kLogSeries, s * s);
  return std::sqrt(2.0 * ((kWordBits - exponent) * kLn2 - log_fraction));
}

CosSin NormalAngle(uint32_t word) {
  // Reduced to [-pi/4, pi/4) in integers.
  constexpr uint32_t kEighth = uint32_t{1} << 29;
  const uint32_t quadrant = (word + kEighth) >> 30;
  const auto reduced = static_cast<int32_t>(word - (quadrant << 30));
  const double angle = reduced * kRadians;
  const double y = angle * angle;
  const double sin = angle * Horner(kSinSeries, y);
  const double cos = Horner(kCosSeries, y);
  switch (quadrant) {
    case 0:
      return {cos, sin};
    case 1:
      return {-sin, cos};
    case 2:
      return {-cos, -sin};
    default:
      return {sin, -cos};
  }
}

std::array<float, 4> NormalsFromWords(const std::array<uint32_t, 4>& words) {
  std::array<float, 4> normals;
  for (size_t pair = 0; pair < 2; ++pair) {
    const double radius = NormalRadius(words[2 * pair]);
    const CosSin angle = NormalAngle(words[2 * pair + 1]);
    normals[2 * pair] = static_cast<float>(radius * angle.cos);
    normals[2 * pair + 1] = static_cast<float>(radius * angle.sin);
  }
  return normals;
}

void FillNoise(const NoiseAddress& address, absl::Span<float> out) {
  const auto ordinal = static_cast<uint64_t>(address.ordinal);
  PhiloxCounter counter = {
      static_cast<uint32_t>(ordinal), static_cast<uint32_t>(ordinal >> 32),
      static_cast<uint32_t>(address.class_index) | address.attempt << kAttemptShift,
      address.step << kLaneBits};
  const PhiloxKey key = PhiloxKeyOf(address.seed);
  for (size_t begin = 0; begin < out.size(); begin += kNormalsPerLane) {
    const std::array<float, 4> normals = NormalsFromWords(Philox(counter, key));
    const size_t count = std::min(kNormalsPerLane, out.size() - begin);
    std::copy_n(normals.begin(), count, out.begin() + begin);
    ++counter[3];
  }
}

}  // namespace tailcast
