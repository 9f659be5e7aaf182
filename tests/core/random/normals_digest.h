#ifndef TAILCAST_TESTS_CORE_RANDOM_NORMALS_DIGEST_H_
#define TAILCAST_TESTS_CORE_RANDOM_NORMALS_DIGEST_H_

#include <cstdint>
#include <string>

#include "core/base/digest.h"
#include "core/random/normals.h"
#include "core/random/philox.h"

namespace tailcast {

// Stream contract: sha256 of (radius(w0), cos(w1), sin(w1)) as f64, w = philox((j,0,0,0), 0), j <
// 4096.
inline constexpr char kDoublesDigest[] =
    "de5e00769704022bd9792a15f47ea5949df153af9732f14d90808ffca1ca7159";

inline std::string DigestOfDoubles() {
  Sha256 hash;
  for (uint32_t j = 0; j < 4096; ++j) {
    const auto words = Philox({j, 0, 0, 0}, {0, 0});
    const CosSin angle = NormalAngle(words[1]);
    const double values[] = {NormalRadius(words[0]), angle.cos, angle.sin};
    hash.Update({reinterpret_cast<const char*>(values), sizeof(values)});
  }
  return ToHex(hash.Finish());
}

}  // namespace tailcast

#endif  // TAILCAST_TESTS_CORE_RANDOM_NORMALS_DIGEST_H_
