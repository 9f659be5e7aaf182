#ifndef TAILCAST_CLIENT_CLI_REPORT_ARM_NAMES_H_
#define TAILCAST_CLIENT_CLI_REPORT_ARM_NAMES_H_

#include <array>
#include <string>

#include "absl/strings/string_view.h"

namespace tailcast::report {

// The arms of a comparison; the names are those of report.json.
inline constexpr char kStage1[] = "stage1";
inline constexpr char kLogitAdjustment[] = "logit_adjustment";
inline constexpr char kBalancedSoftmax[] = "balanced_softmax";
inline constexpr char kClassGaussian[] = "class_gaussian";
inline constexpr char kLdmlr[] = "ldmlr";
inline constexpr char kLdmlrDataFree[] = "ldmlr_data_free";

// What a control lacks is a diffusion model; LDMLR is measured against each.
inline constexpr std::array<const char*, 3> kControls = {kLogitAdjustment, kBalancedSoftmax,
                                                         kClassGaussian};

struct ArmText {
  const char* name;
  const char* label;
  const char* description;
};

// In the order in which arms are shown.
inline constexpr std::array<ArmText, 8> kArmTexts = {{
    {kStage1, "Stage 1", "the encoder's own head, trained on the long-tailed images"},
    {kLogitAdjustment, "Logit adjustment",
     "stage 1 with the bias shifted against the class counts; strength tuned on validation data"},
    {kBalancedSoftmax, "Balanced softmax",
     "the head refitted on the real features alone, with the balanced softmax loss"},
    {kClassGaussian, "Class Gaussians",
     "the head refitted on real rows and rows drawn from one Gaussian per class, as many as LDMLR "
     "gets"},
    {kLdmlr, "LDMLR", "the head refitted on real rows and rows streamed from the diffusion model"},
    {kLdmlrDataFree, "LDMLR, data-free",
     "a head fitted from zero on streamed rows of all classes; its trainer holds no data at all"},
    {"ldmlr_cbdm", "LDMLR, CBDM", "LDMLR with a generator trained by the CBDM objective"},
    {"ldmlr_diffrop", "LDMLR, DiffROP", "LDMLR with a generator trained by the DiffROP objective"},
}};

// The arm's label, or its name if it is none of ours.
inline std::string ArmLabel(absl::string_view name) {
  for (const ArmText& arm : kArmTexts) {
    if (name == arm.name) return arm.label;
  }
  return std::string(name);
}

}  // namespace tailcast::report

#endif  // TAILCAST_CLIENT_CLI_REPORT_ARM_NAMES_H_
