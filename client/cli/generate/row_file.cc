#include "client/cli/generate/row_file.h"

#include <stdio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/library/call_verifier.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/contract/checksum.h"

namespace tailcast::generate {
namespace {

constexpr char kPartialEnding[] = ".partial";
constexpr char kLedgerEnding[] = ".partial.ledger";
// Rows that are read back at once.
constexpr int64_t kReadBackRows = 4096;

std::string PartialOf(const std::string& path) { return absl::StrCat(path, kPartialEnding); }
std::string LedgerOf(const std::string& output) { return absl::StrCat(output, kLedgerEnding); }

absl::string_view BytesOf(const void* data, size_t size) {
  return absl::string_view(static_cast<const char*>(data), size);
}

std::string RangeText(const Ledger& ledger) {
  return absl::StrCat("[", ledger.start_row, ", ", ledger.start_row + ledger.row_count, ")");
}

// An unfinished file is continued only with the same bytes and the same range.
absl::Status CheckSameFile(const std::string& output, const Ledger& found, const Ledger& wanted) {
  const std::string advice = "; remove it, choose another --output, or start over with --fresh";
  const std::string mismatch = client::DescribeMismatch(wanted.header, found.header);
  if (!mismatch.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("'", PartialOf(output), "' holds rows of another stream: ", mismatch, advice));
  }
  if (found.header.data_type() != wanted.header.data_type()) {
    return absl::FailedPreconditionError(
        absl::StrCat("'", PartialOf(output), "' holds rows of data type ",
                     v1::DataType_Name(found.header.data_type()), "; expected ",
                     v1::DataType_Name(wanted.header.data_type()), advice));
  }
  if (found.start_row == wanted.start_row && found.row_count == wanted.row_count) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat("'", PartialOf(output), "' is for rows ",
                                                    RangeText(found), "; expected rows ",
                                                    RangeText(wanted), advice));
}

}  // namespace

absl::StatusOr<std::optional<Ledger>> ReadLedgerOf(const std::string& output) {
  const std::string path = LedgerOf(output);
  const absl::StatusOr<std::string> text = ReadFile(path, kMaxLedgerBytes);
  if (absl::IsNotFound(text.status())) return std::optional<Ledger>();
  RETURN_IF_ERROR(text.status());
  absl::StatusOr<Ledger> ledger = ParseLedger(*text, absl::StrCat("'", path, "'"));
  if (ledger.ok()) return std::optional<Ledger>(*std::move(ledger));
  return absl::InvalidArgumentError(
      absl::StrCat(ledger.status().message(), "; start over with --fresh"));
}

absl::Status RemovePartial(const std::string& output) {
  ASSIGN_OR_RETURN(const std::vector<std::string> paths, OutputPaths(output));
  std::vector<PartFile> parts;
  for (const std::string& path : paths) {
    if (!PathExists(PartialOf(path))) continue;
    ASSIGN_OR_RETURN(parts.emplace_back(), PartFile::OpenLocked(PartialOf(path)));
  }
  // Without a ledger the rest means nothing, so it goes first.
  RETURN_IF_ERROR(RemoveAll(LedgerOf(output)));
  for (const PartFile& part : parts) RETURN_IF_ERROR(RemoveAll(part.path()));
  return absl::OkStatus();
}

RowFile::RowFile(RowFileOptions options, OutputLayout layout)
    : options_(std::move(options)), layout_(std::move(layout)), ledger_(options_.wanted) {
  ledger_.done = RowRanges();
  ledger_.row_checksum_sum = 0;
}

absl::StatusOr<RowFile> RowFile::Open(RowFileOptions options) {
  const Ledger& wanted = options.wanted;
  ASSIGN_OR_RETURN(OutputLayout layout,
                   LayoutFor(options.output, wanted.row_count, wanted.header.feature_dimension(),
                             options.metadata));
  RowFile file(std::move(options), std::move(layout));
  ASSIGN_OR_RETURN(const std::optional<Ledger> found, ReadLedgerOf(file.options_.output));
  if (found) {
    RETURN_IF_ERROR(CheckSameFile(file.options_.output, *found, file.options_.wanted));
    file.ledger_ = *found;
  }
  RETURN_IF_ERROR(file.OpenParts());
  ASSIGN_OR_RETURN(const bool are_whole, file.PartsAreWhole());
  if (!are_whole) RETURN_IF_ERROR(file.BeginAnew());
  RETURN_IF_ERROR(file.WriteHeaders());
  RETURN_IF_ERROR(file.Sync());
  return file;
}

absl::Status RowFile::OpenParts() {
  for (const OutputLayout::File& file : layout_.files) {
    const std::string partial = PartialOf(file.path);
    const bool has_final_name = ledger_.complete() && !PathExists(partial) && PathExists(file.path);
    finished_.push_back(has_final_name);
    ASSIGN_OR_RETURN(PartFile part, has_final_name ? PartFile::OpenFinished(file.path)
                                                   : PartFile::OpenLocked(partial));
    parts_.push_back(std::move(part));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> RowFile::PartsAreWhole() const {
  for (size_t i = 0; i < parts_.size(); ++i) {
    ASSIGN_OR_RETURN(const int64_t size, parts_[i].Size());
    if (size != layout_.files[i].size_bytes) return false;
  }
  return true;
}

absl::Status RowFile::BeginAnew() {
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (!finished_[i]) continue;
    ASSIGN_OR_RETURN(parts_[i], PartFile::OpenLocked(PartialOf(layout_.files[i].path)));
    finished_[i] = false;
  }
  // The ledger first: it must not speak of rows that are gone.
  ledger_.done = RowRanges();
  ledger_.row_checksum_sum = 0;
  RETURN_IF_ERROR(WriteFileAtomically(LedgerOf(options_.output), SerializeLedger(ledger_)));
  for (size_t i = 0; i < parts_.size(); ++i) {
    RETURN_IF_ERROR(parts_[i].Resize(0));
    RETURN_IF_ERROR(parts_[i].Resize(layout_.files[i].size_bytes));
  }
  return absl::OkStatus();
}

absl::Status RowFile::WriteHeaders() {
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (!finished_[i]) RETURN_IF_ERROR(parts_[i].WriteAt(0, layout_.files[i].header));
  }
  return absl::OkStatus();
}

