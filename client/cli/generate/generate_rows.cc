#include "client/cli/generate/generate_rows.h"

#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/cli/generate/row_file.h"
#include "core/base/status_macros.h"
#include "core/contract/address.h"
#include "core/contract/plan.h"
#include "proto/convert/contract_proto.h"
#include "proto/convert/resource_names.h"

namespace tailcast::generate {
namespace {

Metadata MetadataOf(const v1::GenerateHeader& header, int64_t start_row) {
  Metadata metadata = {
      {"address", AddressText(*DigestFromBytes(header.address()))},
      {"recipe", absl::BytesToHexString(header.recipe_digest())},
      {"start_row", absl::StrCat(start_row)},
      {"bundle", ReferenceText(header.stream().bundle())},
      {"bundle_digest", absl::BytesToHexString(header.stream().bundle_digest())},
      {"feature_space_digest", absl::BytesToHexString(header.feature_space_digest())}};
  // Features that were rounded on the wire are not the bytes that the address names.
  if (header.data_type() != v1::DATA_TYPE_FLOAT32) {
    metadata["rounded_to"] = v1::DataType_Name(header.data_type());
  }
  return metadata;
}

absl::Status FillMissing(RowSource& source, RowFile& file, const FileJob& job,
                         training::ProgressSink& progress) {
  for (const auto& [begin, end] : file.Missing()) {
    RETURN_IF_ERROR(source.Read(begin, end, [&](const RowBlock& block) -> absl::Status {
      RETURN_IF_ERROR(file.Write(block));
      progress.Advance(file.row_count(), {});
      return job.stop_requested() ? absl::CancelledError("interrupted") : absl::OkStatus();
    }));
  }
  return absl::OkStatus();
}

// The failure, with what is kept of the work.
absl::Status KeepPartial(const absl::Status& failure, RowFile& file, const FileJob& job,
                         int64_t row_count) {
  const absl::Status synced = file.Sync();
  const std::string advice = synced.ok()
                                 ? "the same command goes on from there"
                                 : absl::StrCat("their ledger is an older one: ", synced.message());
  return absl::Status(failure.code(),
                      absl::StrCat(failure.message(), "; ", file.row_count(), " of ", row_count,
                                   " rows are in '", job.output, ".partial', ", advice));
}

}  // namespace

absl::StatusOr<RowRangeChoice> ResolveRange(const v1::GenerateHeader& header,
                                            const RowRangeChoice& choice) {
  ASSIGN_OR_RETURN(const Plan plan, Plan::Create(FromProto(header.stream().plan())));
  RowRangeChoice range = choice;
  if (!range.row_count) range.row_count = plan.period() - range.start_row % plan.period();
  if (range.start_row < plan.end_row() && *range.row_count <= plan.end_row() - range.start_row) {
    return range;
  }
  return absl::OutOfRangeError(absl::StrCat(*range.row_count, " rows from row ", range.start_row,
                                            " on pass the end of the plan; expected rows below ",
                                            plan.end_row()));
}

absl::StatusOr<FileResult> GenerateToFile(const FileJob& job, OpenSource open_source,
                                          training::ProgressSink& progress) {
  if (job.fresh) RETURN_IF_ERROR(RemovePartial(job.output));
  ASSIGN_OR_RETURN(const std::optional<Ledger> found, ReadLedgerOf(job.output));
  std::optional<v1::GenerateHeader> pinned;
  if (found && found->request == job.request) pinned = found->header;
  ASSIGN_OR_RETURN(const std::unique_ptr<RowSource> source, open_source(pinned));
  if (job.stop_requested()) return absl::CancelledError("interrupted");  // no file was begun
  const v1::GenerateHeader& header = source->header();
  ASSIGN_OR_RETURN(const RowRangeChoice range, ResolveRange(header, job.range));

  RowFileOptions options;
  options.output = job.output;
  options.metadata = MetadataOf(header, range.start_row);
  options.wanted.request = job.request;
  options.wanted.header = header;
  options.wanted.start_row = range.start_row;
  options.wanted.row_count = *range.row_count;
  ASSIGN_OR_RETURN(RowFile file, RowFile::Open(std::move(options)));
  FileResult result{.header = header,
                    .start_row = range.start_row,
                    .row_count = *range.row_count,
                    .resumed_rows = file.row_count()};
  progress.Begin("generate", "rows", file.row_count(), *range.row_count);
  const absl::Status filled = FillMissing(*source, file, job, progress);
  if (!filled.ok()) return KeepPartial(filled, file, job, *range.row_count);
  progress.End();
  progress.Begin("check the file", "rows", 0, *range.row_count);
  const absl::StatusOr<RowFile::Finished> finished = file.Finish([&](int64_t rows) {
    progress.Advance(rows, {});
    return job.stop_requested() ? absl::CancelledError("interrupted") : absl::OkStatus();
  });
  if (absl::IsCancelled(finished.status())) {
    return KeepPartial(finished.status(), file, job, *range.row_count);
  }
  RETURN_IF_ERROR(finished.status());
  progress.End();
  result.features_sha256 = finished->features_sha256;
  result.row_checksum_sum = finished->row_checksum_sum;
  return result;
}

}  // namespace tailcast::generate
