#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/bundle/bundle.h"
#include "core/bundle/records.h"

namespace tailcast::bundle {
namespace {

FileCheck Sound(std::string file) { return {.file = std::move(file), .ok = true}; }

FileCheck Faulty(std::string file, absl::string_view fault) {
  return {.file = std::move(file), .ok = false, .fault = std::string(fault)};
}

// The digest that publish.json records, for the manifest's check.
FileCheck CheckRecord(const std::string& folder, Digest& recorded) {
  const absl::StatusOr<PublishRecord> record = ReadPublishRecord(folder);
  if (!record.ok()) return Faulty(kPublishFile, record.status().message());
  recorded = record->digest;
  return Sound(kPublishFile);
}

// A manifest, or why there is none to read.
absl::StatusOr<Manifest> ReadManifest(const absl::StatusOr<std::string>& text) {
  RETURN_IF_ERROR(text.status());
  return ParseManifest(*text, kManifestFile);
}

FileCheck CheckManifest(const absl::StatusOr<std::string>& text, const FileCheck& record,
                        const Digest& recorded) {
  if (text.ok() && record.ok && Sha256Of(*text) != recorded) {
    return Faulty(kManifestFile, absl::StrCat("SHA-256 is ", ToHex(Sha256Of(*text)), "; ",
                                              kPublishFile, " says ", ToHex(recorded)));
  }
  const absl::StatusOr<Manifest> manifest = ReadManifest(text);
  if (!manifest.ok()) return Faulty(kManifestFile, manifest.status().message());
  return Sound(kManifestFile);
}

FileCheck CheckSize(const std::string& folder, const std::string& name, const FileEntry& entry) {
  const std::string path = absl::StrCat(folder, "/", name);
  std::error_code error;
  const auto size = static_cast<int64_t>(std::filesystem::file_size(path, error));
  if (error) return Faulty(name, error.message());
  if (size != entry.size_bytes) {
    return Faulty(name, absl::StrCat(size, " bytes; the manifest lists ", entry.size_bytes));
  }
  return Sound(name);
}

FileCheck CheckFile(const std::string& folder, const std::string& name, const FileEntry& entry) {
  const FileCheck size = CheckSize(folder, name, entry);
  if (!size.ok) return size;
  const absl::StatusOr<Digest> digest = Sha256OfFile(absl::StrCat(folder, "/", name));
  if (!digest.ok()) return Faulty(name, digest.status().message());
  if (*digest == entry.sha256) return Sound(name);
  return Faulty(name, absl::StrCat("SHA-256 is ", ToHex(*digest), "; the manifest lists ",
                                   ToHex(entry.sha256)));
}

}  // namespace

absl::StatusOr<std::vector<FileCheck>> VerifyBundle(
    const std::string& folder, const std::function<absl::Status()>& before_file) {
  ASSIGN_OR_RETURN(const std::vector<std::string> entries, ListDirectory(folder));
  const std::string manifest_path = absl::StrCat(folder, "/", kManifestFile);
  const absl::StatusOr<std::string> text = ReadFile(manifest_path, kMaxManifestBytes);

  Digest recorded = {};
  const FileCheck record = CheckRecord(folder, recorded);
  std::vector<FileCheck> checks = {CheckManifest(text, record, recorded), record};
  // A manifest that cannot be read lists nothing; it is reported above.
  const absl::StatusOr<Manifest> manifest = ReadManifest(text);
  if (!manifest.ok()) return checks;
  for (const auto& [name, entry] : manifest->files) {
    if (before_file) RETURN_IF_ERROR(before_file());
    checks.push_back(CheckFile(folder, name, entry));
  }
  for (const std::string& entry : entries) {
    const auto is_entry = [&](const FileCheck& check) { return check.file == entry; };
    if (std::none_of(checks.begin(), checks.end(), is_entry)) {
      checks.push_back(Faulty(entry, "not in the manifest"));
    }
  }
  return checks;
}

absl::Status CheckFilesAreThere(const std::string& folder) {
  const absl::StatusOr<std::string> text =
      ReadFile(absl::StrCat(folder, "/", kManifestFile), kMaxManifestBytes);
  Digest recorded = {};
  const FileCheck record = CheckRecord(folder, recorded);
  std::vector<FileCheck> checks = {record, CheckManifest(text, record, recorded)};
  if (const absl::StatusOr<Manifest> manifest = ReadManifest(text); manifest.ok()) {
    for (const auto& [name, entry] : manifest->files) {
      checks.push_back(CheckSize(folder, name, entry));
    }
  }
  for (const FileCheck& check : checks) {
    if (check.ok) continue;
    return absl::DataLossError(
        absl::StrCat("'", folder, "/", check.file, "' is damaged: ", check.fault));
  }
  return absl::OkStatus();
}

}  // namespace tailcast::bundle