std::vector<std::pair<int64_t, int64_t>> RowFile::Missing() const {
  return ledger_.done.Missing(ledger_.start_row, ledger_.start_row + ledger_.row_count);
}

absl::Status RowFile::Write(const RowBlock& block) {
  const auto count = static_cast<int64_t>(block.class_indices.size());
  const int64_t first = block.start_row - ledger_.start_row;
  if (first < 0 || count > ledger_.row_count - first) {
    return absl::OutOfRangeError(absl::StrCat("rows [", block.start_row, ", ",
                                              block.start_row + count, ") are not in the file's ",
                                              RangeText(ledger_)));
  }
  rows_.resize(block.class_indices.size());
  std::iota(rows_.begin(), rows_.end(), block.start_row);
  labels_.assign(block.class_indices.begin(), block.class_indices.end());
  const auto features = BytesOf(block.features.data(), block.features.size() * sizeof(float));
  const int64_t row_bytes = int64_t{ledger_.header.feature_dimension()} * int64_t{sizeof(float)};
  RETURN_IF_ERROR(
      parts_[layout_.features_file].WriteAt(layout_.features_offset + first * row_bytes, features));
  RETURN_IF_ERROR(parts_[layout_.labels_file].WriteAt(
      layout_.labels_offset + first * int64_t{sizeof(int64_t)},
      BytesOf(labels_.data(), labels_.size() * sizeof(int64_t))));
  RETURN_IF_ERROR(ledger_.done.Add(block.start_row, block.start_row + count));
  ledger_.row_checksum_sum += RowChecksumSum(rows_, block.class_indices, features);
  if (absl::Now() - last_sync_ < options_.sync_interval) return absl::OkStatus();
  return Sync();
}

absl::Status RowFile::Sync() {
  for (size_t i = 0; i < parts_.size(); ++i) {
    if (!finished_[i]) RETURN_IF_ERROR(parts_[i].Sync());
  }
  RETURN_IF_ERROR(WriteFileAtomically(LedgerOf(options_.output), SerializeLedger(ledger_)));
  last_sync_ = absl::Now();
  return absl::OkStatus();
}

absl::StatusOr<RowFile::Finished> RowFile::ReadBack(RowsChecked rows_checked) const {
  const auto dim = static_cast<size_t>(ledger_.header.feature_dimension());
  const auto row_bytes = static_cast<int64_t>(dim * sizeof(float));
  Sha256 hash;
  uint64_t sum = 0;
  std::vector<int64_t> rows, labels;
  std::string features;
  for (int64_t first = 0; first < ledger_.row_count; first += kReadBackRows) {
    const int64_t count = std::min(kReadBackRows, ledger_.row_count - first);
    rows.resize(static_cast<size_t>(count));
    labels.resize(static_cast<size_t>(count));
    features.resize(static_cast<size_t>(count * row_bytes));
    RETURN_IF_ERROR(parts_[layout_.features_file].ReadAt(
        layout_.features_offset + first * row_bytes, count * row_bytes, features.data()));
    RETURN_IF_ERROR(parts_[layout_.labels_file].ReadAt(
        layout_.labels_offset + first * int64_t{sizeof(int64_t)}, count * int64_t{sizeof(int64_t)},
        reinterpret_cast<char*>(labels.data())));
    std::iota(rows.begin(), rows.end(), ledger_.start_row + first);
    const std::vector<int32_t> class_indices(labels.begin(), labels.end());
    hash.Update(features);
    sum += RowChecksumSum(rows, class_indices, features);
    RETURN_IF_ERROR(rows_checked(first + count));
  }
  if (sum == ledger_.row_checksum_sum) {
    return Finished{.features_sha256 = hash.Finish(), .row_checksum_sum = sum};
  }
  return absl::DataLossError(
      absl::StrCat("'", parts_[layout_.features_file].path(),
                   "' has row checksums that add up to 0x", absl::Hex(sum, absl::kZeroPad16),
                   "; expected 0x", absl::Hex(ledger_.row_checksum_sum, absl::kZeroPad16),
                   ": the disk does not hold what was written; start over with --fresh"));
}

absl::Status RowFile::GiveFinalNames() {
  for (size_t i = 0; i < parts_.size(); ++i) {
    const std::string& path = layout_.files[i].path;
    if (!finished_[i] && rename(PartialOf(path).c_str(), path.c_str()) != 0) {
      return ErrnoStatus(errno, absl::StrCat("cannot give '", PartialOf(path), "' its final name"));
    }
    finished_[i] = true;
  }
  RETURN_IF_ERROR(SyncPath(FolderOf(options_.output)));
  return RemoveAll(LedgerOf(options_.output));
}

absl::StatusOr<RowFile::Finished> RowFile::Finish(RowsChecked rows_checked) {
  if (!ledger_.complete()) {
    return absl::InternalError(absl::StrCat("only ", row_count(), " of ", ledger_.row_count,
                                            " rows are in '", options_.output, "'"));
  }
  RETURN_IF_ERROR(Sync());
  ASSIGN_OR_RETURN(const Finished finished, ReadBack(rows_checked));
  RETURN_IF_ERROR(GiveFinalNames());
  return finished;
}

}  // namespace tailcast::generate
